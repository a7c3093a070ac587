"""Hinge loss: a score on the right side by less than 1 costs (Cortes and Vapnik, 1995).

Labels are -1 or 1. The mean is over the number of entries. The slope at the hinge is 0. Keras takes
labels of 0 for -1, and its ``Hinge`` is the mean over the last axis first; optax's ``hinge_loss``
is this unreduced, with half the slope at the hinge.
"""

from sympy import Max

from lossgen import Loss, tensor

x = tensor("input", doc="Scores of any shape.")
t = tensor("target", doc="-1 or 1 for each score, in the shape of `input`.")

hinge_loss = Loss("HingeLoss", Max(0, 1 - t * x))
