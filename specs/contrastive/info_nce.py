"""InfoNCE: each query should be closer to its own key than to the others'.

After van den Oord et al. (2018). Closeness is the cosine of the angle; a zero vector has cosine 0
with everything. Vectors are any numbers. The mean is over the queries, NaN of none. The temperature
may be a tensor, and then has a gradient.
"""

from lossgen import Loss, at, cosine_similarity, logsumexp, parameter, tensor

query = tensor("query", "i d", doc="One vector a sample.")
key = tensor("key", "i d", doc="The vector of each query's key, in the same order.")
temperature = parameter("temperature", 0.1, positive=True, doc="Divides the similarities.")

similarity = cosine_similarity(query, key.at("j d"), "d")
logit = similarity / temperature

info_nce_loss = Loss("InfoNCELoss", logsumexp(logit, "j") - at(logit, j="i"))
