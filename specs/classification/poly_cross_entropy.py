"""Polynomial cross-entropy: plus a multiple of what the right class lacks to 1 (Leng et al., 2022).

This is Poly-1: the first coefficient of the cross-entropy as a polynomial, changed by ``epsilon``.
The mean is over the number of samples, NaN of none.

- ``optax.losses.poly_loss_cross_entropy``: equal, unreduced, of probabilities, with the classes
  last.
"""

from lossgen import Case, Loss, at, label, logsumexp, parameter, softmax, sum_over, tensor

x = tensor("input", "n c ...", batch="n", doc="Logits, classes at position 1, or alone.")
y = label("target", "n ...", classes="c", batch="n", doc="Labels, or probabilities as `input` has.")
q = tensor("target", "n c ...", batch="n")
epsilon = parameter("epsilon", 2.0, lower=-1.0, doc="What is added to the first coefficient.")

nll = logsumexp(x, "c") - x
lack = 1 - softmax(x, "c")

poly_cross_entropy_loss = Loss(
    "PolyCrossEntropyLoss",
    (
        Case(at(nll, c=y) + epsilon * at(lack, c=y), name="labels"),
        Case(sum_over(q * nll, "c") + epsilon * sum_over(q * lack, "c"), name="probabilities"),
    ),
)
