"""What all losses of this package share: derivatives, checks, canonical shapes, reduction."""

import math
import numbers
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax.custom_derivatives import SymbolicZero

_ARRAY = object()


def differentiable(value, partials, tangent, partials_tangent, arguments, wrt):
    """Join analytic kernels to one function with a first and a second derivative.

    Reverse mode sees through a rule that is given tangents: it would differentiate `tangent` by
    its own rules. So the slopes are a function of the arguments alone, with a rule of their own.
    What is no array (a Python number, None) stays as it is and is constant.
    """
    places = tuple(arguments.index(name) for name in wrt)

    @partial(jax.custom_jvp, nondiff_argnums=(0,))
    def loss(constants, *arrays):
        return value(*_merge(constants, arrays))

    @partial(jax.custom_jvp, nondiff_argnums=(0,))
    def slopes(constants, *arrays):
        return partials(*_merge(constants, arrays))

    @partial(loss.defjvp, symbolic_zeros=True)
    def _loss_rule(constants, primals, tangents):
        result, known = loss(constants, *primals), slopes(constants, *primals)
        args = _merge(constants, primals)
        return result, _push(partial(tangent, known, *args), args, _changes(constants, tangents))

    @partial(slopes.defjvp, symbolic_zeros=True)
    def _slopes_rule(constants, primals, tangents):
        args = _merge(constants, primals)
        change = _push(partial(partials_tangent, *args), args, _changes(constants, tangents))
        return slopes(constants, *primals), change

    def _push(linear, args, tangents):
        return _apply(linear, [args[k] for k in places], [tangents[k] for k in places])

    def call(*args):
        constants = tuple(_ARRAY if _is_array(arg) else arg for arg in args)
        return loss(constants, *filter(_is_array, args))

    return call


def _is_array(value):
    return isinstance(value, jax.Array | np.ndarray)


def _merge(constants, arrays):
    """Put the arrays back between the arguments that are none."""
    arrays = iter(arrays)
    return [next(arrays) if entry is _ARRAY else entry for entry in constants]


def _changes(constants, tangents):
    """Return the tangents of all arguments, None for those that do not change."""
    moving = [None if _is_zero(tangent) else tangent for tangent in tangents]
    return _merge([entry if entry is _ARRAY else None for entry in constants], moving)


def _is_zero(tangent):
    # Integers have tangents of a type without values.
    return isinstance(tangent, SymbolicZero) or jnp.result_type(tangent) == jax.dtypes.float0


def _apply(linear, args, tangents):
    """Apply a linear map without the terms of the arguments that do not change.

    They would be 0 * slope, which is NaN where a slope is infinite. A linear map is its own
    derivative, and JAX leaves such terms out of a derivative.
    """
    if all(tangent is not None for tangent in tangents):
        return linear(*tangents)

    def restricted(*changing):
        return linear(*_merge(entries, changing))

    zeros = [jnp.zeros_like(arg) for arg in args]
    entries = [z if t is None else _ARRAY for z, t in zip(zeros, tangents, strict=True)]
    changing = tuple(tangent for tangent in tangents if tangent is not None)
    if not changing:
        return jax.tree.map(jnp.zeros_like, linear(*zeros))
    return jax.jvp(restricted, tuple(map(jnp.zeros_like, changing)), changing)[1]


def check_reduction(reduction, choices=("none", "mean", "sum")):
    """Return a known reduction word."""
    if reduction not in choices:
        words = ", ".join(map(repr, choices))
        raise ValueError(f"reduction must be one of {words}, got {reduction!r}")
    return reduction


def check_floating(**tensors):
    """Refuse integer predictions, whose loss could only be rounded, and what is no array."""
    for name, tensor in tensors.items():
        if not (_is_array(tensor) or isinstance(tensor, numbers.Number)):
            kind = type(tensor).__name__
            raise TypeError(f"{name} must be a floating-point array, got {kind}")
        dtype = jnp.result_type(tensor)
        if not jnp.issubdtype(dtype, jnp.floating):
            raise TypeError(f"{name} must be a floating-point array, got dtype {dtype}")


def check_shape(name, tensor, expected, like):
    """Refuse what would broadcast silently."""
    if jnp.shape(tensor) != tuple(expected):
        raise ValueError(
            f"{name} must have shape {tuple(expected)} as {like} has, got {jnp.shape(tensor)}"
        )


def check_labels(name, labels, classes, ignore_index=None):
    """Refuse labels outside the classes, where their values are known.

    Elsewhere return them as 0, and a factor that makes their own rows NaN.
    """
    if not jnp.issubdtype(labels.dtype, jnp.integer):
        raise TypeError(f"{name} must hold integer labels, got dtype {labels.dtype}")
    if not _is_at_hand(labels):
        labels = jnp.asarray(labels, int)
        invalid = _is_invalid(labels, classes, ignore_index)
        return jnp.where(invalid, 0, labels), jnp.where(invalid, jnp.nan, 1.0)
    # In NumPy: under jit, JAX traces what it computes of known arrays too.
    known = np.asarray(labels)
    invalid = _is_invalid(known, classes, ignore_index)
    if invalid.any():
        raise ValueError(f"{name} must hold labels in [0, {classes}), got {known[invalid][0]}")
    return jnp.asarray(labels, int), None


def _is_at_hand(tensor):
    # Arrays of several processes cannot be read by one of them.
    return not isinstance(tensor, jax.core.Tracer) and getattr(tensor, "is_fully_addressable", True)


def _is_invalid(labels, classes, ignore_index):
    outside = (labels < 0) | (labels >= classes)
    return outside if ignore_index is None else outside & (labels != ignore_index)


def check_positive(name, value):
    """Refuse a number that is zero, negative or NaN."""
    if _is_number(name, value) and not value > 0:
        raise ValueError(f"{name} must be positive, got {value!r}")


def check_range(name, value, low, high):
    """Refuse a number outside the closed interval."""
    if _is_number(name, value) and not low <= value <= high:
        raise ValueError(f"{name} must be in [{low}, {high}], got {value!r}")


def _is_number(name, value):
    # A parameter may be a scalar array, which has a gradient; its value is not looked at.
    if isinstance(value, numbers.Real):
        return True
    if not _is_array(value):
        kind = type(value).__name__
        raise TypeError(f"{name} must be a number or a scalar array, got {kind}")
    if value.ndim:
        raise ValueError(f"{name} must be a number or a scalar array, got shape {value.shape}")
    return False


def working_dtype(tensor):
    """Half precision is computed in float32 and rounded once, at the end."""
    dtype = jnp.result_type(tensor)
    return jnp.dtype(jnp.float32) if jnp.finfo(dtype).bits < 32 else dtype


def to_working(tensor, dtype):
    """Cast an array; numbers become Python floats, which never widen an array."""
    return float(tensor) if isinstance(tensor, numbers.Real) else jnp.asarray(tensor, dtype)


def fold(tensor, keep):
    """Keep the first axes and merge all others into one, of size 1 where there is none."""
    if isinstance(tensor, float):
        return tensor
    shape = tensor.shape
    return tensor.reshape(*shape[:keep], math.prod(shape[keep:]))


def spread(tensor, shape, name="weight"):
    """Broadcast an optional tensor, which must not enlarge the loss."""
    try:
        return jnp.broadcast_to(tensor, shape)
    except ValueError:
        given = jnp.shape(tensor)
        raise ValueError(f"{name} must broadcast to shape {tuple(shape)}, got {given}") from None


def reduce(loss, reduction, denominator=None):
    """Reduce a loss; the mean over nothing is NaN, the sum over nothing is 0."""
    if reduction == "none":
        return loss
    count = float(loss.size) if denominator is None else denominator
    return loss.sum() if reduction == "sum" else loss.sum() / count


def as_arrays(*tensors):
    """Return arrays; what NumPy can read becomes one.

    Its integers stay in NumPy: JAX would cut off large labels, or trace them, before the check.
    """
    return tuple(t if _is_numpy_integer(t) else jnp.asarray(t) for t in tensors)


def _is_numpy_integer(tensor):
    return isinstance(tensor, np.ndarray) and jnp.issubdtype(tensor.dtype, jnp.integer)


def check_rank(name, tensor, rank, *, exact):
    """Refuse too few axes, or too many."""
    if tensor.ndim < rank or (exact and tensor.ndim > rank):
        words = "" if exact else "at least "
        raise ValueError(f"{name} must have {words}{rank} axes, got shape {tensor.shape}")


def is_integer(tensor):
    """Say whether a target holds labels."""
    return jnp.issubdtype(jnp.result_type(tensor), jnp.integer)


def is_number(value, number):
    """Say whether a parameter is known to be a number; arrays are not looked at."""
    return isinstance(value, numbers.Real) and value == number


def same_weight(name, weight, shape, dtype):
    """Return a weight of just this shape, or 1 where it is absent."""
    if weight is None:
        return 1.0
    check_shape(name, weight, shape, "the loss")
    return jax.lax.stop_gradient(jnp.asarray(weight, dtype))


def axis_weight(name, weight, shape, dtype, like):
    """Return a weight of just this shape, or ones where it is absent."""
    return jnp.ones(shape, dtype) if weight is None else same_weight(name, weight, shape, dtype)


def broadcast_weight(name, weight, shape, dtype):
    """Return a weight spread over a shape, which it must not enlarge; 1 where it is absent."""
    if weight is None:
        return 1.0
    return spread(jax.lax.stop_gradient(jnp.asarray(weight, dtype)), shape, name)


def leading_weight(name, weight, shape, dtype, keep):
    """Return a weight of the whole shape or of its first axes, the others then of size 1."""
    given, first = jnp.shape(weight), shape[:keep]
    if given not in (first, shape):
        raise ValueError(f"{name} must have shape {first} or {shape}, got {given}")
    size = given if given == shape else first + (1,) * (len(shape) - keep)
    return jax.lax.stop_gradient(jnp.asarray(weight, dtype)).reshape(size)


def finish(loss, reduction, dtype, *, shape=None, denominator=None, doubt=None):
    """Reduce a loss and return it with the caller's shape and dtype; doubtful rows become NaN."""
    if doubt is not None:
        loss = loss.reshape(doubt.shape) * doubt
    loss = reduce(loss, reduction, denominator)
    if reduction == "none" and shape is not None:
        loss = loss.reshape(shape)
    return loss.astype(dtype)


def pick(x, labels, axis):
    """Return the entry of each row that its label names."""
    return jnp.take_along_axis(x, jnp.expand_dims(labels, axis), axis).squeeze(axis)


def cast_floats(dtype, *tensors):
    """Return floating-point arrays in a dtype; labels, and what checks will refuse, as they are."""
    return [x.astype(dtype) if jnp.issubdtype(x.dtype, jnp.floating) else x for x in tensors]


def finish_parts(parts, dtype):
    """Return the sum of the parts, rounded once, and the parts with the caller's dtype."""
    total = sum(parts.values())
    return total.astype(dtype), {name: part.astype(dtype) for name, part in parts.items()}


def positions(x, axis):
    """Return the places along an axis, shaped to compare with entries of x."""
    sizes = [1] * x.ndim
    sizes[axis] = -1
    return jnp.arange(x.shape[axis]).reshape(sizes)


def exp_difference(x, y):
    """Return exp(x - y), with what the difference rounds away put back (Knuth, 1969)."""
    difference = x - y
    back = difference - x
    error = (x - (difference - back)) - (y + back)
    return jnp.exp(difference) * (1.0 + jnp.where(jnp.isfinite(difference), error, 0.0))


def max_along(x, axis):
    """Return the largest entry along an axis, which stays; -inf where there is none."""
    return jnp.max(x, axis=axis, keepdims=True, initial=-jnp.inf)


def argmax_along(x, axis):
    """Return the place of the largest entry along an axis, which stays."""
    if x.shape[axis] == 0:
        return jnp.zeros_like(x.sum(axis=axis, keepdims=True), dtype=int)
    return jnp.argmax(x, axis=axis, keepdims=True)
