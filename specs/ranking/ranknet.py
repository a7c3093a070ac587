"""RankNet: of two items of a list the more relevant one should score higher (Burges et al., 2005).

Scores and relevances are any numbers. Each ordered pair costs the logistic loss of the difference
of its scores; the unreduced loss is their mean in a list, 0 where all items are equally relevant,
and ``mean`` is over the number of lists, NaN of none.
"""

from sympy import exp, log

from lossgen import Loss, indicator, parameter, ratio, sum_over, tensor

x = tensor("input", "n i", batch="n", doc="Scores, one row a list.")
t = tensor("target", "n i", batch="n", doc="Relevances of the items, in the shape of `input`.")
sigma = parameter("sigma", 1.0, positive=True, doc="Multiplies the differences of scores.")

ordered = indicator(t > t.at("n j"))
pair = log(1 + exp(-sigma * (x - x.at("n j"))))

ranknet_loss = Loss(
    "RankNetLoss",
    ratio(sum_over(ordered * pair, "i j"), sum_over(ordered, "i j")),
    function="ranknet_loss",
)
