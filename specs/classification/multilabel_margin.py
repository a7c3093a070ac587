"""Multilabel margin loss: each class of a sample should score above each other class by 1.

After Weston and Watkins (1999). A row of ``target`` lists the classes of a sample, up to the first
-1; a class that is listed twice counts twice. Scores are any numbers. The sum over pairs is divided
by the number of classes, the mean over the number of samples, NaN of none. At the hinge the slope
is 0.
"""

from sympy import And, Eq, Max, Ne, Piecewise

from lossgen import Loss, Position, Size, at, indicator, label, max_over, sum_over, tensor

x = tensor("input", "n c", batch="n", doc="One score a class, for each sample or one alone.")
y = label(
    "target", "n c", classes="c", batch="n", ignored=-1, doc="Classes, then -1, as long as `input`."
)

listed, before = y.at("n j"), y.at("n k")
ended = max_over(indicator(And(Eq(before, -1), Position("k") <= Position("j"))), "k")
named = 1 - ended
other = 1 - max_over(named * indicator(Eq(listed, Position("c"))), "j")
own_score = at(x, c=Piecewise((listed, Ne(listed, -1)), (0, True)))
gap = Max(0, 1 - (own_score - x))

multilabel_margin_loss = Loss(
    "MultiLabelMarginLoss",
    sum_over(named * other * gap, "j c") / Size("c"),
    function="multilabel_margin_loss",
    signature=("reduction",),
)
