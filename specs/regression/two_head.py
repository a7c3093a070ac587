"""Squared error of one prediction plus absolute error of another, for networks with two heads.

A composition of our own, of `MSELoss` and `L1Loss`, as multi-task learning adds its losses
(Caruana, 1997). Inputs are any numbers. Each part is reduced by itself, so the two may differ in
shape; a part without entries has the mean NaN. The slope of the absolute error at 0 is 0.
"""

from sympy import Abs

from lossgen import Loss, tensor

x1 = tensor("input1", doc="Predictions of the first head.")
t1 = tensor("target1", doc="What the first head should have predicted.")
x2 = tensor("input2", doc="Predictions of the second head.")
t2 = tensor("target2", doc="What the second head should have predicted.")

two_head_loss = Loss("TwoHeadLoss", {"loss1": (x1 - t1) ** 2, "loss2": Abs(x2 - t2)})
