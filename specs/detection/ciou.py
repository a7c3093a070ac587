"""Complete IoU loss: the distance IoU loss plus a term for the aspect ratio (Zheng et al., 2020).

Boxes are given by their corners, x1 <= x2 and y1 <= y2. The weight of the term, v / (1 - IoU + v),
counts as a constant, and is 0 where that is 0 / 0. Kinks are those of the IoU loss. The mean is
over the pairs, and NaN without any.
"""

import _boxes as boxes
from sympy import Piecewise, atan, pi

from lossgen import Loss, ratio, stop_gradient


def angle(width, height):
    """Return atan(width / height), with a quotient that cannot overflow."""
    flat = pi / 2 - atan(ratio(height, width))
    return Piecewise((atan(ratio(width, height)), width <= height), (flat, True))


gap = angle(boxes.true_width, boxes.true_height) - angle(boxes.width, boxes.height)
v = (2 / pi * gap) ** 2
alpha = stop_gradient(ratio(v, 1 - boxes.iou + v))

ciou_loss = Loss("CIoULoss", 1 - boxes.iou + boxes.distance + alpha * v, function="ciou_loss")
