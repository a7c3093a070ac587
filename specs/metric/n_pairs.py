"""N-pairs loss: an anchor's own positive against the positives of the others (Sohn, 2016).

The i-th anchor and the i-th positive are of one class, and no two pairs of the same. Closeness is
the scalar product; ``l2`` keeps the vectors short. Vectors are any numbers. The mean is over the
pairs, NaN of none.
"""

from lossgen import Loss, at, logsumexp, parameter, sum_over, tensor

anchor = tensor("anchor", "i d", doc="One vector a class.")
positive = tensor("positive", "i d", doc="Another vector of each class, in the same order.")
l2 = parameter("l2", 0.0, lower=0.0, doc="How much the mean of the squared lengths counts.")

similarity = sum_over(anchor * positive.at("j d"), "d")
nll = at(logsumexp(similarity, "j") - similarity, j="i")
squared_lengths = sum_over(anchor**2, "d") + sum_over(positive**2, "d")

n_pairs_loss = Loss("NPairsLoss", nll + l2 * squared_lengths / 2)
