"""PPO's clipped objective: no reward for leaving the old policy far behind (Schulman et al., 2017).

The negative of the objective, to be minimised: the ratio of probabilities times the advantage,
where the ratio is clipped if that makes the objective smaller. Advantages are any numbers. At the
clip the slope is that of the ratio. The mean is over the actions, and NaN without any.
"""

from sympy import Piecewise, exp

from lossgen import Loss, parameter, tensor

x = tensor("input", doc="Log-probabilities of the actions taken.")
old = tensor("old", doc="Log-probabilities of them under the policy that took them.")
advantage = tensor("advantage", doc="How much better than expected each action was.")
epsilon = parameter(
    "epsilon", 0.2, lower=0.0, upper=1.0, doc="How far the ratio may depart from 1."
)

ratio = exp(x - old)
low, high = 1 - epsilon, 1 + epsilon
upward = Piecewise((ratio, ratio <= high), (high, True))
downward = Piecewise((ratio, ratio >= low), (low, True))

ppo_clip_loss = Loss(
    "PPOClipLoss", -advantage * Piecewise((upward, advantage > 0), (downward, True))
)
