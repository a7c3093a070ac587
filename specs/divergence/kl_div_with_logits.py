"""Kullback-Leibler divergence between the softmax of two sets of logits (Hinton et al., 2015).

That of the target from the prediction, both at a ``temperature``, times its square, so that
gradients keep their size. Logits are any numbers. The unreduced loss is the divergence of each
sample; the mean is over their number, and NaN without any.

- ``torch.nn.KLDivLoss``: its ``batchmean`` of log-softmaxes is equal; ``mean`` is over the entries.
- ``optax.losses.kl_divergence_with_log_targets``: equal of log-softmaxes, unreduced.
- ``keras.losses.KLDivergence``: equal of softmaxes, the target first; clips at 1e-7.
"""

from lossgen import Loss, logsumexp, parameter, softmax, sum_over, tensor

x = tensor("input", "n c ...", batch="n", doc="Logits, classes at position 1, or alone.")
t = tensor("target", "n c ...", batch="n", doc="The teacher's logits, in the shape of `input`.")
temperature = parameter("temperature", 1.0, positive=True, doc="Divides both logits.")

soft_input, soft_target = x / temperature, t / temperature
input_nll = logsumexp(soft_input, "c") - soft_input
target_nll = logsumexp(soft_target, "c") - soft_target
divergence = sum_over(softmax(soft_target, "c") * (input_nll - target_nll), "c")

kl_div_with_logits_loss = Loss("KLDivWithLogitsLoss", temperature**2 * divergence)
