"""Distillation: learn from the labels and from a teacher's softened logits (Hinton et al., 2015).

``alpha`` times the divergence of the teacher at a ``temperature``, times its square, plus ``1 -
alpha`` times the cross-entropy of the labels; labels of ``ignore_index`` are left out of the second
part. Logits are any numbers. Each part has its own mean, over the samples or the labels that count,
and NaN without any.
"""

from classification.cross_entropy import cross_entropy_loss
from divergence.kl_div_with_logits import kl_div_with_logits_loss

from lossgen import Loss, label, parameter, tensor

x = tensor(
    "input", "n c ...", batch="n", doc="The student's logits, classes at position 1, or alone."
)
teacher = tensor("teacher", "n c ...", batch="n", doc="The teacher's logits, as `input`.")
y = label("target", "n ...", classes="c", batch="n", doc="The class of each sample.")
alpha = parameter("alpha", 0.5, lower=0.0, upper=1.0, doc="Weight of the teacher.")
temperature = parameter("temperature", 2.0, positive=True, doc="Divides both logits.")
ignored = parameter("ignore_index", -100, doc="Labels of this value do not count.")

soft = kl_div_with_logits_loss.of(input=x, target=teacher, temperature=temperature)
hard = cross_entropy_loss.of(input=x, target=y, ignore_index=ignored)

distillation_loss = Loss("DistillationLoss", {"soft": alpha * soft, "hard": (1 - alpha) * hard})
