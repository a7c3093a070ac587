"""Categorical hinge loss: the score of the right class should exceed that of the others by 1.

As Keras defines it, after Crammer and Singer (2001): targets are 0 or 1, one 1 a sample; the right
class takes part in the maximum with a score of 0, so the others count as 0 at least. Scores are any
numbers. The mean is over the number of samples, NaN of none. At the hinge the slope is 0, and
classes that tie for the maximum share it.

- ``keras.losses.CategoricalHinge``: equal; takes the target first, and the classes last.
"""

from sympy import Max

from lossgen import Loss, max_over, sum_over, tensor

x = tensor("input", "n c ...", batch="n", doc="Scores, classes at position 1, or alone.")
t = tensor("target", "n c ...", batch="n", doc="1 for the right class, else 0, as `input`.")

right = sum_over(t * x, "c")
best_other = max_over((1 - t) * x, "c")

categorical_hinge_loss = Loss("CategoricalHingeLoss", Max(0, best_other - right + 1))
