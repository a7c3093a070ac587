"""The lines that bring a call's arguments to the form that kernels expect."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lossgen.language import ELLIPSIS, Parameter, Tensor


@dataclass(frozen=True, slots=True)
class Preparation:
    """Statements before a kernel is called, and what follows from them.

    Attributes:
        lines: checks and conversions; they leave every argument in canonical form under its name.
        shape: the expression of the unreduced loss's shape as the caller sees it.
        folded: the same as the kernel sees it.
    """

    lines: tuple[str, ...]
    shape: str
    folded: str


def prepare(
    tensors: Sequence[Tensor],
    parameters: Sequence[Parameter],
    axes: Sequence[str],
    intake: str,
    *,
    doubts: bool,
    batch: str,
) -> Preparation:
    """Return the preparation of one case.

    Args:
        tensors: the case's tensors; the first is the prediction that decides shapes and dtypes.
        parameters: the case's parameters.
        axes: the axes of the unreduced loss.
        intake: a format of the backend's own first line, or empty.
        batch: a format that puts an axis of size 1 in front.
        doubts: labels may be unknown at the time of the call; then rows can only be spoilt later.
    """
    inputs = [tensor for tensor in tensors if tensor.kind != "weight"]
    return _Preparing(inputs[0], inputs, tensors, parameters, axes, doubts, batch).preparation(
        intake
    )


def parameter_check(parameter: Parameter) -> str:
    """Return the statement that refuses values of a parameter that are not allowed, or nothing."""
    name = parameter.name
    if parameter.positive:
        return f'check_positive("{name}", {name})'
    if parameter.lower is None and parameter.upper is None:
        return ""
    low = "-math.inf" if parameter.lower is None else repr(float(parameter.lower))
    high = "math.inf" if parameter.upper is None else repr(float(parameter.upper))
    return f'check_range("{name}", {name}, {low}, {high})'


def is_target(tensor: Tensor) -> bool:
    """Say whether a floating-point input is a target, which may be given as integers."""
    return tensor.name.startswith("target")


@dataclass(frozen=True, slots=True)
class _Preparing:
    first: Tensor
    inputs: Sequence[Tensor]
    tensors: Sequence[Tensor]
    parameters: Sequence[Parameter]
    axes: Sequence[str]
    doubts: bool
    batch: str

    def preparation(self, intake: str) -> Preparation:
        lines = [*self._checks(intake), *self._shapes(), *self._casts(), *self._folds()]
        flat = self.first.axes == (ELLIPSIS,)
        folded = f"{self.first.name}.shape" if flat else _tuple(map(self._folded_size, self.axes))
        shape = "()" if not self.axes else f"{self.first.name}.shape" if flat else "shape"
        if self._batch is not None and shape == "shape" and self._batch in self.axes:
            shape = "shape[1:] if single else shape"
        return Preparation(tuple(lines), shape, folded)

    @property
    def _batch(self) -> str | None:
        return self.first.batch

    def _checks(self, intake: str) -> Iterator[str]:
        names = [tensor.name for tensor in self.inputs]
        if intake:
            optional = [tensor.name for tensor in self.tensors if tensor.kind == "weight"]
            keywords = ", ".join(f"{name}={name}" for name in [*names, *optional])
            several = ", ".join(names) if names[1:] else f"{names[0]},"
            yield intake.format(names=several, keywords=keywords)
        floats = [t.name for t in self.inputs if t.kind == "float" and not is_target(t)]
        yield f"check_floating({', '.join(f'{name}={name}' for name in floats)})"
        yield from filter(None, map(parameter_check, self.parameters))
        yield f"dtype = {self.first.name}.dtype"
        yield f"working = working_dtype({self.first.name})"

    def _shapes(self) -> Iterator[str]:
        first = self.first
        named = [axis for axis in first.axes if axis != ELLIPSIS]
        if self._batch is not None:
            batched = [tensor.name for tensor in self.inputs if self._batch in tensor.axes]
            yield f"single = {first.name}.ndim == {len(named) - 1}"
            yield "if single:"
            several = ", ".join(map(self.batch.format, batched))
            yield f"    {', '.join(batched)} = {several}"
        if named:
            exact = ELLIPSIS not in first.axes
            yield f'check_rank("{first.name}", {first.name}, {len(named)}, exact={exact})'
        if named and self.axes:
            yield f"shape = {self._extent(self.axes)}"
        for tensor in self.inputs[1:]:
            shape = self._checked(tensor)
            yield f'check_shape("{tensor.name}", {tensor.name}, {shape}, "{first.name}")'
        for tensor in self.inputs:
            if tensor.kind == "label":
                classes = self._size(str(tensor.classes))
                results = f"{tensor.name}, doubt" if self.doubts else tensor.name
                given = f'"{tensor.name}", {tensor.name}, {classes}{self._ignored()}'
                yield f"{results} = check_labels({given})"

    def _checked(self, tensor: Tensor) -> str:
        return (
            "shape"
            if self.axes and tuple(tensor.axes) == tuple(self.axes) != (ELLIPSIS,)
            else self._extent(tensor.axes)
        )

    def _ignored(self) -> str:
        names = [p.name for p in self.parameters if p.kind == "integer"]
        return f", {names[0]}" if names else ""

    def _casts(self) -> Iterator[str]:
        for tensor in self.inputs:
            if tensor.kind == "float":
                yield f"{tensor.name} = to_working({tensor.name}, working)"
        for tensor in self.tensors:
            if tensor.kind == "weight":
                yield f"{tensor.name} = {self._weight(tensor)}"
        for parameter in self.parameters:
            if parameter.kind == "float":
                yield f"{parameter.name} = to_working({parameter.name}, working)"

    def _weight(self, tensor: Tensor) -> str:
        name, shape = tensor.name, self._extent(tensor.axes)
        call = f'"{name}", {name}, {shape}, working'
        if tensor.broadcast:
            return f"broadcast_weight({call})"
        if tensor.fewer is not None:
            return f"leading_weight({call}, keep={len(tensor.fewer)})"
        if tensor.optional and tensor.axes != (ELLIPSIS,):
            return f"axis_weight({call}, like={self.first.name})"
        return f"same_weight({call})"

    def _folds(self) -> Iterator[str]:
        for tensor in self.tensors:
            keep = len(tensor.axes) - 1
            if tensor.axes[-1:] == (ELLIPSIS,) and keep:
                yield f"{tensor.name} = fold({tensor.name}, {keep})"

    def _owner(self, axis: str) -> Tensor:
        return next(tensor for tensor in self.tensors if axis in tensor.axes)

    def _size(self, axis: str) -> str:
        owner = self._owner(axis)
        return f"{owner.name}.shape[{owner.axes.index(axis)}]"

    def _folded_size(self, axis: str) -> str:
        return self._size(axis)

    def _extent(self, axes: Sequence[str]) -> str:
        """Return the shape of some axes as an expression of the first tensor's, before folding."""
        own = self.first.axes
        if tuple(axes) == tuple(own):
            return f"{self.first.name}.shape"
        pieces: list[str] = []
        run: list[int] = []
        for axis in [*axes, None]:
            place = own.index(axis) if axis in own else None
            if run and (place is None or place != run[-1] + 1):
                pieces.append(self._slice(run))
                run = []
            if place is not None:
                run.append(place)
            elif axis is not None:
                pieces.append(f"({self._size(axis)},)")
        return " + ".join(pieces) or "()"

    def _slice(self, run: Sequence[int]) -> str:
        name, own = self.first.name, self.first.axes
        start = str(run[0]) if run[0] else ""
        if own[run[-1]] == ELLIPSIS:
            return f"{name}.shape[{start}:]"
        if len(run) == 1 and ELLIPSIS not in own and len(own) == 1:
            return f"{name}.shape"
        return f"{name}.shape[{start}:{run[-1] + 1}]"


def _tuple(items: Iterator[str]) -> str:
    parts = list(items)
    return "()" if not parts else f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"
