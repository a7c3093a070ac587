"""Maximum mean discrepancy of two samples under a Gaussian kernel, squared (Gretton et al., 2012).

The mean similarities within both samples, less twice that between them, where each vector has the
similarity 1 to itself. Vectors are any numbers. The loss is one number, at least 0, and NaN where a
sample is empty.
"""

from sympy import Ne, Piecewise, exp

from lossgen import Loss, Position, mean_over, parameter, sum_over, tensor

x = tensor("input", "i d", doc="Vectors of one sample.")
t = tensor("target", "j d", doc="Vectors of the other, any number of them.")
bandwidth = parameter("bandwidth", 1.0, positive=True, doc="The distance at which they are alike.")


def similarity(a, b):
    return exp(-sum_over((a - b) ** 2, "d") / (2 * bandwidth**2))


def within(a, one, other):
    is_other = Ne(Position(one), Position(other))
    pair = Piecewise((similarity(a, a.at(f"{other} d")), is_other), (1, True))
    return mean_over(pair, f"{one} {other}")


between = mean_over(similarity(x, t), "i j")

mmd_loss = Loss("MMDLoss", within(x, "i", "k") + within(t, "j", "l") - 2 * between)
