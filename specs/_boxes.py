"""What the losses of boxes share: two boxes each, by their corners."""

from sympy import Max, Min

from lossgen import ratio, tensor

x = tensor("input", "n b", batch="n", sizes={"b": 4}, doc="Boxes: x1, y1, x2, y2, or one alone.")
t = tensor(
    "target", "n b", batch="n", sizes={"b": 4}, doc="The true boxes, in the shape of `input`."
)

left, top, right, bottom = (x.at(b=k) for k in range(4))
true_left, true_top, true_right, true_bottom = (t.at(b=k) for k in range(4))

width, height = right - left, bottom - top
true_width, true_height = true_right - true_left, true_bottom - true_top

overlap_width = Max(0, Min(right, true_right) - Max(left, true_left))
overlap_height = Max(0, Min(bottom, true_bottom) - Max(top, true_top))
overlap = overlap_width * overlap_height
union = width * height + true_width * true_height - overlap
iou = ratio(overlap, union)

hull_width = Max(right, true_right) - Min(left, true_left)
hull_height = Max(bottom, true_bottom) - Min(top, true_top)

shift_x = (left + right - true_left - true_right) / 2
shift_y = (top + bottom - true_top - true_bottom) / 2
distance = ratio(shift_x**2 + shift_y**2, hull_width**2 + hull_height**2)
