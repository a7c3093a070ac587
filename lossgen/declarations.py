"""What a spec declares: tensors along named axes, labels, weights and parameters.

All symbols are real; an axis is a lower-case word, and ``...`` stands for any number of trailing
axes taken together.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import Any

from sympy import Expr, Symbol

from lossgen.axes import ELLIPSIS, split_axes
from lossgen.operations import at

_declared = count()


@dataclass(frozen=True, slots=True)
class Tensor:
    """A declared tensor argument.

    Attributes:
        kind: ``"float"`` (prediction or target), ``"label"`` (integers) or ``"weight"``
            (a constant).
        optional: it may be absent, and then counts as ``1``.
        fewer: the axes that suffice where the tensor may also be given without the others.
        broadcast: it may have any shape that broadcasts to the axes, as in torch.
        function_only: a keyword of the function that the class does not have.
    """

    name: str
    axes: tuple[str, ...]
    kind: str = "float"
    optional: bool = False
    batch: str | None = None
    fewer: tuple[str, ...] | None = None
    broadcast: bool = False
    function_only: bool = False
    doc: str = ""
    classes: str | None = None
    order: int = field(default_factory=lambda: next(_declared), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A declared parameter: ``kind`` is ``"float"``, ``"integer"`` or ``"flag"``."""

    name: str
    default: Any
    kind: str = "float"
    positive: bool = False
    lower: float | None = None
    upper: float | None = None
    doc: str = ""
    order: int = field(default_factory=lambda: next(_declared), compare=False, repr=False)


class Ref(Symbol):
    """A tensor seen along named axes: ``input[n,c]``."""

    __slots__ = ("indices", "tensor")

    def __new__(cls, tensor: Tensor, indices: tuple[str, ...]) -> Ref:
        """Return the one symbol of this tensor along these axes."""
        name = f"{tensor.name}[{','.join(indices)}]" if indices else tensor.name
        assumptions = {"integer": True} if tensor.kind == "label" else {"real": True}
        self = Symbol.__xnew__(cls, name, **assumptions)
        self.tensor = tensor
        self.indices = indices
        return self

    def __getnewargs_ex__(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return (self.tensor, self.indices), {}

    def _latex(self, printer: Any) -> str:
        name = rf"\mathrm{{{self.tensor.name}}}".replace("_", r"\_")
        axes = ", ".join(axis for axis in self.indices if axis != ELLIPSIS)
        return rf"{name}_{{{axes}}}" if axes else name

    def at(self, axes: str | None = None, **index: Any) -> Expr:
        """Read along other axes, ``x.at("j d")``, or pick along one, ``x.at(c=target)``."""
        ref = self if axes is None else Ref(self.tensor, self._renamed(axes))
        if not index:
            return ref
        return at(ref, **index)

    def _renamed(self, axes: str) -> tuple[str, ...]:
        indices = split_axes(axes)
        if len(indices) != len(self.tensor.axes):
            raise ValueError(
                f"{self.tensor.name} has axes '{' '.join(self.tensor.axes)}', so it cannot be read "
                f"at '{axes}': name {len(self.tensor.axes)} axes"
            )
        return indices


class ParameterSymbol(Symbol):
    """A parameter inside a formula."""

    __slots__ = ("parameter",)

    def __new__(cls, parameter: Parameter) -> ParameterSymbol:
        """Return the one symbol of this parameter."""
        assumptions = {"positive": True} if parameter.positive else {"real": True}
        self = Symbol.__xnew__(cls, parameter.name, **assumptions)
        self.parameter = parameter
        return self

    def __getnewargs_ex__(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return (self.parameter,), {}

    def _latex(self, printer: Any) -> str:
        greek = {"alpha", "beta", "gamma", "delta", "epsilon", "sigma", "tau", "mu", "rho"}
        name = self.parameter.name
        return rf"\{name}" if name in greek else rf"\mathrm{{{name}}}".replace("_", r"\_")


def tensor(name: str, axes: str = ELLIPSIS, *, batch: str | None = None, doc: str = "") -> Ref:
    """Declare a floating-point prediction or target.

    Args:
        name: the argument's name in generated code.
        axes: its axes, such as ``"n c ..."``.
        batch: the axis that a single sample goes without.
        doc: one sentence for the documentation.
    """
    declared = Tensor(name, split_axes(axes), batch=batch, doc=doc)
    return Ref(declared, declared.axes)


def label(name: str, axes: str, *, classes: str, batch: str | None = None, doc: str = "") -> Ref:
    """Declare integer labels that index the axis ``classes``."""
    declared = Tensor(name, split_axes(axes), kind="label", batch=batch, classes=classes, doc=doc)
    return Ref(declared, declared.axes)


def weight(
    name: str,
    axes: str = ELLIPSIS,
    *,
    optional: bool = True,
    fewer: str | None = None,
    broadcast: bool = False,
    function_only: bool = False,
    doc: str = "",
) -> Ref:
    """Declare a constant tensor that belongs to the constructor; absent, it counts as 1."""
    declared = Tensor(
        name,
        split_axes(axes),
        kind="weight",
        optional=optional,
        fewer=None if fewer is None else split_axes(fewer),
        broadcast=broadcast,
        function_only=function_only,
        doc=doc,
    )
    return Ref(declared, declared.axes)


def parameter(
    name: str,
    default: float | int | bool | None = None,
    *,
    positive: bool = False,
    lower: float | None = None,
    upper: float | None = None,
    doc: str = "",
) -> ParameterSymbol:
    """Declare a parameter; floats may be tensors and learn, integers and flags are static."""
    if default is None:
        raise ValueError(f"parameter {name!r} has no default: write parameter({name!r}, 1.0)")
    kind = (
        "flag" if isinstance(default, bool) else "integer" if isinstance(default, int) else "float"
    )
    return ParameterSymbol(Parameter(name, default, kind, positive, lower, upper, doc))
