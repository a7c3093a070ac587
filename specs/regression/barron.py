"""General robust loss, of which many others are cases (Barron, 2019).

``alpha`` 2 is half the squared error, 1 is Charbonnier's loss, 0 Cauchy's, -2 Geman and McClure's,
minus infinity Welsch's; infinity grows as an exponential. Both parameters may be learnt. Inputs are
any numbers. The mean is over the number of entries, and NaN without any.
"""

from sympy import Abs, Eq, exp, log, oo

from lossgen import Case, Loss, parameter, raise_to, tensor

x = tensor("input", doc="Predictions of any shape.")
t = tensor("target", doc="What should have been predicted, in the shape of `input`.")
alpha = parameter("alpha", 1.0, doc="The shape: the lower, the less outliers count.")
scale = parameter("scale", 1.0, positive=True, doc="From which size on errors are outliers.")

square = ((x - t) / scale) ** 2
beta = raise_to(Abs(alpha - 2), 1e-6)
general = beta / alpha * ((1 + square / beta) ** (alpha / 2) - 1)

barron_loss = Loss(
    "BarronLoss",
    (
        Case(square / 2, when=Eq(alpha, 2), name="squared"),
        Case(log(1 + square / 2), when=Eq(alpha, 0), name="cauchy"),
        Case(1 - exp(-square / 2), when=Eq(alpha, -oo, evaluate=False), name="welsch"),
        Case(exp(square / 2) - 1, when=Eq(alpha, oo, evaluate=False), name="exponential"),
        Case(general, name="general"),
    ),
)
