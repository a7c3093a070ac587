"""Binary cross-entropy between probabilities, with logarithms clamped at -100 (Good, 1952).

``weight`` multiplies each entry; the mean is over the number of entries, NaN of none. The gradient
by ``input`` divides by no less than 1e-12, and that by ``target`` knows no clamp, as in
``torch.nn.BCELoss``.

- ``mindspore.nn.BCELoss``: equal.
- ``keras.losses.BinaryCrossentropy``: clips probabilities at 1e-7 from 0 and 1, where it has no
  slope; averages the last axis first; takes the target first.
"""

from sympy import Max, Min, Piecewise, Rational, log

from lossgen import Loss, dialect, tensor, weight, with_slope

x = tensor("input", lower=0.0, upper=1.0, doc="Probabilities of any shape.")
t = tensor("target", doc="Probabilities that should have been predicted, as `input`.")
w = weight("weight", broadcast=True, doc="Weights that broadcast to the shape of `input`.")


def cross_entropy(p):
    """Return the cross-entropy of probabilities."""
    return -(t * Max(log(p), -100) + (1 - t) * Max(log(1 - p), -100))


by_input = (x - t) / Max(x * (1 - x), 1e-12)
low, high = log(1 + (1 - 2 * x) / x), -log(1 + (2 * x - 1) / (1 - x))
by_target = Piecewise((low, x <= Rational(1, 2)), (high, True))  # exact also beside 1/2
clamped = with_slope(cross_entropy(x), x, by_input) + with_slope(0, t, by_target)
clipped = Min(Max(x, 1e-7), 1 - 1e-7)

bce_loss = Loss(
    "BCELoss",
    w * clamped,
    function="binary_cross_entropy",
    signature=(w, "reduction"),
    dialects={
        "keras": dialect(instead={clamped: cross_entropy(clipped)}, mean_over=-1, weighs=False)
    },
)
