"""The formulas of a loss as the rules of differentiation use them: in full precision."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

Formula = Callable[..., Any]
Values = Sequence[Any]


@dataclass(frozen=True)
class Kernels:
    """The formulas of a loss. Its live arguments are differentiable, and tensors in this call."""

    value: Formula
    gradient: Formula
    tangent: Formula
    curvature: Formula
    places: tuple[int, ...]

    def live(self, args: Values) -> list[int]:
        return [place for place in self.places if isinstance(args[place], Tensor)]

    def run_value(self, args: Values) -> Tensor:
        return _exactly(self.value, *args)

    def run_gradient(self, upstream: Tensor, args: Values) -> tuple[Tensor, ...]:
        return self._chosen(args, _exactly(self.gradient, upstream, *args))

    def run_tangent(self, args: Values, along: Values) -> Tensor:
        return _exactly(self.tangent, *args, *self._tangents(args, along))

    def run_curvature(self, upstream: Tensor, args: Values, along: Values) -> tuple[Tensor, ...]:
        tangents = self._tangents(args, along)
        return self._chosen(args, _exactly(self.curvature, upstream, *args, *tangents))

    def spread(self, args: Values, results: Values, needed: Values) -> list[Any]:
        """Return one result per argument, None where it is constant or nobody asks for it."""
        found = dict(zip(self.live(args), results, strict=True))
        return [found.get(place) if wanted else None for place, wanted in enumerate(needed)]

    def motions(self, args: Values, changes: Values) -> list[Tensor]:
        """Return one tangent per live argument, given one or None per argument."""
        return [motion(args[place], changes[place]) for place in self.live(args)]

    def _tangents(self, args: Values, along: Values) -> list[Any]:
        found = dict(zip(self.live(args), along, strict=True))
        return [found.get(place, 0.0) for place in self.places]

    def _chosen(self, args: Values, results: Values) -> tuple[Tensor, ...]:
        pairs = [(result, args[k]) for k, result in zip(self.places, results, strict=True)]
        return tuple(_filled(result, arg) for result, arg in pairs if isinstance(arg, Tensor))


def _exactly(kernel: Formula, *args: Any) -> Any:
    # Autocast would run the matrix products of a kernel in half precision.
    device = next(arg.device.type for arg in args if isinstance(arg, Tensor))
    if torch.amp.is_autocast_available(device) and torch.is_autocast_enabled(device):
        with torch.autocast(device, enabled=False):
            return kernel(*args)
    return kernel(*args)


def _filled(result: Tensor | float, like: Tensor) -> Tensor:
    # A formula may say just 0.0, or one number for all entries.
    if not isinstance(result, Tensor):
        return torch.full_like(like, result)
    return result if result.shape == like.shape else result.expand(like.shape)


def owned(results: Values, inputs: Values) -> tuple[Tensor, ...]:
    """Return results that share no memory with inputs, with each other or within themselves.

    A Function must return such, but a linear loss gives its upstream back as it came.
    """
    taken = [_storage(tensor) for tensor in (*inputs, *results) if isinstance(tensor, Tensor)]
    return tuple(
        result.clone() if 0 in result.stride() or taken.count(_storage(result)) > 1 else result
        for result in results
    )


def _storage(tensor: Tensor) -> int:
    return id(tensor if tensor._base is None else tensor._base)


def motion(arg: Tensor, change: Tensor | None) -> Tensor:
    """Return a tangent; None is how forward mode says that an argument stays as it is."""
    return torch.zeros_like(arg) if change is None else change
