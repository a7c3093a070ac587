"""KTO: good answers gain likelihood and bad ones lose it, unpaired (Ethayarajh et al., 2024).

Inputs are log-probabilities of whole answers, any numbers. ``divergence`` is the mean by which the
model departs from the reference; it has no gradient. The mean is over the answers, and NaN without
any.
"""

from sympy import Eq, Piecewise

from lossgen import Loss, parameter, sigmoid, stop_gradient, tensor

x = tensor("input", doc="The model's log-probabilities.")
reference = tensor("reference", doc="The reference's log-probabilities.")
t = tensor("target", doc="1 for a good answer, 0 for a bad one.")
beta = parameter("beta", 0.1, positive=True, doc="How close to stay to the reference.")
good_weight = parameter("good_weight", 1.0, lower=0.0, doc="How much good answers count.")
bad_weight = parameter("bad_weight", 1.0, lower=0.0, doc="How much bad answers count.")
divergence = parameter("divergence", 0.0, lower=0.0, doc="The gain that an answer has anyway.")

gain = beta * (x - reference - stop_gradient(divergence))
good = good_weight * sigmoid(-gain)
bad = bad_weight * sigmoid(gain)

kto_loss = Loss("KTOLoss", Piecewise((good, Eq(t, 1)), (bad, True)))
