"""Multiclass hinge loss: the true class should score above the others by a margin.

After Weston and Watkins (1999). What the other classes exceed that by, to the power ``p``, is
summed, weighted by the weight of the true class, and divided by the number of classes. Scores are
any numbers. The mean is over the number of samples, NaN of none. At the hinge the slope is 0.
`MulticlassHingeLoss` has the largest in place of the sum.

- ``mindspore.nn.MultiMarginLoss``: equal.
"""

from sympy import Eq, Max, Ne, Piecewise

from lossgen import Case, Loss, Position, at, label, mean_over, parameter, tensor, weight

x = tensor("input", "n c", batch="n", doc="One score a class, for each sample or one alone.")
y = label("target", "n", classes="c", batch="n", doc="The true classes.")
p = parameter("p", 1, lower=1, upper=2, doc="The power, 1 or 2.")
margin = parameter("margin", 1.0, doc="By how much the true class should be ahead.")
w = weight("weight", "c", doc="One weight a class.")

gap = Max(0, margin - at(x, c=y) + x)
is_other = Ne(y, Position("c"))
linear = mean_over(Piecewise((gap, is_other), (0, True)), "c")
squared = mean_over(Piecewise((gap**2, is_other), (0, True)), "c")

multi_margin_loss = Loss(
    "MultiMarginLoss",
    (
        Case(at(w, c=y) * linear, when=Eq(p, 1), name="linear"),
        Case(at(w, c=y) * squared, name="squared"),
    ),
    signature=(p, margin, w, "reduction"),
)
