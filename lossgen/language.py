"""The words of a spec: tensors with named axes, parameters, and reductions over an axis.

Everything else in a spec is ordinary SymPy. All symbols are real; an axis is a lower-case word, and
``...`` stands for any number of trailing axes taken together.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import Any

import sympy
from sympy import Expr, Symbol, sympify
from sympy.core.symbol import Str

ELLIPSIS = "..."
_declared = count()


def split_axes(text: str) -> tuple[str, ...]:
    """Return the axis names of ``"n c ..."``."""
    axes = tuple(text.split())
    if len(set(axes)) != len(axes):
        raise ValueError(f"axes {text!r} name one axis twice")
    for axis in axes:
        if axis != ELLIPSIS and not axis.isidentifier():
            raise ValueError(f"axis {axis!r} is not a word; write axes as 'n c ...'")
    if ELLIPSIS in axes[:-1]:
        raise ValueError(f"'...' must come last in {text!r}")
    return axes


@dataclass(frozen=True, slots=True)
class Tensor:
    """A declared tensor argument.

    Attributes:
        kind: ``"float"`` (prediction or target), ``"label"`` (integers) or ``"weight"`` (a constant).
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

    __slots__ = ("tensor", "indices")

    def __new__(cls, tensor: Tensor, indices: tuple[str, ...]) -> Ref:
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
        return at(ref, **index) if index else ref

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
    kind = "flag" if isinstance(default, bool) else "integer" if isinstance(default, int) else "float"
    return ParameterSymbol(Parameter(name, default, kind, positive, lower, upper, doc))


class AxisOperation(Expr):
    """An operation over one axis: ``args`` are the body, the axis and, for a pick, the index."""

    is_real = True
    is_commutative = True

    def __new__(cls, body: Any, axis: Any, *rest: Any) -> AxisOperation:
        return Expr.__new__(cls, sympify(body), axis if isinstance(axis, Str) else Str(str(axis)), *rest)

    @property
    def body(self) -> Expr:
        return self.args[0]

    @property
    def axis(self) -> str:
        return str(self.args[1].name)

    def _sympystr(self, printer: Any) -> str:
        inner = ", ".join(printer._print(arg) for arg in self.args)
        return f"{type(self).__name__}({inner})"

    def _latex(self, printer: Any) -> str:
        return self.latex_form.format(axis=self.axis, body=printer._print(self.body))


class SumOver(AxisOperation):
    latex_form = r"\sum_{{{axis}}} \left({body}\right)"


class MaxOver(AxisOperation):
    latex_form = r"\max_{{{axis}}} \left({body}\right)"


class MinOver(AxisOperation):
    latex_form = r"\min_{{{axis}}} \left({body}\right)"


class LogSumExp(AxisOperation):
    latex_form = r"\log \sum_{{{axis}}} \exp\left({body}\right)"


class Softmax(AxisOperation):
    latex_form = r"\operatorname{{softmax}}_{{{axis}}} \left({body}\right)"


class Norm(AxisOperation):
    latex_form = r"\left\lVert {body} \right\rVert_{{{axis}}}"


class Pick(AxisOperation):
    """The body at one place of an axis: ``args`` are the body, the axis and the place."""

    latex_form = r"\left. {body} \right|_{{{axis}}}"

    def _latex(self, printer: Any) -> str:
        index = self.args[2]
        place = index.name if isinstance(index, Str) else printer._print(index)
        return rf"\left({printer._print(self.body)}\right)_{{{self.axis}={place}}}"


class Size(Expr):
    """The number of entries along an axis."""

    is_real = True
    is_positive = True
    is_commutative = True

    def __new__(cls, axis: Any) -> Size:
        return Expr.__new__(cls, axis if isinstance(axis, Str) else Str(axis))

    @property
    def axis(self) -> str:
        return str(self.args[0].name)

    def _sympystr(self, printer: Any) -> str:
        return f"size({self.axis})"

    def _latex(self, printer: Any) -> str:
        return f"N_{{{self.axis}}}"


def _over(operation: type[AxisOperation], body: Any, axes: str) -> Expr:
    for axis in split_axes(axes):
        body = operation(body, axis)
    return body


def sum_over(body: Any, axes: str) -> Expr:
    """Sum over the named axes."""
    return _over(SumOver, body, axes)


def mean_over(body: Any, axes: str) -> Expr:
    """Mean over the named axes."""
    count = sympy.Mul(*(Size(axis) for axis in split_axes(axes)))
    return sum_over(body, axes) / count


def max_over(body: Any, axis: str) -> Expr:
    """Maximum over an axis; ties share the gradient equally."""
    return MaxOver(body, axis)


def min_over(body: Any, axis: str) -> Expr:
    """Minimum over an axis; ties share the gradient equally."""
    return MinOver(body, axis)


def logsumexp(body: Any, axis: str) -> Expr:
    """Logarithm of the sum of exponentials over an axis."""
    return LogSumExp(body, axis)


def softmax(body: Any, axis: str) -> Expr:
    """Exponentials divided by their sum over an axis."""
    return Softmax(body, axis)


def norm(body: Any, axis: str) -> Expr:
    """Euclidean norm over an axis; its gradient at the zero vector is zero."""
    return Norm(body, axis)


def at(body: Any, **index: Any) -> Expr:
    """Pick along axes: by label, ``at(nll, c=target)``, or on a diagonal, ``at(scores, j="i")``."""
    for axis, place in index.items():
        body = Pick(body, axis, Str(place) if isinstance(place, str) else sympify(place))
    return body


class sigmoid(sympy.Function):  # noqa: N801
    """The logistic function 1 / (1 + exp(-x))."""

    nargs = 1
    is_real = True

    def _latex(self, printer: Any, exp: Any = None) -> str:
        text = rf"\sigma\left({printer._print(self.args[0])}\right)"
        return text if exp is None else f"{text}^{{{exp}}}"


class unit(sympy.Function):  # noqa: N801
    """a / b, and 0 where b is 0."""

    nargs = 2
    is_real = True

    def _latex(self, printer: Any, exp: Any = None) -> str:
        top, bottom = (printer._print(arg) for arg in self.args)
        return rf"\frac{{{top}}}{{{bottom}}}"


def normalize(body: Any, axis: str) -> Expr:
    """Divide by the Euclidean norm over an axis; the zero vector stays zero."""
    return unit(body, Norm(body, axis))


def cosine_similarity(left: Any, right: Any, axis: str) -> Expr:
    """Cosine of the angle between two vectors along an axis; 0 if one of them is zero."""
    return SumOver(normalize(left, axis) * normalize(right, axis), axis)
