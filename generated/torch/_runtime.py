"""What all losses of this package share: checks, canonical shapes, reduction, base class."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

REDUCTIONS = ("none", "mean", "sum")


class Loss(nn.Module):
    """A loss with a reduction; its parameters show in its ``repr``."""

    __constants__: tuple[str, ...] = ("reduction",)
    reduction: str

    def __init__(self, reduction: str, choices: Sequence[str] = REDUCTIONS) -> None:
        check_reduction(reduction, choices)
        super().__init__()
        self.reduction = reduction

    def extra_repr(self) -> str:
        return ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__constants__)


def check_reduction(reduction: str, choices: Sequence[str] = REDUCTIONS) -> None:
    """Refuse an unknown reduction word."""
    if reduction not in choices:
        words = ", ".join(map(repr, choices))
        raise ValueError(f"reduction must be one of {words}, got {reduction!r}")


def check_floating(**tensors: Tensor) -> None:
    """Refuse integer predictions, whose loss could only be rounded."""
    for name, tensor in tensors.items():
        kind = tensor.dtype if isinstance(tensor, Tensor) else type(tensor).__name__
        if not (isinstance(tensor, Tensor) and tensor.is_floating_point()):
            raise TypeError(f"{name} must be a floating-point Tensor, got {kind}")


def check_device(**tensors: Tensor | None) -> None:
    """Refuse what is no tensor, or not on the device of the first; None stands for absent."""
    given = [(name, tensor) for name, tensor in tensors.items() if tensor is not None]
    for name, tensor in given:
        if not isinstance(tensor, Tensor):
            raise TypeError(f"{name} must be a Tensor, got {type(tensor).__name__}")
    like, first = given[0]
    for name, tensor in given:
        if tensor.device != first.device:
            raise ValueError(f"{name} must be on {first.device} as {like} is, got {tensor.device}")


def check_shape(name: str, tensor: Tensor, expected: Sequence[int], like: str) -> None:
    """Refuse what would broadcast silently."""
    if tensor.shape != tuple(expected):
        given = tuple(tensor.shape)
        raise ValueError(f"{name} must have shape {tuple(expected)} as {like} has, got {given}")


def check_labels(
    name: str, labels: Tensor, classes: int, ignore_index: int | None = None
) -> tuple[Tensor, Tensor | None]:
    """Refuse labels outside the classes, where looking at them does not wait for a device.

    Elsewhere return them as 0, and a factor that makes their own rows NaN.
    """
    if labels.is_floating_point() or labels.is_complex() or labels.dtype == torch.bool:
        raise TypeError(f"{name} must hold integer labels, got {labels.dtype}")
    labels = labels.long()
    invalid = (labels < 0) | (labels >= classes)
    if ignore_index is not None:
        invalid = invalid & (labels != ignore_index)
    if not _at_hand(labels):
        return labels.where(~invalid, 0), torch.where(invalid, math.nan, 1.0)
    if invalid.any():
        label = labels[invalid][0].item()
        raise ValueError(f"{name} must hold labels in [0, {classes}), got {label}")
    return labels, None


def check_positive(name: str, value: Tensor | float) -> None:
    """Refuse a number that is zero, negative or NaN."""
    if _is_number(name, value) and not value > 0:
        raise ValueError(f"{name} must be positive, got {value!r}")


def check_range(name: str, value: Tensor | float, low: float, high: float) -> None:
    """Refuse a number outside the closed interval."""
    if _is_number(name, value) and not low <= value <= high:
        raise ValueError(f"{name} must be in [{low}, {high}], got {value!r}")


def working_dtype(tensor: Tensor) -> torch.dtype:
    """Half precision is computed in float32 and rounded once, at the end."""
    return torch.float32 if tensor.dtype in (torch.float16, torch.bfloat16) else tensor.dtype


def to_working(tensor: Tensor | float, dtype: torch.dtype) -> Tensor | float:
    """Cast a tensor; a number stays one, which never widens a tensor."""
    return tensor.to(dtype) if isinstance(tensor, Tensor) else float(tensor)


def fold(tensor: Tensor | float, keep: int) -> Tensor | float:
    """Keep the first axes and merge all others into one, of size 1 where there is none."""
    if not isinstance(tensor, Tensor):
        return tensor
    return tensor.reshape(*tensor.shape[:keep], math.prod(tensor.shape[keep:]))


def spread(tensor: Tensor, shape: Sequence[int], name: str = "weight") -> Tensor:
    """Broadcast an optional tensor, which must not enlarge the loss."""
    try:
        return tensor.expand(tuple(shape))
    except RuntimeError:
        given = tuple(tensor.shape)
        raise ValueError(f"{name} must broadcast to shape {tuple(shape)}, got {given}") from None


def reduce(loss: Tensor, reduction: str, denominator: Tensor | None = None) -> Tensor:
    """Reduce a loss; the mean over nothing is NaN, the sum over nothing is 0."""
    if reduction == "none":
        return loss
    if reduction == "sum":
        return loss.sum()
    return loss.mean() if denominator is None else loss.sum() / denominator


def pick(x: Tensor, labels: Tensor, dim: int) -> Tensor:
    """Return the entry of each row that its label names."""
    return x.gather(dim, labels.unsqueeze(dim)).squeeze(dim)


def _is_number(name: str, value: Tensor | float) -> bool:
    # A parameter may be a 0-d tensor, which has a gradient; its value is not looked at.
    if isinstance(value, Tensor):
        if value.dim() != 0:
            raise ValueError(f"{name} must be a number or 0-d Tensor, got {tuple(value.shape)}")
        return False
    if not isinstance(value, (int, float, torch.SymInt, torch.SymFloat)):
        raise TypeError(f"{name} must be a number or 0-d Tensor, got {type(value).__name__}")
    return True


def _at_hand(tensor: Tensor) -> bool:
    # Eager values in memory: looking at others would wait for a device, or fail while tracing.
    return (
        not torch.compiler.is_compiling()
        and type(tensor) is Tensor
        and tensor.device.type == "cpu"
        and not torch.jit.is_tracing()
        and not torch._C._are_functorch_transforms_active()
    )


def check_rank(name: str, tensor: Tensor, rank: int, *, exact: bool) -> None:
    """Refuse too few axes, or too many."""
    if tensor.dim() < rank or (exact and tensor.dim() > rank):
        words = "" if exact else "at least "
        raise ValueError(f"{name} must have {words}{rank} axes, got shape {tuple(tensor.shape)}")


def is_integer(tensor: Tensor) -> bool:
    """Say whether a target holds labels."""
    return not (tensor.is_floating_point() or tensor.dtype == torch.bool)


def is_number(value: Tensor | float, number: float) -> bool:
    """Say whether a parameter is known to be a number; tensors are not looked at."""
    return not isinstance(value, Tensor) and value == number


def same_weight(
    name: str, weight: Tensor | None, shape: Sequence[int], dtype: torch.dtype
) -> Tensor | float:
    """Return a weight of just this shape, or 1 where it is absent."""
    if weight is None:
        return 1.0
    if weight.shape != shape:
        raise ValueError(f"{name} must have shape {tuple(shape)}, got {tuple(weight.shape)}")
    return weight.detach().to(dtype)


def axis_weight(
    name: str, weight: Tensor | None, shape: Sequence[int], dtype: torch.dtype, like: Tensor
) -> Tensor | float:
    """Return a weight of just this shape, or ones where it is absent."""
    if weight is None:
        return like.new_ones(tuple(shape), dtype=dtype)
    return same_weight(name, weight, shape, dtype)


def broadcast_weight(
    name: str, weight: Tensor | None, shape: Sequence[int], dtype: torch.dtype
) -> Tensor | float:
    """Return a weight spread over a shape, which it must not enlarge; 1 where it is absent."""
    return 1.0 if weight is None else spread(weight.detach().to(dtype), shape, name)


def leading_weight(
    name: str, weight: Tensor, shape: Sequence[int], dtype: torch.dtype, keep: int
) -> Tensor:
    """Return a weight of the whole shape or of its first axes, the others then of size 1."""
    given, first = tuple(weight.shape), tuple(shape[:keep])
    if given not in (first, tuple(shape)):
        raise ValueError(f"{name} must have shape {first} or {tuple(shape)}, got {given}")
    size = given if given == tuple(shape) else first + (1,) * (len(shape) - keep)
    return weight.detach().to(dtype).reshape(size)


def finish(
    loss: Tensor,
    reduction: str,
    dtype: torch.dtype,
    *,
    shape: Sequence[int] | None = None,
    denominator: Tensor | None = None,
    doubt: Tensor | None = None,
) -> Tensor:
    """Reduce a loss to the caller's shape and dtype; doubtful rows become NaN."""
    if doubt is not None:
        loss = loss.reshape(doubt.shape) * doubt
    loss = reduce(loss, reduction, denominator)
    if reduction == "none" and shape is not None:
        loss = loss.reshape(tuple(shape))
    return loss.to(dtype)


def cast_floats(dtype: torch.dtype, *tensors: Tensor) -> list[Tensor]:
    """Return floating-point tensors in a dtype; labels, and what checks refuse, as they are."""
    return [x.to(dtype) if x.is_floating_point() else x for x in tensors]


def finish_parts(parts: dict[str, Tensor], dtype: torch.dtype) -> tuple[Tensor, dict[str, Tensor]]:
    """Return the sum of the parts, rounded once, and the parts with the caller's dtype."""
    total = sum(parts.values())
    return total.to(dtype), {name: part.to(dtype) for name, part in parts.items()}


def positions(x: Tensor, axis: int) -> Tensor:
    """Return the places along an axis, shaped to compare with entries of x."""
    sizes = [1] * x.dim()
    sizes[axis] = -1
    return torch.arange(x.shape[axis], device=x.device).reshape(sizes)


def exp_difference(x: Tensor, y: Tensor) -> Tensor:
    """Return exp(x - y), with what the difference rounds away put back (Knuth, 1969)."""
    difference = x - y
    back = difference - x
    error = (x - (difference - back)) - (y + back)
    return torch.exp(difference) * (1.0 + torch.where(difference.isfinite(), error, 0.0))


def max_along(x: Tensor, axis: int) -> Tensor:
    """Return the largest entry along an axis, which stays; -inf where there is none."""
    if x.shape[axis] == 0:
        return torch.full_like(x.sum(dim=axis, keepdim=True), -math.inf)
    return x.amax(dim=axis, keepdim=True)


def argmax_along(x: Tensor, axis: int) -> Tensor:
    """Return the place of the largest entry along an axis, which stays."""
    if x.shape[axis] == 0:
        return torch.zeros_like(x.sum(dim=axis, keepdim=True), dtype=torch.long)
    return x.argmax(dim=axis, keepdim=True)


def sign(x: Tensor) -> Tensor:
    """Return -1, 0 or 1, and NaN for NaN, where torch.sign says 0."""
    return torch.where(x.isnan(), x, torch.sign(x))
