"""Mean of the absolute errors of one prediction against two targets.

A composition of our own: half the sum of two absolute errors (Boscovich, 1757), least anywhere
between the targets. Inputs are any numbers. The mean is over the number of entries, and NaN without
any. The slope at 0 is 0.
"""

from sympy import Abs

from lossgen import Loss, tensor

x = tensor("input", doc="Predictions of any shape.")
t1 = tensor("target1", doc="The first target, in the shape of `input`.")
t2 = tensor("target2", doc="The second target, in the shape of `input`.")

multi_target_l1_loss = Loss("MultiTargetL1Loss", (Abs(x - t1) + Abs(x - t2)) / 2)
