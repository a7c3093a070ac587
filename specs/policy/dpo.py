"""DPO: the preferred answer gains more likelihood than the rejected one (Rafailov et al., 2023).

Inputs are log-probabilities of whole answers, any numbers. With ``label_smoothing`` that share of
the preferences is taken to be wrong (Mitchell, 2023). The mean is over the pairs, and NaN without
any.
"""

from sympy import log

from lossgen import Loss, parameter, sigmoid, tensor

chosen = tensor("chosen", doc="The model's of the preferred answers.")
rejected = tensor("rejected", doc="The model's of the other answers.")
reference_chosen = tensor("reference_chosen", doc="The reference's of the preferred answers.")
reference_rejected = tensor("reference_rejected", doc="The reference's of the other answers.")
beta = parameter("beta", 0.1, positive=True, doc="How close to stay to the reference.")
smoothing = parameter(
    "label_smoothing", 0.0, lower=0.0, upper=0.5, doc="The share of preferences that are wrong."
)

gain = (chosen - reference_chosen) - (rejected - reference_rejected)
p = sigmoid(beta * gain)

dpo_loss = Loss("DPOLoss", -(1 - smoothing) * log(p) - smoothing * log(1 - p))
