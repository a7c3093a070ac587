"""Operations over named axes, for specs: reductions, picks, similarities."""

from __future__ import annotations

from typing import Any

import sympy
from sympy import Expr, sympify
from sympy.core.symbol import Str

from lossgen.axes import split_axes


class AxisOperation(Expr):
    """An operation over one axis: ``args`` are the body, the axis and, for a pick, the index."""

    is_real = True
    is_commutative = True

    def __new__(cls, body: Any, axis: Any, *rest: Any) -> AxisOperation:
        """Return the operation on a body."""
        return Expr.__new__(
            cls, sympify(body), axis if isinstance(axis, Str) else Str(str(axis)), *rest
        )

    @property
    def body(self) -> Expr:
        """What the operation works on."""
        return self.args[0]

    @property
    def axis(self) -> str:
        """The name of the axis."""
        return str(self.args[1].name)

    def _sympystr(self, printer: Any) -> str:
        inner = ", ".join(printer._print(arg) for arg in self.args)
        return f"{type(self).__name__}({inner})"

    def _latex(self, printer: Any) -> str:
        return self.latex_form.format(axis=self.axis, body=printer._print(self.body))


class SumOver(AxisOperation):
    """Sum over an axis."""

    latex_form = r"\sum_{{{axis}}} \left({body}\right)"


class MaxOver(AxisOperation):
    """Maximum over an axis."""

    latex_form = r"\max_{{{axis}}} \left({body}\right)"


class MinOver(AxisOperation):
    """Minimum over an axis."""

    latex_form = r"\min_{{{axis}}} \left({body}\right)"


class LogSumExp(AxisOperation):
    """Logarithm of the sum of exponentials over an axis."""

    latex_form = r"\log \sum_{{{axis}}} \exp\left({body}\right)"


class Softmax(AxisOperation):
    """Exponentials divided by their sum over an axis."""

    latex_form = r"\operatorname{{softmax}}_{{{axis}}} \left({body}\right)"


class Norm(AxisOperation):
    """Euclidean norm over an axis."""

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
        """Return the length of an axis."""
        return Expr.__new__(cls, axis if isinstance(axis, Str) else Str(axis))

    @property
    def axis(self) -> str:
        """The name of the axis."""
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


class Sigmoid(sympy.Function):
    """The logistic function 1 / (1 + exp(-x))."""

    nargs = 1
    is_real = True

    def _latex(self, printer: Any, exp: Any = None) -> str:
        text = rf"\sigma\left({printer._print(self.args[0])}\right)"
        return text if exp is None else f"{text}^{{{exp}}}"


class Ratio(sympy.Function):
    """a / b, and 0 where b is 0."""

    nargs = 2
    is_real = True

    def _latex(self, printer: Any, exp: Any = None) -> str:
        top, bottom = (printer._print(arg) for arg in self.args)
        return rf"\frac{{{top}}}{{{bottom}}}"


def sigmoid(x: Any) -> Expr:
    """Return the logistic function 1 / (1 + exp(-x))."""
    return Sigmoid(sympify(x))


def normalize(body: Any, axis: str) -> Expr:
    """Divide by the Euclidean norm over an axis; the zero vector stays zero."""
    return Ratio(body, Norm(body, axis))


def cosine_similarity(left: Any, right: Any, axis: str) -> Expr:
    """Cosine of the angle between two vectors along an axis; 0 if one of them is zero."""
    return SumOver(normalize(left, axis) * normalize(right, axis), axis)
