"""Jensen-Shannon divergence between the softmax of two sets of logits (Lin, 1991).

The mean of the divergences of both from their mixture, in nats: 0 where they agree, log 2 where
they share nothing. Each class costs the mixture times log 2 less the entropy of ``share``, what the
target has of it; for shares near one half that is ``u tanh(u) - log(cosh(u))``, which keeps its
digits, with half the logarithm of their ratio; the loss is smooth everywhere. Logits are any
numbers. The mean is over the number of samples, and NaN without any.
"""

from sympy import Abs, Piecewise, cosh, log, tanh

from lossgen import Loss, logsumexp, sigmoid, softmax, sum_over, tensor

x = tensor("input", "n c ...", batch="n", doc="Logits, classes at position 1, or alone.")
t = tensor("target", "n c ...", batch="n", doc="Logits, in the shape of `input`.")

mixture = (softmax(x, "c") + softmax(t, "c")) / 2
u = ((logsumexp(x, "c") - x) - (logsumexp(t, "c") - t)) / 2
share = sigmoid(2 * u)
entropy = -share * log(share) - (1 - share) * log(1 - share)
cost = Piecewise((u * tanh(u) - log(cosh(u)), Abs(u) < 1), (log(2) - entropy, True))

jensen_shannon_loss = Loss("JensenShannonLoss", sum_over(mixture * cost, "c"))
