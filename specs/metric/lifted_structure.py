"""Lifted structure loss: each pair of one class against all that is near it (Song et al., 2016).

A pair costs half the squared positive part of its distance plus the log-sum-exp of ``margin`` minus
the distances of both to samples of other classes. Vectors are any numbers. The mean is over the
ordered pairs of one class, and NaN without any; without other classes the loss is 0. Coincident
vectors have distance 0 and slope 0.
"""

from sympy import And, Eq, Max, Ne, Piecewise, exp, log

from lossgen import (
    Loss,
    Position,
    indicator,
    label,
    logsumexp,
    masked,
    norm,
    parameter,
    sum_over,
    tensor,
)

x = tensor("input", "i d", doc="One vector a sample.")
y = label("target", "i", doc="The class of each sample, any integer.")
margin = parameter("margin", 1.0, doc="How far apart other classes should be.")

distance = norm(x - x.at("j d"), "d")
positive = indicator(And(Eq(y, y.at("j")), Ne(Position("i"), Position("j"))))
opponent = Ne(y, y.at("j"))
near_i = logsumexp(masked(margin - distance, opponent), "j")
near_j = logsumexp(masked(margin - distance, opponent), "i")
gap = Piecewise((near_j - near_i, sum_over(indicator(opponent), "j") > 0), (0, True))
near = near_i + log(1 + exp(gap))

lifted_structure_loss = Loss(
    "LiftedStructureLoss",
    sum_over(positive * Max(0, near + distance) ** 2 / 2, "j"),
    denominator=sum_over(positive, "i j"),
)
