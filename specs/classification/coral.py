"""CORAL loss for ordered classes: is the rank above 0, above 1, ... (Cao et al., 2020).

There is one logit fewer than ranks, any numbers; logit ``k`` says whether the rank exceeds ``k``.
The unreduced loss is the sum of these binary cross-entropies, and the mean is over the number of
samples, NaN of none.
"""

from sympy import Piecewise, Rational, log

from lossgen import Loss, Position, sigmoid, sum_over, tensor, weight

x = tensor("input", "n k", batch="n", doc="Logits, one for each rank but the last.")
t = tensor("target", "n", batch="n", doc="The rank of each sample, from 0.")
w = weight("weight", "k", doc="One weight a question.")

above, below = -log(sigmoid(x)), -log(1 - sigmoid(x))
answer = Piecewise((above, t > Position("k") + Rational(1, 2)), (below, True))

coral_loss = Loss("CoralLoss", sum_over(w * answer, "k"))
