"""Squared hinge loss: what a score lacks to the margin of 1, squared (Lee and Mangasarian, 2001).

Scores are any numbers. The mean is over the number of entries, NaN of none. At the hinge the loss
is smooth; its second derivative there is 0.

- ``keras.losses.SquaredHinge``: takes labels of 0 for -1; averages the last axis first; takes the
  target first.
- ``chainer.functions.hinge``: with ``norm="L2"``; takes the number of the class that has label 1,
  the others having -1; divides by the number of samples.
"""

from sympy import Eq, Max, Piecewise

from lossgen import Loss, dialect, tensor

x = tensor("input", doc="Scores of any shape.")
t = tensor("target", doc="-1 or 1 for each score, in the shape of `input`.")

squared_hinge_loss = Loss(
    "SquaredHingeLoss",
    Max(0, 1 - t * x) ** 2,
    dialects={
        "chainer": dialect(by_sample=True),
        "keras": dialect(
            instead={t: Piecewise((-1, Eq(t, 0)), (t, True))}, mean_over=-1, weighs=False
        ),
    },
)
