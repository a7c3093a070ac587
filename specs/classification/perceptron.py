"""Perceptron loss: a score on the wrong side costs its size (Rosenblatt, 1958).

Labels are -1 or 1. The mean is over the number of entries. The slope at 0 is 0. optax's
``perceptron_loss`` is this unreduced, with half the slope at 0.
"""

from sympy import Max

from lossgen import Loss, tensor

x = tensor("input", doc="Scores of any shape.")
t = tensor("target", doc="-1 or 1 for each score, in the shape of `input`.")

perceptron_loss = Loss("PerceptronLoss", Max(0, -t * x))
