"""Wing loss: logarithmic for small errors, absolute for large ones (Feng et al., 2018).

Inputs are any numbers. The mean is over the number of entries, and NaN without any. The slope at 0
is 0; at ``width`` it jumps from that of the logarithm to 1, which counts.
"""

from sympy import Abs, Piecewise, log

from lossgen import Loss, parameter, tensor

x = tensor("input", doc="Predictions of any shape.")
t = tensor("target", doc="What should have been predicted, in the shape of `input`.")
width = parameter("width", 10.0, positive=True, doc="Up to which error the loss is logarithmic.")
eps = parameter("eps", 2.0, positive=True, doc="The less, the more the logarithm bends.")

abs_error = Abs(x - t)
step = width - width * log(1 + width / eps)
near = width * log(1 + abs_error / eps)

wing_loss = Loss("WingLoss", Piecewise((near, abs_error < width), (abs_error - step, True)))
