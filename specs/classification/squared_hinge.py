"""Squared hinge loss: what a score lacks to the margin of 1, squared (Lee and Mangasarian, 2001).

Labels are -1 or 1. The mean is over the number of entries. At the hinge the loss is smooth; its
second derivative there is 0. Keras takes labels of 0 for -1, and its ``SquaredHinge`` is the mean
over the last axis first.
"""

from sympy import Max

from lossgen import Loss, tensor

x = tensor("input", doc="Scores of any shape.")
t = tensor("target", doc="-1 or 1 for each score, in the shape of `input`.")

squared_hinge_loss = Loss("SquaredHingeLoss", Max(0, 1 - t * x) ** 2)
