"""Binary cross-entropy between logits and probabilities (Good, 1952).

``pos_weight`` multiplies the term of the positive class, ``weight`` the whole; the mean is over the
number of entries, NaN of none.

- ``mindspore.nn.BCEWithLogitsLoss``: equal; operation by operation, its gradient by the input
  divides a mean by the entries of the first call in a process.
- ``optax.losses.sigmoid_binary_cross_entropy``: equal, unreduced.
- ``keras.losses.BinaryCrossentropy``: with ``from_logits=True``; averages the last axis first;
  takes the target first.
- ``chainer.functions.sigmoid_cross_entropy``: leaves out targets of -1; its mean over none is 0.
- ``chainer.functions.bernoulli_nll``: equal; takes the target first, and sums by default.
"""

from sympy import Max, Ne, log

from lossgen import Loss, dialect, indicator, sigmoid, sum_over, tensor, weight

x = tensor("input", doc="Logits of any shape.")
t = tensor("target", doc="Probabilities in the shape of `input`.")
w = weight("weight", broadcast=True, doc="Weights that broadcast to the shape of `input`.")
pos_weight = weight("pos_weight", broadcast=True, doc="Weights of the positive class, likewise.")

positive = -log(sigmoid(x))
negative = -log(1 - sigmoid(x))
count = sum_over(indicator(Ne(t, -1)), "...")

bce_with_logits_loss = Loss(
    "BCEWithLogitsLoss",
    w * ((1 - t) * negative + pos_weight * t * positive),
    function="binary_cross_entropy_with_logits",
    signature=(w, "reduction", pos_weight),
    dialects={
        "chainer": dialect(valid=Ne(t, -1), denominator=Max(1, count)),
        "keras": dialect(mean_over=-1, weighs=False),
    },
)
