"""Kullback-Leibler divergence between the softmax of two sets of logits (Hinton et al., 2015).

That of the target from the prediction, both at a ``temperature``, times its square, so that
gradients keep their size. The unreduced loss is the divergence of each sample, and the mean is over
their number; ``torch.nn.KLDivLoss`` takes logarithms, and its mean is over the entries.
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
