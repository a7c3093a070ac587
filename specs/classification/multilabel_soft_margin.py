"""Multilabel soft margin loss: binary cross-entropy of each class, averaged over the classes.

After Good (1952). Logits are any numbers, targets between 0 and 1. ``weight`` multiplies each
class, or each entry. The mean is over the number of samples, NaN of none.

- ``mindspore.nn.MultiLabelSoftMarginLoss``: equal.
"""

from sympy import log

from lossgen import Loss, mean_over, sigmoid, tensor, weight

x = tensor("input", "n c", batch="n", doc="One logit a class, for each sample or one alone.")
t = tensor("target", "n c", batch="n", doc="1 for the classes of a sample, else 0, as `input`.")
w = weight("weight", "n c", broadcast=True, doc="One weight a class, or an entry.")

log_likelihood = t * log(sigmoid(x)) + (1 - t) * log(1 - sigmoid(x))

multilabel_soft_margin_loss = Loss(
    "MultiLabelSoftMarginLoss",
    mean_over(-w * log_likelihood, "c"),
    function="multilabel_soft_margin_loss",
    signature=(w, "reduction"),
)
