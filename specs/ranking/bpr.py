"""Bayesian personalised ranking: what was chosen should score higher (Rendle et al., 2009).

The logistic loss of the difference of two scores. Scores are any numbers. The mean is over the
number of pairs, NaN of none.
"""

from sympy import log

from lossgen import Loss, sigmoid, tensor

positive = tensor("positive", doc="Scores of items that a user has chosen, of any shape.")
negative = tensor("negative", doc="Scores of others, in the shape of `positive`.")

bpr_loss = Loss("BPRLoss", -log(sigmoid(positive - negative)))
