"""Sensitivity-specificity loss of each class, over batch and space (Brosch et al., 2015).

The squared error of the probabilities, the sigmoid of the logits, where the class is, and where it
is not; each as a mean over its own entries, 0 if there are none, so also of an empty batch. Logits
are any numbers. ``mean`` is the mean over the classes.
"""

from lossgen import Loss, parameter, ratio, sigmoid, sum_over, tensor

x = tensor("input", "n c ...", doc="Logits, classes at position 1.")
t = tensor("target", "n c ...", doc="Masks or probabilities in the shape of `input`.")
r = parameter("r", 0.05, lower=0.0, upper=1.0, doc="Weight of the sensitivity.")

squared_error = (t - sigmoid(x)) ** 2
sensitivity = ratio(sum_over(squared_error * t, "n ..."), sum_over(t, "n ..."))
specificity = ratio(sum_over(squared_error * (1 - t), "n ..."), sum_over(1 - t, "n ..."))

sensitivity_specificity_loss = Loss(
    "SensitivitySpecificityLoss", r * sensitivity + (1 - r) * specificity
)
