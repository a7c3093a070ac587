"""VICReg: two views agree, and features neither collapse nor repeat (Bardes et al., 2022).

Three parts, as in the authors' code: the mean squared difference of the views; what the standard
deviation of each feature lacks of 1, averaged over features and views; and the squared covariances
of different features, divided by the number of features. Inputs are any numbers. Variances and
covariances divide by the samples less one, and are 0 for a batch of one; without samples the loss
is NaN. The slope at the hinge is 0.
"""

from sympy import Max, Ne, sqrt

from lossgen import Loss, Position, Size, indicator, mean_over, parameter, ratio, sum_over, tensor

x1 = tensor("input1", "n i", doc="Features of the first view.")
x2 = tensor("input2", "n i", doc="Features of the second view, in the shape of `input1`.")
sim_weight = parameter("sim_weight", 25.0, lower=0.0, doc="How much the difference counts.")
std_weight = parameter("std_weight", 25.0, lower=0.0, doc="How much the deviations count.")
cov_weight = parameter("cov_weight", 1.0, lower=0.0, doc="How much the covariances count.")
eps = parameter("eps", 1e-4, positive=True, doc="Added to each variance.")


def collapse(x):
    """Return what the deviation of each feature lacks of 1."""
    variance = ratio(sum_over((x - mean_over(x, "n")) ** 2, "n"), Size("n") - 1)
    return mean_over(Max(0, 1 - sqrt(variance + eps)), "i")


def redundancy(x):
    """Return the squared covariances of different features, divided by the features."""
    offset, other = x - mean_over(x, "n"), x.at("n j") - mean_over(x.at("n j"), "n")
    covariance = ratio(sum_over(offset * other, "n"), Size("n") - 1)
    different = indicator(Ne(Position("i"), Position("j")))
    return sum_over(different * covariance**2, "i j") / Size("i")


vicreg_loss = Loss(
    "VICRegLoss",
    {
        "invariance": sim_weight * mean_over((x1 - x2) ** 2, "n i"),
        "variance": std_weight * (collapse(x1) + collapse(x2)) / 2,
        "covariance": cov_weight * (redundancy(x1) + redundancy(x2)),
    },
    function="vicreg_loss",
)
