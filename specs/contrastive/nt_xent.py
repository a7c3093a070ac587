"""NT-Xent: samples of one class attract each other against all of the others (Chen et al., 2020).

Each pair of one class costs the cross-entropy of its cosine among those of its anchor with samples
of other classes. For two views of n images, let `target` count 0 to n - 1 twice. Vectors are any
numbers; a zero vector has cosine 0 with everything. The mean is over the ordered pairs of one
class, and NaN without any; an anchor without any costs 0.

- ``optax.losses.ntxent``: equal.
"""

from sympy import And, Eq, Ne, exp, log

from lossgen import (
    Loss,
    Position,
    cosine_similarity,
    indicator,
    label,
    logsumexp,
    masked,
    parameter,
    sum_over,
    tensor,
)

x = tensor("input", "i d", doc="One vector a sample.")
y = label("target", "i", doc="The class of each sample, any integer.")
temperature = parameter("temperature", 0.07, positive=True, doc="Divides the similarities.")

logit = cosine_similarity(x, x.at("j d"), "d") / temperature
crowd = logsumexp(masked(logit, Ne(y, y.at("j"))), "j")
positive = indicator(And(Eq(y, y.at("j")), Ne(Position("i"), Position("j"))))

nt_xent_loss = Loss(
    "NTXentLoss",
    sum_over(positive * log(1 + exp(crowd - logit)), "j"),
    denominator=sum_over(positive, "i j"),
)
