"""Focal loss on the softmax of logits: what is easy already counts less (Lin et al., 2017).

The mean is over the number of samples, whatever the weights, NaN of none. With ``gamma`` 0 it is
the cross-entropy.

- ``mindspore.nn.FocalLoss``: averages over what follows the classes first; with one-hot targets its
  mean is over the classes, too.
- ``keras.losses.CategoricalFocalCrossentropy``: with ``from_logits=True``; a quarter, as each class
  has weight 0.25; has no slope within 1e-7 of 0 and 1; takes the target first, as probabilities,
  and the classes last.
"""

from sympy import Ne, Rational, log

from lossgen import (
    Case,
    Loss,
    Position,
    at,
    dialect,
    label,
    logsumexp,
    masked,
    parameter,
    sigmoid,
    softmax,
    sum_over,
    tensor,
    weight,
)

x = tensor("input", "n c ...", batch="n", doc="Logits, classes at position 1, or alone.")
y = label("target", "n ...", classes="c", batch="n", doc="Labels, or probabilities as `input` has.")
q = tensor("target", "n c ...", batch="n")
w = weight("weight", "c", doc="One weight a class.")
gamma = parameter("gamma", 2.0, lower=0.0, doc="How fast easy samples fade.")

nll = logsumexp(x, "c") - x
focal = (1 - softmax(x, "c")) ** gamma * nll
by_class = sum_over(w * q * focal, "c")
lead = at(x, c=y) - logsumexp(masked(x, Ne(Position("c"), y)), "c")
p = sigmoid(lead)  # the label against all other classes

softmax_focal_loss = Loss(
    "SoftmaxFocalLoss",
    (
        Case(-at(w, c=y) * (1 - p) ** gamma * log(p), name="labels"),
        Case(by_class, name="probabilities"),
    ),
    dialects={
        "keras": dialect(factor=Rational(1, 4), weighs=False),
    },
)
