"""Negative log-likelihood of class labels, given log-probabilities (Fisher, 1922).

The mean is over the sum of the weights of the labels that count, NaN of none.

- ``mindspore.nn.NLLLoss``: equal.
"""

from sympy import Ne

from lossgen import Loss, at, label, parameter, sum_over, tensor, weight

x = tensor("input", "n c ...", batch="n", doc="Log-probabilities, classes at position 1, or alone.")
y = label("target", "n ...", classes="c", batch="n", doc="The classes that were observed.")
w = weight("weight", "c", doc="One weight a class.")
ignored = parameter("ignore_index", -100, doc="Labels of this value do not count.")

label_weight = at(w, c=y)

nll_loss = Loss(
    "NLLLoss",
    -label_weight * at(x, c=y),
    signature=(w, ignored, "reduction"),
    valid=Ne(y, ignored),
    denominator=sum_over(label_weight, "n ..."),
)
