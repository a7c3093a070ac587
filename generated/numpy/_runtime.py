"""What all losses of this package share: checks, canonical shapes, reduction, summation."""

import numbers
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

Array = NDArray[Any]


def check_reduction(reduction: str, choices: Sequence[str] = ("none", "mean", "sum")) -> None:
    """Refuse an unknown reduction word."""
    if reduction not in choices:
        words = ", ".join(map(repr, choices))
        raise ValueError(f"reduction must be one of {words}, got {reduction!r}")


def as_arrays(*tensors: ArrayLike) -> tuple[Array, ...]:
    """Return arrays; lists and numbers become arrays."""
    return tuple(map(np.asarray, tensors))


def check_floating(**tensors: Array) -> None:
    """Refuse integer predictions, whose loss could only be rounded."""
    for name, tensor in tensors.items():
        if not np.issubdtype(tensor.dtype, np.floating):
            raise TypeError(f"{name} must be a floating-point array, got dtype {tensor.dtype}")


def check_rank(name: str, tensor: Array, rank: int, *, exact: bool) -> None:
    """Refuse too few axes, or too many."""
    if tensor.ndim < rank or (exact and tensor.ndim > rank):
        words = "" if exact else "at least "
        raise ValueError(f"{name} must have {words}{rank} axes, got shape {tensor.shape}")


def check_shape(name: str, tensor: Array, expected: tuple[int, ...], like: str) -> None:
    """Refuse what would broadcast silently."""
    if tensor.shape != expected:
        raise ValueError(f"{name} must have shape {expected} as {like} asks, got {tensor.shape}")


def check_labels(name: str, labels: Array, classes: int, ignore_index: int | None = None) -> Array:
    """Return labels; refuse those that would pick another row's value, or none."""
    if not np.issubdtype(labels.dtype, np.integer):
        raise TypeError(f"{name} must hold integer labels, got dtype {labels.dtype}")
    invalid = (labels < 0) | (labels >= classes)
    if ignore_index is not None:
        invalid &= labels != ignore_index
    if invalid.any():
        raise ValueError(f"{name} must hold labels in [0, {classes}), got {labels[invalid][0]}")
    return labels


def check_positive(name: str, value: ArrayLike) -> None:
    """Refuse a parameter that is zero, negative or NaN."""
    if not np.all(np.asarray(value) > 0):
        raise ValueError(f"{name} must be positive, got {value!r}")


def check_range(name: str, value: ArrayLike, low: float, high: float) -> None:
    """Refuse a parameter outside the closed interval."""
    if not np.all((np.asarray(value) >= low) & (np.asarray(value) <= high)):
        raise ValueError(f"{name} must be in [{low}, {high}], got {value!r}")


def is_integer(tensor: ArrayLike) -> bool:
    """Say whether a target holds labels."""
    return bool(np.issubdtype(np.asarray(tensor).dtype, np.integer))


def is_number(value: Any, number: float) -> bool:
    """Say whether a parameter is known to be a number."""
    return isinstance(value, numbers.Real) and float(value) == number


def working_dtype(tensor: Array) -> DTypeLike:
    """Half precision is computed in float32 and rounded once, at the end."""
    return np.float32 if tensor.dtype == np.float16 else tensor.dtype


def to_working(tensor: Any, dtype: DTypeLike) -> Any:
    """Cast an array; numbers become Python floats, which never widen an array."""
    return float(tensor) if isinstance(tensor, numbers.Real) else np.asarray(tensor, dtype=dtype)


def fold(tensor: Any, keep: int) -> Any:
    """Merge all axes after the first ones into one, of size 1 where there is none."""
    if isinstance(tensor, float):
        return tensor
    rest = int(np.prod(tensor.shape[keep:], dtype=np.int64))
    return tensor.reshape(*tensor.shape[:keep], rest)


def same_weight(
    name: str, weight: ArrayLike | None, shape: tuple[int, ...], dtype: DTypeLike
) -> Any:
    """Return a weight of just this shape, or 1 where it is absent."""
    if weight is None:
        return 1.0
    array = np.asarray(weight, dtype=dtype)
    if array.shape != shape:
        raise ValueError(f"{name} must have shape {shape}, got {array.shape}")
    return array


def axis_weight(
    name: str, weight: ArrayLike | None, shape: tuple[int, ...], dtype: DTypeLike, like: Array
) -> Array:
    """Return a weight of just this shape, or ones where it is absent."""
    return np.ones(shape, dtype) if weight is None else same_weight(name, weight, shape, dtype)


def broadcast_weight(
    name: str, weight: ArrayLike | None, shape: tuple[int, ...], dtype: DTypeLike
) -> Any:
    """Return a weight broadcast to a shape, which it must not enlarge; 1 where it is absent."""
    if weight is None:
        return 1.0
    array = np.asarray(weight, dtype=dtype)
    try:
        return np.broadcast_to(array, shape)
    except ValueError:
        message = f"{name} must broadcast to shape {shape}, got {array.shape}"
        raise ValueError(message) from None


def leading_weight(
    name: str, weight: ArrayLike, shape: tuple[int, ...], dtype: DTypeLike, keep: int
) -> Array:
    """Return a weight of the whole shape or of its first axes, the others then of size 1."""
    array = np.asarray(weight, dtype=dtype)
    if array.shape == shape:
        return array
    if array.shape != shape[:keep]:
        raise ValueError(f"{name} must have shape {shape[:keep]} or {shape}, got {array.shape}")
    return array.reshape(array.shape + (1,) * (len(shape) - keep))


@dataclass(frozen=True)
class Case:
    """One call of a loss: its kernels, their arguments, and the way back to the caller's shapes.

    `inputs` are the caller's differentiable inputs by name; `folded` is the shape of the
    unreduced loss in the kernels, `shape` the one the caller sees.
    """

    kernels: tuple[Callable[..., Any], ...]
    arguments: tuple[Any, ...]
    inputs: dict[str, Array]
    reduction: str
    dtype: DTypeLike
    shape: tuple[int, ...]
    folded: tuple[int, ...]
    denominator: Any = None

    def value(self) -> Any:
        """Return the reduced loss in the dtype of the prediction."""
        with np.errstate(all="ignore"):
            loss = np.asarray(self.kernels[0](*self.arguments))
            if self.reduction == "none":
                return loss.astype(self.dtype).reshape(self.shape)[()]
            loss = total(loss)
            if self.reduction == "mean":
                loss = np.divide(loss, self._count())
            return np.asarray(loss, dtype=self.dtype)[()]

    def gradients(self) -> dict[str, Array]:
        """Return the gradient of the reduced loss by each input; of the sum where unreduced."""
        return self._derivatives(self.kernels[1])

    def hessian_diagonals(self) -> dict[str, Array]:
        """Return the diagonal of the second derivative by each input."""
        return self._derivatives(self.kernels[2])

    def _derivatives(self, kernel: Callable[..., Any]) -> dict[str, Array]:
        with np.errstate(all="ignore"):
            upstream = np.ones(self.folded, working_dtype(next(iter(self.inputs.values()))))
            if self.reduction == "mean":
                upstream = np.divide(upstream, self._count(), dtype=upstream.dtype)
            results = kernel(upstream, *self.arguments)
            pairs = zip(self.inputs.items(), results, strict=False)
            return {
                name: np.array(result, dtype=given.dtype).reshape(given.shape)
                for (name, given), result in pairs
                if np.issubdtype(given.dtype, np.floating)
            }

    def _count(self) -> Any:
        return np.prod(self.folded) if self.denominator is None else self.denominator


def added(cases: dict[str, Case]) -> Any:
    """Return the loss: the sum of its parts, with the dtype of the first."""
    values = [case.value() for case in cases.values()]
    return values[0] if len(values) == 1 else values[0].dtype.type(sum(values))


def merge(*derivatives: dict[str, Array]) -> dict[str, Array]:
    """Add up the derivatives of parts by the names of the inputs."""
    merged: dict[str, Array] = {}
    for part in derivatives:
        for name, derivative in part.items():
            merged[name] = merged[name] + derivative if name in merged else derivative
    return merged


def total(array: Any, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Any:
    """Sum in pairs: np.sum over a leading axis adds row after row and loses bits."""
    if axis is None:
        return np.ravel(array, order="A").sum()
    axes = (axis,) if isinstance(axis, int) else axis
    rows = np.moveaxis(array, axes, range(len(axes)))
    rows = rows.reshape(-1, *rows.shape[len(axes) :])
    while len(rows) > 8:
        half = (len(rows) + 1) // 2
        rest, rows = rows[half:], rows[:half].copy()
        rows[: len(rest)] += rest
    result = rows.sum(axis=0)
    return np.expand_dims(result, axes) if keepdims else result


def sigmoid(x: Any) -> Any:
    """Return 1 / (1 + exp(-x)) without an overflow in either tail."""
    decay = np.exp(-np.abs(x))
    return np.where(x < 0, decay, 1.0) / (1.0 + decay)


def pick(x: Array, labels: Array, axis: int) -> Array:
    """Return the entry of each row that its label names."""
    return np.take_along_axis(x, np.expand_dims(labels, axis), axis).squeeze(axis)


def positions(x: Array, axis: int) -> Array:
    """Return the places along an axis, shaped to compare with entries of x."""
    sizes = [1] * np.ndim(x)
    sizes[axis] = -1
    return np.arange(x.shape[axis]).reshape(sizes)


def exp_difference(x: Array, y: Array) -> Array:
    """Return exp(x - y), with what the difference rounds away put back (Knuth, 1969)."""
    difference = x - y
    back = difference - x
    error = (x - (difference - back)) - (y + back)
    return np.exp(difference) * (1.0 + np.where(np.isfinite(difference), error, 0.0))


def max_along(x: Array, axis: int) -> Array:
    """Return the largest entry along an axis, which stays; -inf where there is none."""
    return x.max(axis=axis, keepdims=True, initial=-np.inf)


def argmax_along(x: Array, axis: int) -> Array:
    """Return the place of the largest entry along an axis, which stays."""
    shape = np.sum(x, axis=axis, keepdims=True).shape
    return x.argmax(axis=axis, keepdims=True) if x.shape[axis] else np.zeros(shape, np.int64)


def represent(loss: object, *names: str) -> str:
    """Return a loss as it was made, for its `repr`."""
    options = ", ".join(f"{name}={getattr(loss, name)!r}" for name in names)
    return f"{type(loss).__name__}({options})"
