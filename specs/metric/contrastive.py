"""Contrastive loss of pairs: close where they belong together, else a margin apart.

After Hadsell et al. (2006). A pair with target 1 costs half the squared distance, any other half
the square of what the distance lacks of ``margin``, which is flat where two vectors coincide.
Vectors are any numbers. The mean is over the pairs, NaN of none.

- ``chainer.functions.contrastive``: equal.
"""

from sympy import Eq, Max, Piecewise

from lossgen import Loss, norm, parameter, sum_over, tensor

x1 = tensor("input1", "n d", batch="n", doc="One vector a pair, or one alone.")
x2 = tensor("input2", "n d", batch="n", doc="The other vectors, in the shape of `input1`.")
t = tensor("target", "n", batch="n", doc="1 where a pair belongs together, else 0.")
margin = parameter("margin", 1.0, positive=True, doc="How far apart is enough.")

gap = x1 - x2
near = sum_over(gap**2, "d")
far = Max(0, margin - norm(gap, "d")) ** 2

contrastive_loss = Loss("ContrastiveLoss", Piecewise((near, Eq(t, 1)), (far, True)) / 2)
