"""Focal loss on the softmax of logits: what is easy already counts less (Lin et al., 2017).

Targets are labels, or probabilities in the shape of the logits. The mean is over the number of
samples, whatever the weights. With ``gamma`` 0 it is the cross-entropy. MindSpore's ``FocalLoss``
is this, but with one-hot targets its mean is over the classes, too; Keras's
``CategoricalFocalCrossentropy(from_logits=True)`` has weights of 0.25, and clips probabilities at
1e-7, where the gradient vanishes.
"""

from sympy import Ne, log

from lossgen import (
    Case,
    Loss,
    Position,
    at,
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
lead = at(x, c=y) - logsumexp(masked(x, Ne(Position("c"), y)), "c")
p = sigmoid(lead)  # the label against all other classes

softmax_focal_loss = Loss(
    "SoftmaxFocalLoss",
    (
        Case(-at(w, c=y) * (1 - p) ** gamma * log(p), name="labels"),
        Case(sum_over(w * q * focal, "c"), name="probabilities"),
    ),
)
