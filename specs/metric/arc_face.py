"""ArcFace: cross-entropy of scaled cosines, the true class's angle widened by a margin.

After Deng et al. (2019). Where the widened angle would exceed pi, the cosine less ``margin`` times
its sine counts instead, as in the authors' code. At cosines of 1 and -1, where the angle has no
slope, the sine counts as flat. Cosines are between -1 and 1. The mean is over the samples, NaN of
none.
"""

from sympy import Abs, Ne, Piecewise, cos, exp, log, sin, sqrt

from lossgen import Loss, Position, at, label, logsumexp, masked, parameter, tensor

cosine = tensor("input", "n c", doc="Cosines of each sample's vector with those of the classes.")
y = label("target", "n", classes="c", doc="The class of each sample.")
scale = parameter("scale", 64.0, positive=True, doc="Multiplies the cosines.")
margin = parameter("margin", 0.5, lower=0.0, doc="What is added to the angle of the true class.")

others = logsumexp(masked(scale * cosine, Ne(Position("c"), y)), "c")
own = at(cosine, c=y)
sine = Piecewise((sqrt((1 - own) * (1 + own)), Abs(own) < 1), (0, True))
widened = Piecewise(
    (own * cos(margin) - sine * sin(margin), own > -cos(margin)),
    (own - margin * sin(margin), True),
)

arc_face_loss = Loss("ArcFaceLoss", log(1 + exp(others - scale * widened)))
