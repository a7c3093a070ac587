"""CosFace: cross-entropy of scaled cosines, that of the true class less a margin.

After Wang et al. (2018). Cosines are between -1 and 1. The mean is over the samples, NaN of none.
"""

from sympy import Ne, exp, log

from lossgen import Loss, Position, at, label, logsumexp, masked, parameter, tensor

cosine = tensor("input", "n c", doc="Cosines of each sample's vector with those of the classes.")
y = label("target", "n", classes="c", doc="The class of each sample.")
scale = parameter("scale", 64.0, positive=True, doc="Multiplies the cosines.")
margin = parameter("margin", 0.35, doc="How much the true class must be ahead.")

others = logsumexp(masked(scale * cosine, Ne(Position("c"), y)), "c")
own = scale * (at(cosine, c=y) - margin)

cos_face_loss = Loss("CosFaceLoss", log(1 + exp(others - own)))
