"""Energy distance of two samples: how far apart, against how far within (Székely and Rizzo, 2013).

Twice the mean distance of a vector of one sample to one of the other, less the mean distances
within both, where each vector has the distance 0 to itself. Vectors are any numbers; equal ones
have distance 0 and slope 0. The loss is one number, at least 0, and NaN where a sample is empty.
"""

from lossgen import Loss, mean_over, norm, tensor

x = tensor("input", "i d", doc="Vectors of one sample.")
t = tensor("target", "j d", doc="Vectors of the other, any number of them.")

between = mean_over(norm(x - t, "d"), "i j")
within = mean_over(norm(x - x.at("k d"), "d"), "i k")
within_target = mean_over(norm(t - t.at("l d"), "d"), "j l")

energy_distance_loss = Loss("EnergyDistanceLoss", 2 * between - within - within_target)
