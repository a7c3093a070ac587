"""Perceptron loss: a score on the wrong side costs its size (Rosenblatt, 1958).

Scores are any numbers. The mean is over the number of entries, NaN of none. At 0 the slope is 0.

- ``optax.losses.perceptron_loss``: equal, unreduced; half the slope at 0.
"""

from sympy import Max

from lossgen import Loss, tensor

x = tensor("input", doc="Scores of any shape.")
t = tensor("target", doc="-1 or 1 for each score, in the shape of `input`.")

perceptron_loss = Loss("PerceptronLoss", Max(0, -t * x))
