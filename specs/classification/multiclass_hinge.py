"""Multiclass hinge loss: the label should beat the others by 1 (Crammer and Singer, 2001).

Scores are any numbers. The mean is over the number of labels, NaN of none. Classes that tie for the
maximum share the gradient; at the hinge the label itself is one of them. `MultiMarginLoss` has the
sum over the other classes in place of the largest.

- ``optax.losses.multiclass_hinge_loss``: equal, unreduced, with the classes last.
"""

from sympy import Ne

from lossgen import Loss, Position, at, indicator, label, max_over, tensor

x = tensor("input", "n c ...", batch="n", doc="Scores, classes at position 1, or alone.")
y = label("target", "n ...", classes="c", batch="n", doc="The right class of each sample.")

lead = x - at(x, c=y)

multiclass_hinge_loss = Loss(
    "MulticlassHingeLoss", max_over(lead + indicator(Ne(Position("c"), y)), "c")
)
