"""Binary cross-entropy between probabilities, with logarithms clamped at -100.

``weight`` multiplies each entry; the mean is over the number of entries. The gradient by ``input``
divides by no less than 1e-12, and that by ``target`` knows no clamp, as in ``torch.nn.BCELoss``.
"""

from sympy import Max, log

from lossgen import Loss, tensor, weight, with_slope

x = tensor("input", lower=0.0, upper=1.0, doc="Probabilities of any shape.")
t = tensor("target", doc="Probabilities that should have been predicted, as `input`.")
w = weight("weight", broadcast=True, doc="Weights that broadcast to the shape of `input`.")

cross_entropy = -(t * Max(log(x), -100) + (1 - t) * Max(log(1 - x), -100))
by_input = (x - t) / Max(x * (1 - x), 1e-12)
by_target = log(1 - x) - log(x)

bce_loss = Loss(
    "BCELoss",
    w * (with_slope(cross_entropy, x, by_input) + with_slope(0, t, by_target)),
    function="binary_cross_entropy",
    signature=(w, "reduction"),
)
