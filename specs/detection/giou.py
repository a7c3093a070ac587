"""Generalised IoU loss: the IoU loss plus the share of the hull that is in neither box.

After Rezatofighi et al. (2019). Boxes are given by their corners, x1 <= x2 and y1 <= y2; the hull
is the smallest box around both. Without any area, IoU and share are 0. Kinks are those of the IoU
loss. The mean is over the pairs, and NaN without any.
"""

import _boxes as boxes

from lossgen import Loss, ratio

hull = boxes.hull_width * boxes.hull_height

giou_loss = Loss("GIoULoss", 1 - boxes.iou + ratio(hull - boxes.union, hull), function="giou_loss")
