"""Generalised cross-entropy: between cross-entropy and absolute error (Zhang and Sabuncu, 2018).

``(1 - p**q) / q`` with the probability ``p`` of the label: the cross-entropy as ``q`` falls to 0,
and at 0, and one minus the probability for ``q`` 1, which wrong labels hurt less. The mean is over
the number of labels, NaN of none.

- ``keras.losses.CategoricalGeneralizedCrossEntropy``: of probabilities, with 0.5 for ``q``; takes
  the target first, and the classes last.
"""

from sympy import Eq, exp

from lossgen import Case, Loss, at, dialect, label, logsumexp, parameter, tensor

x = tensor("input", "n c ...", batch="n", doc="Logits, classes at position 1, or alone.")
y = label("target", "n ...", classes="c", batch="n", doc="The class of each sample.")
q = parameter("q", 0.7, lower=0.0, upper=1.0, doc="How robust the loss is to wrong labels.")

nll = at(logsumexp(x, "c") - x, c=y)

generalized_cross_entropy_loss = Loss(
    "GeneralizedCrossEntropyLoss",
    (Case(nll, when=Eq(q, 0), name="limit"), Case((1 - exp(-q * nll)) / q, name="power")),
    dialects={"keras": dialect(q=0.5, weighs=False)},
)
