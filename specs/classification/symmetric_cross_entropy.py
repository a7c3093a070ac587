"""Symmetric cross-entropy: robust to wrong labels (Wang et al., 2019).

``alpha`` times the cross-entropy plus ``beta`` times the reverse one, in which labels and
predictions change places and the logarithm of 0 counts as ``log_zero``. Logits are any numbers. The
mean is over the number of labels, NaN of none. The authors' program clips the one-hot labels at
1e-4 and so has -9.21 for ``log_zero``.
"""

from lossgen import Loss, at, label, logsumexp, parameter, softmax, tensor

x = tensor("input", "n c ...", batch="n", doc="Logits, classes at position 1, or alone.")
y = label("target", "n ...", classes="c", batch="n", doc="The class of each sample.")
alpha = parameter("alpha", 0.1, lower=0.0, doc="Weight of the cross-entropy.")
beta = parameter("beta", 1.0, lower=0.0, doc="Weight of the reverse cross-entropy.")
log_zero = parameter("log_zero", -4.0, upper=0.0, doc="What counts as the logarithm of 0.")

nll = logsumexp(x, "c") - x
reverse = -log_zero * (1 - softmax(x, "c"))

symmetric_cross_entropy_loss = Loss(
    "SymmetricCrossEntropyLoss", alpha * at(nll, c=y) + beta * at(reverse, c=y)
)
