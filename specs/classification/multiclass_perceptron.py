"""Multiclass perceptron loss: by how much the best class beats the label (Collins, 2002).

Scores are any numbers. The mean is over the number of labels, NaN of none. Classes that tie for the
maximum share the gradient.

- ``optax.losses.multiclass_perceptron_loss``: equal, unreduced, with the classes last.
"""

from lossgen import Loss, at, label, max_over, tensor

x = tensor("input", "n c ...", batch="n", doc="Scores, classes at position 1, or alone.")
y = label("target", "n ...", classes="c", batch="n", doc="The right class of each sample.")

multiclass_perceptron_loss = Loss("MulticlassPerceptronLoss", max_over(x, "c") - at(x, c=y))
