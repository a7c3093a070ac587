"""Distance IoU loss: the IoU loss plus the squared distance of the centres (Zheng et al., 2020).

Boxes are given by their corners, x1 <= x2 and y1 <= y2. The distance is relative to the diagonal of
the smallest box around both, and 0 where that is 0. Kinks are those of the IoU loss. The mean is
over the pairs, and NaN without any.
"""

import _boxes as boxes

from lossgen import Loss

diou_loss = Loss("DIoULoss", 1 - boxes.iou + boxes.distance, function="diou_loss")
