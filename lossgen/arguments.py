"""The arguments of a loss, and how formulas speak of them: tensors along axes, parameters.

All symbols are real.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

from sympy import Expr, Symbol

from lossgen.alike import Declared
from lossgen.axes import ELLIPSIS, split_axes
from lossgen.memory import remembered
from lossgen.operations import at

# How the kinds of parameters are called in Python.
PYTHON = {"float": "float", "static": "float", "integer": "int", "flag": "bool"}

Kind = TypeVar("Kind", bound=Symbol)


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a caller's function with inputs, all by their names."""

    function: str
    inputs: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.function}({', '.join(self.inputs)})"


@dataclass(frozen=True, slots=True)
class Layer:
    """A linear layer that the class of a loss owns and trains.

    Attributes:
        name: the attribute of the class.
        inputs, outputs: what the constructor calls the numbers of features and of results.
    """

    name: str
    inputs: str
    outputs: str


@dataclass(frozen=True, slots=True, eq=False)
class Tensor(Declared):
    """A declared tensor argument.

    Attributes:
        kind: ``"float"`` (prediction or target), ``"label"`` (integers) or ``"weight"``
            (a constant).
        optional: it may be absent, and then counts as ``1``, the bias of a layer as ``0``.
        fewer: the axes that suffice where the tensor may also be given without the others.
        broadcast: it may have any shape that broadcasts to the axes, as in torch.
        per_row: and that of all axes but the last, for one number a row.
        lower, upper: the least and the largest value that are allowed, or None.
        classes: the axis that labels index; None where they are only compared with each other.
        ignored: the label that names no class.
        function_only: a keyword of the function that the class does not have.
        sizes: the axes whose length is fixed, and those lengths.
        call: what it is the result of, where a function of the caller's gives it.
        layer, role: the layer of which it is the ``"weight"`` or the ``"bias"``, if any.
    """

    name: str
    axes: tuple[str, ...]
    kind: str = "float"
    optional: bool = False
    batch: str | None = None
    fewer: tuple[str, ...] | None = None
    broadcast: bool = False
    per_row: bool = False
    function_only: bool = False
    lower: float | None = None
    upper: float | None = None
    doc: str = ""
    classes: str | None = None
    ignored: int | None = None
    sizes: tuple[tuple[str, int], ...] = ()
    call: Call | None = None
    layer: Layer | None = None
    role: str = ""

    @property
    def is_option(self) -> bool:
        """Say whether it stands among weights and parameters, not among the inputs of a call."""
        return self.kind == "weight" or (self.layer is not None and self.optional)


@dataclass(frozen=True, slots=True, eq=False)
class Parameter(Declared):
    """A declared parameter.

    Attributes:
        kind: ``"float"``, ``"static"`` (a float that is never an array), ``"integer"``,
            ``"flag"`` or ``"function"``.
        default: its default; None where it may be absent.
        words: the names of the functions that may be chosen.
        none: what None stands for, where that is a number.
    """

    name: str
    default: Any
    kind: str = "float"
    positive: bool = False
    lower: float | None = None
    upper: float | None = None
    doc: str = ""
    words: tuple[str, ...] = ()
    none: int | None = None

    @property
    def value(self) -> Any:
        """What the default counts as."""
        return self.none if self.default is None else self.default


@remembered
def _symbol(
    kind: type[Kind], name: str, assumption: str, declared: tuple[int, str, tuple[str, ...]]
) -> Kind:
    """Return the symbol of a declaration; SymPy tells equal ones apart the slow way."""
    symbol: Kind = Symbol.__xnew__(kind, name, **{assumption: True})
    return symbol


class Ref(Symbol):
    """A tensor seen along named axes: ``input[n,c]``."""

    __slots__ = ("indices", "tensor")
    tensor: Tensor
    indices: tuple[str, ...]

    def __new__(cls, tensor: Tensor, indices: tuple[str, ...]) -> Ref:
        """Return the one symbol of this tensor along these axes."""
        name = f"{tensor.name}[{','.join(indices)}]" if indices else tensor.name
        assumption = "integer" if tensor.kind == "label" else "real"
        self = _symbol(cls, name, assumption, (tensor.order, tensor.said, indices))
        self.tensor = tensor
        self.indices = indices
        return self

    def _hashable_content(self) -> tuple[Any, ...]:
        """Tell symbols of one name apart by their declarations, also for SymPy's cache."""
        return (*super()._hashable_content(), self.tensor.order, self.tensor.said)

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
                f"at '{axes}'; name {len(self.tensor.axes)} axes"
            )
        return indices


class ParameterSymbol(Symbol):
    """A parameter inside a formula."""

    __slots__ = ("parameter",)
    parameter: Parameter

    def __new__(cls, parameter: Parameter) -> ParameterSymbol:
        """Return the one symbol of this parameter."""
        assumption = "positive" if parameter.positive else "real"
        self = _symbol(cls, parameter.name, assumption, (parameter.order, parameter.said, ()))
        self.parameter = parameter
        return self

    def _hashable_content(self) -> tuple[Any, ...]:
        """Tell symbols of one name apart by their declarations, also for SymPy's cache."""
        return (*super()._hashable_content(), self.parameter.order, self.parameter.said)

    def __getnewargs_ex__(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return (self.parameter,), {}

    def _latex(self, printer: Any) -> str:
        greek = {"alpha", "beta", "gamma", "delta", "epsilon", "sigma", "tau", "mu", "rho"}
        name = self.parameter.name
        return rf"\{name}" if name in greek else rf"\mathrm{{{name}}}".replace("_", r"\_")
