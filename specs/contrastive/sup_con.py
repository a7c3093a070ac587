"""Supervised contrastive loss: samples of one class attract each other (Khosla et al., 2020).

Each anchor costs the mean, over the others of its class, of their cross-entropy among all others;
without such others it costs 0. Vectors are any numbers; a zero vector has cosine 0 with everything.
The mean is over all anchors, NaN of none.
"""

from sympy import And, Eq, Ne

from lossgen import (
    Loss,
    Position,
    cosine_similarity,
    indicator,
    label,
    logsumexp,
    masked,
    parameter,
    ratio,
    sum_over,
    tensor,
)

x = tensor("input", "i d", doc="One vector a sample; two views of an image are two samples.")
y = label("target", "i", doc="The class of each sample, any integer.")
temperature = parameter("temperature", 0.07, positive=True, doc="Divides the similarities.")

other = Ne(Position("i"), Position("j"))
logit = masked(cosine_similarity(x, x.at("j d"), "d") / temperature, other)
nll = logsumexp(logit, "j") - logit
positive = indicator(And(other, Eq(y, y.at("j"))))

sup_con_loss = Loss("SupConLoss", ratio(sum_over(positive * nll, "j"), sum_over(positive, "j")))
