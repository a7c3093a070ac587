"""Hinge loss: a score on the right side by less than 1 costs (Cortes and Vapnik, 1995).

Scores are any numbers. The mean is over the number of entries, NaN of none. At the hinge the slope
is 0.

- ``optax.losses.hinge_loss``: equal, unreduced; half the slope at the hinge.
- ``keras.losses.Hinge``: takes labels of 0 for -1; averages the last axis first; takes the target
  first.
- ``chainer.functions.hinge``: takes the number of the class that has label 1, the others having -1;
  divides by the number of samples.
"""

from sympy import Eq, Max, Piecewise

from lossgen import Loss, dialect, tensor

x = tensor("input", doc="Scores of any shape.")
t = tensor("target", doc="-1 or 1 for each score, in the shape of `input`.")

hinge_loss = Loss(
    "HingeLoss",
    Max(0, 1 - t * x),
    dialects={
        "chainer": dialect(by_sample=True),
        "keras": dialect(
            instead={t: Piecewise((-1, Eq(t, 0)), (t, True))}, mean_over=-1, weighs=False
        ),
    },
)
