"""Cross-entropy between logits and class labels, or class probabilities (Good, 1952).

With labels the mean is over the sum of the weights of the labels that count, NaN of none; with
probabilities it is over the number of samples. Label smoothing after Szegedy et al. (2016).

- ``mindspore.nn.CrossEntropyLoss``: equal.
- ``mindspore.nn.SoftmaxCrossEntropyWithLogits``: equal, with ``sparse=True`` of labels; does not
  reduce unless told to.
- ``chainer.functions.softmax_cross_entropy``: ignores -1; divides by the number of labels that
  count, whatever their weights; its mean over none is 0.
- ``keras.losses.SparseCategoricalCrossentropy``: with ``from_logits=True``; divides by the number
  of labels that count; its mean over none is 0; takes the target first, and the classes last.
- ``keras.losses.CategoricalCrossentropy``: with ``from_logits=True`` equal; takes the target first,
  and the classes last.
- ``optax.losses.softmax_cross_entropy_with_integer_labels``,
  ``optax.losses.softmax_cross_entropy``, ``optax.losses.safe_softmax_cross_entropy``: equal,
  unreduced, with the classes last; ignore no label.
"""

from sympy import Eq, Max, Ne

from lossgen import (
    Case,
    Loss,
    Size,
    at,
    dialect,
    indicator,
    label,
    logsumexp,
    parameter,
    sum_over,
    tensor,
    weight,
)

x = tensor("input", "n c ...", batch="n", doc="Logits, classes at position 1, or alone.")
y = label("target", "n ...", classes="c", batch="n", doc="Labels, or probabilities as `input` has.")
q = tensor("target", "n c ...", batch="n")
w = weight("weight", "c", doc="One weight a class.")
ignored = parameter("ignore_index", -100, doc="Labels of this value do not count.")
smoothing = parameter(
    "label_smoothing", 0.0, lower=0.0, upper=1.0, doc="How much of each target is spread evenly."
)

nll = logsumexp(x, "c") - x
label_weight = at(w, c=y)
hard = label_weight * at(nll, c=y)
spread = sum_over(w * nll, "c") / Size("c")
smoothed = (1 - smoothing) * q + smoothing / Size("c")
count = sum_over(indicator(Ne(y, ignored)), "n ...")
labels = {"valid": Ne(y, ignored), "denominator": sum_over(label_weight, "n ...")}

cross_entropy_loss = Loss(
    "CrossEntropyLoss",
    (
        Case(hard, when=Eq(smoothing, 0), name="labels", **labels),
        Case((1 - smoothing) * hard + smoothing * spread, name="smoothed_labels", **labels),
        Case(sum_over(w * smoothed * nll, "c"), name="probabilities"),
    ),
    function="cross_entropy",
    signature=(w, ignored, "reduction", smoothing),
    dialects={
        "chainer": dialect(ignore_index=-1, denominator=Max(1, count)),
        "keras": dialect(denominator=Max(1, count), weighs=False),
    },
)
