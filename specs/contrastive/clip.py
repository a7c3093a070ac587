"""CLIP: each image should find its text among all, and each text its image (Radford et al., 2021).

A pair costs the mean of both cross-entropies, of its scaled cosine among those of its image and
among those of its text. The scale may be learnt. Vectors are any numbers; a zero vector has cosine
0 with everything. The mean is over the pairs, NaN of none.
"""

from lossgen import Loss, at, cosine_similarity, logsumexp, parameter, tensor

image = tensor("image", "i d", doc="One vector an image.")
text = tensor("text", "i d", doc="The vector of each image's text, in the same order.")
scale = parameter("logit_scale", 1 / 0.07, positive=True, doc="Multiplies the cosines.")

logit = scale * cosine_similarity(image, text.at("j d"), "d")
find_text = at(logsumexp(logit, "j") - logit, j="i")
find_image = at(logsumexp(logit, "i") - logit, j="i")

clip_loss = Loss("CLIPLoss", (find_text + find_image) / 2)
