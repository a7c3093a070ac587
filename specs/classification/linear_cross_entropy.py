"""Linear layer and cross-entropy in one, without the logits of all samples at once.

Rows of features become logits some at a time, so that memory grows with the features and the layer
and not with samples times classes (Wijmans et al., 2024). The mean is that of `CrossEntropyLoss`:
with labels over the sum of the weights of those that count, with probabilities over the samples,
NaN of none. Features, weights and biases are any numbers; the loss has no kinks.
"""

from sympy import Eq, Ne

from lossgen import (
    Case,
    Loss,
    Size,
    at,
    label,
    linear,
    logsumexp,
    parameter,
    sum_over,
    tensor,
    weight,
)

x = tensor("input", "n d", batch="n", doc="Features, one row a sample, or of one sample.")
matrix, bias = linear(
    "linear",
    in_features="d",
    num_classes="c",
    doc="The layer's weight, one row a class.",
    bias_doc="The layer's bias, one number a class.",
)
y = label("target", "n", classes="c", batch="n", doc="Labels, or probabilities of the classes.")
q = tensor("target", "n c", batch="n")
w = weight("weight", "c", doc="One weight a class.")
ignored = parameter("ignore_index", None, none=-100, doc="Labels of this value do not count.")
smoothing = parameter(
    "label_smoothing", 0.0, lower=0.0, upper=1.0, doc="How much of each target is spread evenly."
)

logits = sum_over(x * matrix, "d") + bias
nll = logsumexp(logits, "c") - logits
label_weight = at(w, c=y)
hard = label_weight * at(nll, c=y)
spread = sum_over(w * nll, "c") / Size("c")
smoothed = (1 - smoothing) * q + smoothing / Size("c")
labels = {"valid": Ne(y, ignored), "denominator": sum_over(label_weight, "n")}

linear_cross_entropy_loss = Loss(
    "LinearCrossEntropyLoss",
    (
        Case(hard, when=Eq(smoothing, 0), name="labels", **labels),
        Case((1 - smoothing) * hard + smoothing * spread, name="smoothed_labels", **labels),
        Case(sum_over(w * smoothed * nll, "c"), name="probabilities"),
    ),
    function="linear_cross_entropy",
    signature=("*", bias, w, "reduction", ignored, smoothing),
    chunked={"n": "options"},
)
