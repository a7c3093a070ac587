"""ListNet: cross-entropy between the top-one probabilities of two scorings (Cao et al., 2007).

The probability of an item to be the first is the softmax of its score, or of its relevance. Scores
and relevances are any numbers. The mean is over the number of lists, NaN of none.

- ``optax.losses.ranking_softmax_loss``: takes the relevances as they are, not their softmax.
"""

from lossgen import Loss, logsumexp, softmax, sum_over, tensor

x = tensor("input", "n i", batch="n", doc="Scores, one row a list.")
t = tensor("target", "n i", batch="n", doc="Relevances of the items, in the shape of `input`.")

nll = logsumexp(x, "i") - x

listnet_loss = Loss("ListNetLoss", sum_over(softmax(t, "i") * nll, "i"), function="listnet_loss")
