"""What all losses of this package share: checks, canonical shapes, reduction, summation."""

import math
import numbers

import chainer
import numpy as np
from chainer import functions as F


def array_of(tensor):
    """Return what a Variable holds; an array is itself."""
    return tensor.array if isinstance(tensor, chainer.Variable) else tensor


def check_reduction(reduction, choices=("none", "mean", "sum")):
    """Return a known reduction word."""
    if reduction not in choices:
        words = ", ".join(map(repr, choices))
        raise ValueError(f"reduction must be one of {words}, got {reduction!r}")
    return reduction


def check_floating(**tensors):
    """Refuse integer predictions, whose loss could only be rounded."""
    for name, tensor in tensors.items():
        array = array_of(tensor)
        kind = array.dtype if isinstance(array, chainer.get_array_types()) else type(array).__name__
        if not (isinstance(kind, np.dtype) and np.issubdtype(kind, np.floating)):
            raise TypeError(f"{name} must be a floating-point Variable or array, got {kind}")


def check_shape(name, tensor, expected, like):
    """Refuse what would broadcast silently."""
    if tensor.shape != tuple(expected):
        raise ValueError(
            f"{name} must have shape {tuple(expected)} as {like} has, got {tensor.shape}"
        )


def check_rank(name, tensor, rank, *, exact):
    """Refuse too few axes, or too many."""
    if tensor.ndim < rank or (exact and tensor.ndim > rank):
        words = "" if exact else "at least "
        raise ValueError(f"{name} must have {words}{rank} axes, got shape {tensor.shape}")


def check_labels(name, labels, classes, ignore_index=None):
    """Return labels as an array; refuse those that would pick another row's value, or none."""
    labels = array_of(labels)
    if not np.issubdtype(labels.dtype, np.integer):
        raise TypeError(f"{name} must hold integer labels, got dtype {labels.dtype}")
    invalid = (labels < 0) | (labels >= classes)
    if ignore_index is not None:
        invalid &= labels != ignore_index
    if invalid.any():
        raise ValueError(f"{name} must hold labels in [0, {classes}), got {labels[invalid][0]}")
    return labels


def check_positive(name, value):
    """Refuse parameters that are zero, negative or NaN."""
    if not array_of(value) > 0:
        raise ValueError(f"{name} must be positive, got {value!r}")


def check_range(name, value, low, high):
    """Refuse parameters outside the closed interval [low, high]."""
    if not low <= array_of(value) <= high:
        raise ValueError(f"{name} must be in [{low}, {high}], got {value!r}")


def working_dtype(tensor):
    """Half precision is computed in float32 and rounded once, at the end."""
    return np.dtype(np.float32) if tensor.dtype == np.float16 else tensor.dtype


def to_working(tensor, dtype):
    """Cast differentiably; numbers become Python floats, which never widen an array."""
    if isinstance(tensor, numbers.Real):
        return float(tensor)
    if np.issubdtype(tensor.dtype, np.floating):
        return F.cast(tensor, dtype)
    return array_of(tensor).astype(dtype)


def fold(tensor, keep):
    """Keep the first axes and merge all others into one, of size 1 where there is none."""
    if isinstance(tensor, float):
        return tensor
    shape = (*tensor.shape[:keep], math.prod(tensor.shape[keep:]))
    return (
        F.reshape(tensor, shape) if isinstance(tensor, chainer.Variable) else tensor.reshape(shape)
    )


def is_integer(tensor):
    """Say whether a target holds labels."""
    return np.issubdtype(tensor.dtype, np.integer)


def is_number(value, number):
    """Say whether a parameter is known to be a number; arrays are not looked at."""
    return isinstance(value, numbers.Real) and value == number


def same_weight(name, weight, shape, dtype):
    """Return a constant weight of just this shape, or 1 where it is absent."""
    if weight is None:
        return 1.0
    check_shape(name, weight, shape, "the loss")
    return array_of(weight).astype(dtype)


def axis_weight(name, weight, shape, dtype, like):
    """Return a constant weight of just this shape, or ones where it is absent."""
    if weight is None:
        return chainer.backend.get_array_module(like).ones(shape, dtype)
    return same_weight(name, weight, shape, dtype)


def broadcast_weight(name, weight, shape, dtype):
    """Return a constant weight spread over a shape, which it must not enlarge; 1 where absent."""
    if weight is None:
        return 1.0
    try:
        return np.broadcast_to(array_of(weight).astype(dtype), shape)
    except ValueError:
        message = f"{name} must broadcast to shape {shape}, got {weight.shape}"
        raise ValueError(message) from None


def leading_weight(name, weight, shape, dtype, keep):
    """Return a weight of the whole shape or of its first axes, the others then of size 1."""
    given, first = weight.shape, shape[:keep]
    if given not in (first, shape):
        raise ValueError(f"{name} must have shape {first} or {shape}, got {given}")
    size = given if given == shape else first + (1,) * (len(shape) - keep)
    return array_of(weight).astype(dtype).reshape(size)


def finish(loss, reduction, dtype, *, shape=None, denominator=None):
    """Reduce a loss and return it with the caller's shape and dtype."""
    loss = reduce(loss, reduction, denominator)
    if reduction == "none" and shape is not None:
        loss = F.reshape(loss, shape)
    return F.cast(loss, dtype)


def reduce(loss, reduction, denominator=None):
    """Reduce a loss; the mean over nothing is NaN, the sum over nothing is 0."""
    if reduction == "none":
        return loss
    count = loss.size if denominator is None else array_of(denominator)
    return _Sum((), 1 if reduction == "sum" else count).apply((loss,))[0]


def report(parts, link):
    """Report named parts, without the Link's name where the reporter does not know it."""
    try:
        chainer.report(parts, link)
    except KeyError:
        chainer.report(parts)


class _Sum(chainer.FunctionNode):
    """Sum to a shape and divide: F.sum over a leading axis would lose bits."""

    def __init__(self, shape, denominator=1):
        self.shape, self.denominator = tuple(shape), denominator

    def forward(self, inputs):
        self.given = inputs[0].shape
        with np.errstate(all="ignore"):
            return (as_given(inputs[0], self.evaluate(inputs[0]) / self.denominator),)

    def evaluate(self, array):
        return total(array) if self.shape == () else sum_to(array, self.shape)

    def backward(self, indexes, grad_outputs):
        return _Spread(self.given, self.denominator).apply(grad_outputs)


class _Spread(_Sum):
    """Divide and repeat over a shape: the derivative of a sum, as a sum is of this."""

    def evaluate(self, array):
        return np.broadcast_to(array, self.shape)

    def backward(self, indexes, grad_outputs):
        return _Sum(self.given, self.denominator).apply(grad_outputs)


def as_given(given, result):
    # FunctionNode wants an array of the right dtype where a reduction gave a numpy scalar.
    return chainer.backend.get_array_module(given).asarray(result, dtype=given.dtype)


def total(array, axis=None, keepdims=False):
    """Sum in pairs: np.sum over a leading axis adds row after row and loses bits."""
    if axis is None:
        return np.ravel(array, order="A").sum()
    if isinstance(axis, tuple):
        for place in sorted((place % array.ndim for place in axis), reverse=True):
            array = total(array, place, keepdims)
        return array
    rows = np.moveaxis(array, axis, 0)
    while len(rows) > 8 and array.strides[axis] != array.itemsize:
        half = (len(rows) + 1) // 2
        rest, rows = rows[half:], rows[:half].copy()
        rows[: len(rest)] += rest
    result = rows.sum(axis=0)
    return np.expand_dims(result, axis) if keepdims else result


def sum_to(array, shape):
    """Sum what broadcasting repeated: the way back of `spread`."""
    while array.ndim > len(shape):
        array = total(array, 0)
    for axis, size in enumerate(shape):
        if size != array.shape[axis]:
            array = total(array, axis, keepdims=True)
    return array


def sigmoid(x):
    """Return 1 / (1 + exp(-x)) without an overflow in either tail."""
    decay = np.exp(-np.abs(x))
    return np.where(x < 0, decay, 1.0) / (1.0 + decay)


def pick(x, labels, axis):
    """Return the entry of each row that its label names."""
    return np.take_along_axis(x, np.expand_dims(labels, axis), axis).squeeze(axis)


def positions(x, axis):
    """Return the places along an axis, shaped to compare with entries of x."""
    sizes = [1] * x.ndim
    sizes[axis] = -1
    return np.arange(x.shape[axis], like=x).reshape(sizes)


def exp_difference(x, y):
    """Return exp(x - y), with what the difference rounds away put back (Knuth, 1969)."""
    difference = x - y
    back = difference - x
    error = (x - (difference - back)) - (y + back)
    return np.exp(difference) * (1.0 + np.where(np.isfinite(difference), error, 0.0))


def max_along(x, axis):
    """Return the largest entry along an axis, which stays; -inf where there is none."""
    return x.max(axis=axis, keepdims=True, initial=-np.inf)


def argmax_along(x, axis):
    """Return the place of the largest entry along an axis, which stays."""
    shape = np.sum(x, axis=axis, keepdims=True).shape
    return x.argmax(axis=axis, keepdims=True) if x.shape[axis] else np.zeros(shape, np.int64)
