"""Reverse Kullback-Leibler divergence: that of the prediction from the target (Gu et al., 2024).

Both are logits, any numbers. It prefers to miss some of what the target does over doing what the
target does not. The mean is over the number of samples, and NaN without any.

- ``optax.losses.kl_divergence_with_log_targets``: equal of log-softmaxes exchanged, unreduced.
"""

from divergence.kl_div_with_logits import kl_div_with_logits_loss

from lossgen import Loss, parameter, tensor

x = tensor("input", "n c ...", batch="n", doc="Logits, classes at position 1, or alone.")
t = tensor("target", "n c ...", batch="n", doc="The teacher's logits, in the shape of `input`.")
temperature = parameter("temperature", 1.0, positive=True, doc="Divides both logits.")

reverse_kl_div_with_logits_loss = Loss(
    "ReverseKLDivWithLogitsLoss",
    kl_div_with_logits_loss.of(input=t, target=x, temperature=temperature),
)
