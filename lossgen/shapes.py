"""The lines that bring a call's arguments to the form that kernels expect."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from lossgen.language import ELLIPSIS, Parameter, Tensor


class Statement(NamedTuple):
    """A line of code, and the weight or merged tensor that it prepares, if it is for one alone."""

    code: str
    tensor: str = ""


@dataclass(frozen=True, slots=True)
class Preparation:
    """Statements before a kernel is called, and what follows from them.

    Attributes:
        lines: checks and conversions; they leave every argument in canonical form under its name.
        shape: the expression of the unreduced loss's shape as the caller sees it.
        folded: the same as the kernel sees it.
    """

    lines: tuple[Statement, ...]
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
    bring: str = "",
    ignored: str = "",
    factor: str = "",
    given: Sequence[Tensor] = (),
    late: Collection[str] = (),
    labelled: Collection[str] = (),
    filled: frozenset[str] = frozenset(),
) -> Preparation:
    """Return the preparation of one case.

    Args:
        tensors: the case's tensors; the first is the prediction that decides shapes and dtypes.
        parameters: the case's parameters.
        axes: the axes of the unreduced loss.
        intake: a format of the backend's own first line, or empty.
        batch: a format that puts an axis of size 1 in front.
        bring: a format that makes an array of a number, or empty.
        doubts: labels may be unknown at the time of the call; then rows can only be spoilt later.
        ignored: the parameter whose value stands for no class, or empty.
        factor: the weight that is no argument of the kernel, and may stay absent, or empty.
        given: the arguments of the call, where functions of the caller's make tensors of them.
        late: names of tensors that are cast, and whose axes are merged, where the kernel runs.
        labelled: names of inputs that hold labels in another case, if they are integers.
        filled: axes that must have entries, unless they count samples.
    """
    inputs = [tensor for tensor in tensors if not tensor.is_option]
    preparing = _Preparing(
        inputs[0],
        inputs,
        tensors,
        parameters,
        axes,
        doubts,
        batch,
        bring,
        ignored,
        factor,
        given or tensors,
        late,
        labelled,
        filled,
    )
    return preparing.preparation(intake)


def parameter_check(parameter: Parameter) -> str:
    """Return the statement that refuses values of a parameter that are not allowed, or nothing."""
    name = parameter.name
    if parameter.kind == "function":
        return f'check_function("{name}", {name}, {parameter.words!r})'
    if parameter.positive:
        return f'check_positive("{name}", {name})'
    check = "check_integer" if parameter.kind == "integer" else "check_range"
    if parameter.lower is None and parameter.upper is None:
        check = "check_number" if parameter.kind in ("float", "static") else check
        return "" if parameter.kind == "flag" else f'{check}("{name}", {name})'
    low = "-math.inf" if parameter.lower is None else repr(float(parameter.lower))
    high = "math.inf" if parameter.upper is None else repr(float(parameter.upper))
    return f'{check}("{name}", {name}, {low}, {high})'


def prepared_name(tensor: Tensor, factor: str = "") -> str:
    """Return the name of a prepared tensor; a weight that may be absent is then the number 1.

    That which is a factor of the whole loss stays absent.
    """
    may_be_one = tensor.optional and tensor.name != factor
    may_be_one = may_be_one and (tensor.broadcast or tensor.axes == (ELLIPSIS,))
    return f"{tensor.name}_or_one" if tensor.kind == "weight" and may_be_one else tensor.name


def _said(tensor: Tensor) -> str:
    """Return how errors call a tensor: what the caller knows it by."""
    return tensor.name if tensor.call is None else str(tensor.call)


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
    bring: str
    ignored: str
    factor: str
    given: Sequence[Tensor]
    late: Collection[str]
    labelled: Collection[str]
    filled: frozenset[str]

    def preparation(self, intake: str) -> Preparation:
        checks, casts = [*self._checks(intake)], [*self._casts()]
        if any("working" in cast.code for cast in casts):
            checks.append(f"working = working_dtype({self.first.name})")
        lines = [*map(Statement, [*checks, *self._shapes()]), *casts, *self._folds()]
        flat = self.first.axes == (ELLIPSIS,)
        flat = flat and bool(self.axes)
        folded = f"{self.first.name}.shape" if flat else _tuple(map(self._folded_size, self.axes))
        shape = "()" if not self.axes else f"{self.first.name}.shape" if flat else "shape"
        if self._batch is not None and shape == "shape" and self._batch in self.axes:
            shape = "shape[1:] if single else shape"
        return Preparation(tuple(lines), shape, folded)

    @property
    def _batch(self) -> str | None:
        return self.first.batch

    def _checks(self, intake: str) -> Iterator[str]:
        names = [tensor.name for tensor in self.given if not tensor.is_option]
        floats = [
            t.name for t in self.inputs if t.kind == "float" and not is_target(t) and t.call is None
        ]
        numbers = [t.name for t in self.inputs if t.broadcast] if self.bring else []
        if numbers:
            yield f"check_floating({floats[0]}={floats.pop(0)})"
            for name in numbers:
                yield f"{name} = {self.bring.format(name, like=self.first.name)}"
        if intake:
            optional = [tensor.name for tensor in self.given if tensor.is_option]
            keywords = ", ".join(f"{name}={name}" for name in [*names, *optional])
            several = ", ".join(names) if names[1:] else f"{names[0]},"
            inputs = ", ".join(f"{name}={name}" for name in names)
            yield intake.format(names=several, keywords=keywords, inputs=inputs)
        if floats:
            yield f"check_floating({', '.join(f'{name}={name}' for name in floats)})"
        yield from filter(None, map(parameter_check, self.parameters))
        for tensor in self.inputs:
            if tensor.lower is not None:
                yield f'check_least("{tensor.name}", {tensor.name}, {float(tensor.lower)!r})'
            if tensor.upper is not None:
                yield f'check_most("{tensor.name}", {tensor.name}, {float(tensor.upper)!r})'
        yield f"dtype = {self.first.name}.dtype"

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
            yield f'check_rank("{_said(first)}", {first.name}, {len(named)}, exact={exact})'
        yield from self._filled(first)
        for axis, length in first.sizes:
            expected = self._with_length(axis, length)
            yield f'check_shape("{_said(first)}", {first.name}, {expected}, "axis {axis}")'
        if named and self.axes:
            yield f"shape = {self._extent(self.axes)}"
        for tensor in self.inputs[1:]:
            if tensor.broadcast:
                continue
            if any(self._owner(axis) is tensor for axis in tensor.axes if axis != ELLIPSIS):
                exact = ELLIPSIS not in tensor.axes
                rank = len(tensor.axes) - (not exact)
                yield f'check_rank("{tensor.name}", {tensor.name}, {rank}, exact={exact})'
                yield from self._filled(tensor)
            given = f'"{_said(tensor)}", {tensor.name}, {self._checked(tensor)}'
            hint = ", or_labels=True" if self._might_be_labels(tensor) else ""
            yield f'check_shape({given}, "{self._like(tensor)}"{hint})'
        for tensor in self.inputs:
            if tensor.kind == "label" and tensor.classes is None:
                yield f'{tensor.name} = check_integers("{tensor.name}", {tensor.name})'
            elif tensor.kind == "label":
                classes = self._size(str(tensor.classes))
                results = f"{tensor.name}, doubt" if self.doubts else tensor.name
                given = f'"{tensor.name}", {tensor.name}, {classes}{self._ignored(tensor)}'
                yield f"{results} = check_labels({given})"

    def _filled(self, tensor: Tensor) -> Iterator[str]:
        """Yield checks of axes but the first, which counts samples: there may be none."""
        needed = self.filled - {ELLIPSIS, *dict(tensor.sizes)}
        for axis in tensor.axes[1:]:
            if axis in needed and self._owner(axis) is tensor:
                place = _place(tensor.axes, axis)
                yield f'check_filled("{_said(tensor)}", {tensor.name}, {place})'

    def _with_length(self, axis: str, length: int) -> str:
        """Return the first tensor's shape as it should be along an axis."""
        first, place = self.first, self.first.axes.index(axis)
        if ELLIPSIS not in first.axes:
            return _tuple(str(length) if a == axis else self._size(a) for a in first.axes)
        before = _place(first.axes, axis)
        after = f" + {first.name}.shape[{before + 1}:]" if first.axes[place + 1 :] else ""
        return f"{first.name}.shape[:{before}] + ({length},){after}"

    def _checked(self, tensor: Tensor) -> str:
        return (
            "shape"
            if self.axes and tuple(tensor.axes) == tuple(self.axes) != (ELLIPSIS,)
            else self._extent(tensor.axes)
        )

    def _like(self, tensor: Tensor) -> str:
        """Return how errors call what a tensor has the shape of."""
        own = self.first.axes
        for place, axis in enumerate(own):
            if (*own[:place], *own[place + 1 :]) == tuple(tensor.axes) != (ELLIPSIS,):
                return f"{_said(self.first)} without axis {_place(own, axis)}"
        return _said(self.first)

    def _might_be_labels(self, tensor: Tensor) -> bool:
        return tensor.kind == "float" and tensor.name in self.labelled

    def _ignored(self, tensor: Tensor) -> str:
        if tensor.ignored is not None:
            return f", {tensor.ignored}"
        return f", {self.ignored}" if self.ignored else ""

    def _casts(self) -> Iterator[Statement]:
        for tensor in self.inputs:
            # What is spread is cast before, as its gradient is a sum.
            late = tensor.name in self.late and not (tensor.broadcast or tensor.call)
            if tensor.kind == "float" and not late:
                yield Statement(f"{tensor.name} = to_working({tensor.name}, working)")
            if tensor.broadcast:
                given = f'"{tensor.name}", {tensor.name}, {self._extent(tensor.axes)}'
                spread = "broadcast_rows" if tensor.per_row else "broadcast_input"
                yield Statement(f"{tensor.name} = {spread}({given})")
        for tensor in self.tensors:
            if tensor.name == self.factor and tensor.optional:
                keep, weight = self._kept(tensor), self._weight(tensor)
                yield Statement(f"if {tensor.name} is not None:")
                merged = weight if keep is None else f"fold({weight}, {keep})"
                yield Statement(f"    {tensor.name} = {merged}")
            elif tensor.is_option:
                name = prepared_name(tensor, self.factor)
                absent = f"1.0 if {tensor.name} is None else " if name != tensor.name else ""
                yield Statement(f"{name} = {absent}{self._weight(tensor)}", tensor.name)
        for parameter in self.parameters:
            if parameter.kind == "float":
                yield Statement(f"{parameter.name} = to_working({parameter.name}, working)")
            elif parameter.kind == "static":
                yield Statement(f"{parameter.name} = float({parameter.name})")

    def _weight(self, tensor: Tensor) -> str:
        name, shape = tensor.name, self._extent(tensor.axes)
        call = f'"{name}", {name}, {shape}, working'
        if tensor.layer is not None:
            return f"trained({call}, like={self.first.name})"
        if tensor.broadcast:
            return f"broadcast_weight({call})"
        if tensor.fewer is not None:
            return f"leading_weight({call}, keep={len(tensor.fewer)})"
        if tensor.optional and tensor.axes != (ELLIPSIS,):
            return f"axis_weight({call}, like={self.first.name})"
        return f"same_weight({call})"

    def _folds(self) -> Iterator[Statement]:
        for tensor in self.tensors:
            keep = self._kept(tensor)
            optional = tensor.name == self.factor and tensor.optional
            if keep is not None and not optional and tensor.name not in self.late:
                name = prepared_name(tensor, self.factor)
                yield Statement(f"{name} = fold({name}, {keep})", tensor.name)

    def _kept(self, tensor: Tensor) -> int | None:
        """Return how many axes stay when the others become one: the first, or minus the last."""
        among_others = any(ELLIPSIS in t.axes != (ELLIPSIS,) for t in self.tensors)
        if ELLIPSIS not in tensor.axes or not (among_others or not self.axes):
            return None
        return tensor.axes.index(ELLIPSIS) or 1 - len(tensor.axes)

    def _owner(self, axis: str) -> Tensor:
        return next(tensor for tensor in self.tensors if axis in tensor.axes)

    def _size(self, axis: str) -> str:
        owner = self._owner(axis)
        return f"{owner.name}.shape[{_place(owner.axes, axis)}]"

    def _folded_size(self, axis: str) -> str:
        owner = self._owner(axis)
        return f"{owner.name}.shape[{owner.axes.index(axis)}]"

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
        if len(pieces) > 1 and ELLIPSIS not in axes:
            return _tuple(map(self._size, axes))
        return " + ".join(pieces) or "()"

    def _slice(self, run: Sequence[int]) -> str:
        name, own = self.first.name, self.first.axes
        if len(run) == 1 and ELLIPSIS not in own and len(own) == 1:
            return f"{name}.shape"
        start = str(_place(own, own[run[0]])) if run[0] else ""
        after = run[-1] + 1
        stop = "" if own[run[-1]] == ELLIPSIS or own[0] == ELLIPSIS else str(after)
        if own[0] == ELLIPSIS and own[after:]:
            stop = str(after - len(own))
        return f"{name}.shape[{start}:{stop}]"


def _place(axes: Sequence[str], axis: str) -> int:
    """Return the place of an axis, from the end where any number of axes may stand before it."""
    place = axes.index(axis)
    return place - len(axes) if place and axes[0] == ELLIPSIS else place


def _tuple(items: Iterator[str]) -> str:
    parts = list(items)
    return "()" if not parts else f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"
