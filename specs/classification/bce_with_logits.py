"""Binary cross-entropy between logits and probabilities.

``pos_weight`` multiplies the term of the positive class, ``weight`` the whole; the mean is over the
number of entries.
"""

from sympy import log

from lossgen import Loss, sigmoid, tensor, weight

x = tensor("input", doc="Logits of any shape.")
t = tensor("target", doc="Probabilities in the shape of `input`.")
w = weight("weight", broadcast=True, doc="Weights that broadcast to the shape of `input`.")
pos_weight = weight("pos_weight", broadcast=True, doc="Weights of the positive class, likewise.")

positive = -log(sigmoid(x))
negative = -log(1 - sigmoid(x))

bce_with_logits_loss = Loss(
    "BCEWithLogitsLoss",
    w * ((1 - t) * negative + pos_weight * t * positive),
    function="binary_cross_entropy_with_logits",
    signature=(w, "reduction", pos_weight),
)
