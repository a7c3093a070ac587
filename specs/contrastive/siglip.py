"""SigLIP: whether an image and a text belong together, pair by pair (Zhai et al., 2023).

The logit of a pair is its scaled cosine plus a bias; both may be learnt, and the paper starts them
at 10 (the exponential of what it learns) and -10. Vectors are any numbers; a zero vector has cosine
0 with everything. Each image costs the sum over all texts; the mean is over the images, NaN of
none.
"""

from sympy import Eq, Piecewise, exp, log

from lossgen import Loss, Position, cosine_similarity, parameter, sum_over, tensor

image = tensor("image", "i d", doc="One vector an image.")
text = tensor("text", "i d", doc="The vector of each image's text, in the same order.")
scale = parameter("logit_scale", 10.0, positive=True, doc="Multiplies the cosines.")
bias = parameter("logit_bias", -10.0, doc="Added to the scaled cosines.")

logit = scale * cosine_similarity(image, text.at("j d"), "d") + bias
z = Piecewise((1, Eq(Position("i"), Position("j"))), (-1, True))

siglip_loss = Loss("SigLIPLoss", sum_over(log(1 + exp(-z * logit)), "j"), function="siglip_loss")
