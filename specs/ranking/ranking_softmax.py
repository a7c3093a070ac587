"""Ranking softmax loss: the probability of each item of a list, by relevance (Xia et al., 2008).

The cross-entropy between the relevances, which need not sum to 1, and the softmax of the scores.
Scores and relevances are any numbers. Items whose ``where`` is 0 are left out, and so are lists
without any item. The mean is over the number of lists that are left, NaN of none.

- ``optax.losses.ranking_softmax_loss``: its mean over none is 0.
"""

from sympy import Max, Piecewise

from lossgen import Loss, dialect, indicator, logsumexp, masked, max_over, sum_over, tensor, weight

x = tensor("input", "n i", batch="n", doc="Scores, one row a list.")
t = tensor("target", "n i", batch="n", doc="Relevances of the items, in the shape of `input`.")
w = weight("weights", "n i", doc="Weights of the items, in the shape of `input`.")
where = weight(
    "where", "n i", doc="1 for items that count, 0 for padding, in the shape of `input`."
)

score = masked(x, where > 0)
nll = logsumexp(score, "i") - score
listed = max_over(where, "i") > 0

ranking_softmax_loss = Loss(
    "RankingSoftmaxLoss",
    sum_over(Piecewise((w * t * nll, where > 0), (0, True)), "i"),
    valid=listed,
    dialects={"optax": dialect(denominator=Max(1, sum_over(indicator(listed), "n")))},
)
