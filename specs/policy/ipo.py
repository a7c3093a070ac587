"""IPO: the preferred answer gains a set likelihood over the rejected one (Azar et al., 2023).

Inputs are log-probabilities of whole answers, any numbers. The mean is over the pairs, and NaN
without any.
"""

from lossgen import Loss, parameter, tensor

chosen = tensor("chosen", doc="The model's of the preferred answers.")
rejected = tensor("rejected", doc="The model's of the other answers.")
reference_chosen = tensor("reference_chosen", doc="The reference's of the preferred answers.")
reference_rejected = tensor("reference_rejected", doc="The reference's of the other answers.")
tau = parameter("tau", 0.1, positive=True, doc="How close to stay to the reference.")

gain = (chosen - reference_chosen) - (rejected - reference_rejected)

ipo_loss = Loss("IPOLoss", (gain - 1 / (2 * tau)) ** 2)
