"""Multi-similarity loss: pairs weighted by how they compare with others (Wang et al., 2019).

Of each anchor's cosines, those with others of its class should exceed ``base`` and those with other
classes should not. There is no mining. Vectors are any numbers; a zero vector has cosine 0 with
everything. An anchor alone costs 0; the mean is over the anchors, NaN of none.
"""

from sympy import And, Eq, Ne, exp, log

from lossgen import Loss, Position, cosine_similarity, label, logsumexp, masked, parameter, tensor

x = tensor("input", "i d", doc="One vector a sample.")
y = label("target", "i", doc="The class of each sample, any integer.")
alpha = parameter("alpha", 2.0, positive=True, doc="How sharply pairs of one class count.")
beta = parameter("beta", 50.0, positive=True, doc="How sharply pairs of two classes count.")
base = parameter("base", 0.5, doc="The cosine that divides near from far.")

gap = cosine_similarity(x, x.at("j d"), "d") - base
same = And(Eq(y, y.at("j")), Ne(Position("i"), Position("j")))
pull = logsumexp(masked(-alpha * gap, same), "j")
push = logsumexp(masked(beta * gap, Ne(y, y.at("j"))), "j")

multi_similarity_loss = Loss(
    "MultiSimilarityLoss", log(1 + exp(pull)) / alpha + log(1 + exp(push)) / beta
)
