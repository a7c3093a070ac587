"""What the losses of this package share: checks, working precision, reduction, safe primitives.

MindSpore compiles the source of what runs under `ms.jit`. A function that two derivatives of one
loss call must then be free of branches and loops (MindSpore 2.10 loses their blocks when it
differentiates a bprop), and so must be what it calls: `ops.relu`, `ops.zeros_like` and
`ops.arange` are not. The kernels of the losses and the array functions below keep to that.
Checks are `constexpr`: ordinary Python, run while compiling or when called.
"""

from mindspore import (
    Tensor,
    bfloat16,
    float16,
    float32,
    float64,
    get_context,
    int32,
    int64,
    nn,
    ops,
)
from mindspore.ops import constexpr
from mindspore.ops.functional import isconstant

_FLOATS = (float16, bfloat16, float32, float64)
_INTEGERS = (int32, int64)
_gather = ops.Gather()
_count_up = ops.Range()
_ones_like = ops.OnesLike()
_sum = ops.ReduceSum()
_sum_along = ops.ReduceSum(keep_dims=True)
_largest = ops.ReduceMax(keep_dims=True)
_smallest = ops.ReduceMin(keep_dims=True)


class _Reshape(nn.Cell):
    """Reshape, whose built-in derivative has itself a wrong derivative in PyNative mode."""

    def construct(self, tensor, shape):
        return ops.reshape(tensor, shape)

    def bprop(self, tensor, shape, out, dout):
        # A view as the last operation would itself be differentiated wrongly: hence the product.
        return ops.reshape(dout, tensor.shape) * 1, shape


class _Total(nn.Cell):
    """Sum of all elements, whose built-in derivative has the same fault."""

    def construct(self, tensor):
        return total(tensor)

    def bprop(self, tensor, out, dout):
        return (_ones_like(tensor) * dout,)


_reshape = _Reshape()
_total = _Total()


def constant(value, like):
    """A number in full: a Python float beside a tensor has only the digits of float32."""
    return Tensor(value, like.dtype)


def log1p(x):
    """log(1 + x); `ops.log1p` adds the 1 first and loses a small x."""
    return ops.asinh(0.5 * (x + x / (1.0 + x)))


def expm1(x):
    """exp(x) - 1; `ops.expm1` subtracts the 1 last and loses a small x."""
    small = 2.0 * ops.sinh(0.5 * x) * ops.exp(0.5 * x)
    return ops.where(ops.abs(x) < 1.0, small, ops.exp(x) - 1.0)


def positions(x, axis):
    """The places along an axis, shaped to compare with entries of x."""
    return ops.reshape(_count_up(0, x.shape[axis], 1), _beside(x.ndim, axis))


@constexpr(check=False)
def _beside(rank, axis):
    sizes = [1] * rank
    sizes[axis] = -1
    return tuple(sizes)


def argmax_along(x, axis):
    """The place of the largest entry along an axis, the first of several; keeps the axis."""
    places = positions(x, axis) + 0 * ops.cast(x == x, int64)
    return _smallest(ops.where(x == _largest(x, axis), places, x.shape[axis]), axis)


def total(x, axis=()):
    """The sum over an axis, several or all; 0 over nothing, where MindSpore leaves memory unset."""
    return ops.where(_has_entries(x.shape), _sum(x, axis), 0.0)


def total_along(x, axis):
    """The sum over an axis; keeps the axis."""
    return ops.where(_has_entries(x.shape), _sum_along(x, axis), 0.0)


@constexpr(check=False)
def _has_entries(shape):
    return Tensor(0 not in shape)


def max_along(x, axis):
    """The largest entry along an axis; keeps the axis."""
    return _largest(x, axis)


def without_axis(x, axis):
    """Remove an axis of size 1."""
    return ops.reshape(x, _without(x.shape, axis))


@constexpr(check=False)
def _without(shape, axis):
    place = axis % len(shape)
    return shape[:place] + shape[place + 1 :]


def take(x, labels):
    """The entries of a vector that labels name."""
    return ops.reshape(_gather(x, ops.reshape(labels, (-1,)), 0), labels.shape)


def pick(x, labels, axis):
    """The entry of each row that its label names."""
    return without_axis(ops.gather_elements(x, axis, ops.expand_dims(labels, axis)), axis)


def count_up(size):
    """The whole numbers below a size."""
    return _count_up(0, size, 1)


def with_batch(tensor):
    """Put an axis of size 1 in front."""
    return _reshape(tensor, (1,) + tensor.shape)


@constexpr(check=False)
def _compute_dtype(dtype):
    """float64 on the CPU, where exp of a float32 errs by 50 last places, else float32."""
    return float64 if dtype == float64 or get_context("device_target") == "CPU" else float32


def working_dtype(tensor):
    """The dtype of the prediction, and the one to compute in."""
    return tensor.dtype, _compute_dtype(tensor.dtype)


def to_working(value, working):
    """Round a tensor to the dtype of the prediction, then widen it; numbers keep their digits."""
    if isinstance(value, Tensor):
        return ops.cast(ops.cast(value, working[0]), working[1])
    return Tensor(value, working[1])


@constexpr(check=False)
def check_reduction(reduction, choices=("none", "mean", "sum")):
    if reduction not in choices:
        words = ", ".join(repr(choice) for choice in choices)
        raise ValueError(f"reduction must be one of {words}, got {reduction!r}")


def check_floating(**tensors):
    for name, tensor in tensors.items():
        _require_floating(name, tensor.dtype if isinstance(tensor, Tensor) else None)


@constexpr(check=False)
def _require_floating(name, dtype):
    if dtype not in _FLOATS:
        raise TypeError(f"{name} must be a floating-point Tensor, got {dtype}")


def check_shape(name, tensor, expected, like):
    _require_shape(name, tensor.shape, expected, like)


@constexpr(check=False)
def _require_shape(name, shape, expected, like):
    if tuple(shape) != tuple(expected):
        raise ValueError(f"{name} must have shape {expected} as {like} has, got {shape}")


def check_rank(name, tensor, rank, *, exact):
    """Refuse too few axes, or too many."""
    _require_rank(name, tensor.shape, rank, exact)


@constexpr(check=False)
def _require_rank(name, shape, rank, exact):
    if len(shape) < rank or (exact and len(shape) > rank):
        words = "" if exact else "at least "
        raise ValueError(f"{name} must have {words}{rank} axes, got shape {shape}")


def check_labels(name, labels, classes, ignore_index=None):
    """Refuse labels outside the classes where their values are at hand.

    A compiled graph has none yet: there return them as 0, and a factor that makes their rows NaN.
    """
    _require_integer(name, labels.dtype if isinstance(labels, Tensor) else None)
    if isconstant(labels):
        _require_labels(name, labels, classes, ignore_index)
        return labels, None
    known = (labels >= 0) & (labels < classes)
    if ignore_index is not None:
        known = known | (labels == ignore_index)
    return ops.where(known, labels, 0), ops.where(known, 1.0, float("nan"))


@constexpr(check=False)
def _require_integer(name, dtype):
    if dtype not in (int32, int64):
        raise TypeError(f"{name} must be a Tensor of int32 or int64, got {dtype}")


@constexpr(check=False)
def _require_labels(name, labels, classes, ignore_index):
    values = labels.asnumpy()
    wrong = values[((values < 0) | (values >= classes)) & (values != ignore_index)]
    if wrong.size:
        raise ValueError(f"{name} must be in [0, {classes}), got {wrong.flat[0]}")


def check_positive(name, value):
    if not isinstance(value, Tensor):
        _require_positive(name, value)


@constexpr(check=False)
def _require_positive(name, value):
    if not value > 0:
        raise ValueError(f"{name} must be positive, got {value}")


def check_range(name, value, low, high):
    if not isinstance(value, Tensor):
        _require_range(name, value, low, high)


@constexpr(check=False)
def _require_range(name, value, low, high):
    if not low <= value <= high:
        raise ValueError(f"{name} must be in [{low}, {high}], got {value}")


def fold(tensor, keep):
    """Merge all axes after the first `keep` into one."""
    if not isinstance(tensor, Tensor):
        return tensor
    return _reshape(tensor, _folded(tensor.shape, keep))


@constexpr(check=False)
def _folded(shape, keep):
    size = 1
    for length in shape[keep:]:
        size *= length
    return tuple(shape[:keep]) + (size,)


def is_integer(tensor):
    """Whether a target holds labels."""
    return tensor.dtype in _INTEGERS


def is_number(value, number):
    """Whether a parameter is known to be a number; tensors are not looked at."""
    if isinstance(value, Tensor):
        return False
    return value == number


def same_weight(name, weight, shape, working):
    """A weight of just this shape, or 1 where it is absent."""
    if weight is None:
        return 1.0
    _require_shape(name, weight.shape, shape, "the loss")
    return ops.stop_gradient(to_working(weight, working))


def axis_weight(name, weight, shape, working, like):
    """A weight of just this shape, or ones where it is absent."""
    if weight is None:
        return ops.ones(shape, working[1])
    return same_weight(name, weight, shape, working)


def broadcast_weight(name, weight, shape, working):
    """A weight spread over a shape, which it must not enlarge; 1 where it is absent."""
    if weight is None:
        return 1.0
    _require_spread(name, weight.shape, shape)
    return ops.broadcast_to(ops.stop_gradient(to_working(weight, working)), shape)


@constexpr(check=False)
def _require_spread(name, shape, target):
    pairs = zip(reversed(shape), reversed(target))
    if len(shape) > len(target) or any(have not in (1, want) for have, want in pairs):
        raise ValueError(f"{name} must broadcast to shape {target}, got {shape}")


def leading_weight(name, weight, shape, working, keep):
    """A weight of the whole shape or of its first axes, the others then of size 1."""
    size = _leading_shape(name, weight.shape, shape, keep)
    return ops.reshape(ops.stop_gradient(to_working(weight, working)), size)


@constexpr(check=False)
def _leading_shape(name, given, shape, keep):
    if given not in (shape, shape[:keep]):
        raise ValueError(f"{name} must have shape {shape[:keep]} or {shape}, got {given}")
    return given if given == shape else given + (1,) * (len(shape) - keep)


def finish(loss, reduction, dtype, *, shape=None, denominator=None, doubt=None):
    """Reduce with plain operators: LossBase.get_loss would round float64 to float32."""
    if doubt is not None:
        loss = _reshape(loss, doubt.shape) * doubt
    if reduction == "none":
        return ops.cast(loss if shape is None else _reshape(loss, shape), dtype)
    if loss.size == 0:  # MindSpore 2.10 sums nothing to whatever the memory holds
        return Tensor(0.0 if reduction == "sum" else float("nan"), dtype)
    total = _total(loss)
    if reduction == "mean":
        total = total / (loss.size if denominator is None else denominator)
    return ops.cast(total, dtype)


def exp_difference(x, y):
    """Return exp(x - y), with what the difference rounds away put back (Knuth, 1969)."""
    difference = x - y
    back = difference - x
    error = (x - (difference - back)) - (y + back)
    return ops.exp(difference) * (1.0 + ops.where(ops.isfinite(difference), error, 0.0))
