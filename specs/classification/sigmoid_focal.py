"""Focal loss on the sigmoid of logits: what is easy already counts less (Lin et al., 2017).

With ``alpha`` the positive class has weight ``alpha`` and the other one ``1 - alpha``. The mean is
over the number of entries, NaN of none. For targets between 0 and 1 both built-ins fade by the mean
of the two probabilities, each class here by its own.

- ``optax.losses.sigmoid_focal_loss``: equal, unreduced.
- ``keras.losses.BinaryFocalCrossentropy``: with ``from_logits=True``; averages the last axis first;
  has no slope within 1e-7 of 0 and 1; takes the target first, and ``alpha`` only if told to
  balance.
"""

from sympy import log

from lossgen import Case, Loss, absent, dialect, parameter, sigmoid, tensor

x = tensor("input", doc="Logits of any shape.")
t = tensor("target", doc="Probabilities in the shape of `input`.")
alpha = parameter("alpha", None, lower=0.0, upper=1.0, doc="Weight of the positive class.")
gamma = parameter("gamma", 2.0, lower=0.0, doc="How fast easy entries fade.")

p = sigmoid(x)
positive = -((1 - p) ** gamma) * log(p)
negative = -(p**gamma) * log(1 - p)

sigmoid_focal_loss = Loss(
    "SigmoidFocalLoss",
    (
        Case(t * positive + (1 - t) * negative, when=absent(alpha), name="plain"),
        Case(alpha * t * positive + (1 - alpha) * (1 - t) * negative, name="balanced"),
    ),
    dialects={"keras": dialect(mean_over=-1, weighs=False)},
)
