"""IoU loss: one minus the intersection over the union of two boxes (Yu et al., 2016).

Boxes are given by their corners, x1 <= x2 and y1 <= y2. Two boxes without any area have the IoU 0.
The slope is 0 where boxes are apart or touch; where two sides coincide each has half of it. The
mean is over the pairs, and NaN without any.
"""

import _boxes as boxes

from lossgen import Loss

iou_loss = Loss("IoULoss", 1 - boxes.iou, function="iou_loss")
