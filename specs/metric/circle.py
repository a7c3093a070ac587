"""Circle loss: each similarity is weighted by its distance from its optimum (Sun et al., 2020).

Of the cosines of an anchor with others of its class, the optimum is 1 + margin and 1 - margin is
enough; of those with other classes, -margin and margin. Vectors are any numbers; a zero vector has
cosine 0 with everything. An anchor without the former or without the latter costs 0. The mean is
over the anchors, NaN of none. The weights have a gradient; with ``detach`` they have none, as in
the paper.

- ``keras.losses.Circle``: of vectors of length 1; the mean leaves out anchors without others of
  their class, or of another, and is 0 over none; takes the target first.
"""

from sympy import And, Eq, Max, Ne, exp, log

from lossgen import (
    Case,
    Loss,
    Position,
    cosine_similarity,
    dialect,
    indicator,
    label,
    logsumexp,
    masked,
    max_over,
    parameter,
    stop_gradient,
    sum_over,
    tensor,
)

x = tensor("input", "i d", doc="One vector a sample.")
y = label("target", "i", doc="The class of each sample, any integer.")
gamma = parameter("gamma", 80.0, positive=True, doc="Multiplies the weighted similarities.")
margin = parameter("margin", 0.4, lower=0.0, upper=1.0, doc="How far from its optimum is enough.")
detach = parameter("detach", False, doc="Whether the weights count as constants.")

cosine = cosine_similarity(x, x.at("j d"), "d")
other = Ne(y, y.at("j"))
same = And(Eq(y, y.at("j")), Ne(Position("i"), Position("j")))
paired = And(*(max_over(indicator(pair), "j") > 0 for pair in (same, other)))
too_low, too_high = Max(0, 1 + margin - cosine), Max(0, cosine + margin)


def circle(low, high):
    """Return the loss, given the weights of pairs of one class and of two."""
    pull = logsumexp(masked(gamma * low * (1 - margin - cosine), same), "j")
    push = logsumexp(masked(gamma * high * (cosine - margin), other), "j")
    return log(1 + exp(pull + push))


circle_loss = Loss(
    "CircleLoss",
    (
        Case(circle(stop_gradient(too_low), stop_gradient(too_high)), when=detach, name="detached"),
        Case(circle(too_low, too_high), name="through"),
    ),
    dialects={
        "keras": dialect(denominator=Max(1, sum_over(indicator(paired), "i")), weighs=False),
    },
)
