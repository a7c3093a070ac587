"""Operations over named axes, for specs: reductions, picks, similarities."""

from __future__ import annotations

from typing import Any

import sympy
from sympy import Expr, sympify
from sympy.core.symbol import Str

from lossgen.axes import one_axis, split_axes
from lossgen.elementwise import Ratio
from lossgen.places import Size


class AxisOperation(Expr):
    """An operation over one axis: ``args`` are the body, the axis and, for a pick, the index."""

    is_real = True
    is_commutative = True
    latex_form: str

    def __new__(cls, body: Any, axis: Any, *rest: Any) -> AxisOperation:
        """Return the operation on a body."""
        place = axis if isinstance(axis, Str) else Str(one_axis(axis))
        return Expr.__new__(cls, sympify(body), place, *rest)

    @property
    def body(self) -> Expr:
        """What the operation works on."""
        body: Expr = self.args[0]
        return body

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


class PNorm(AxisOperation):
    """Norm of an order over an axis."""

    latex_form = r"\left\lVert {body} \right\rVert_{{{axis}}}"

    def _latex(self, printer: Any) -> str:
        body, order = printer._print(self.body), printer._print(self.args[2])
        return rf"\left\lVert {body} \right\rVert_{{{self.axis}, {order}}}"


class Pick(AxisOperation):
    """The body at one place of an axis: ``args`` are the body, the axis and the place."""

    latex_form = r"\left. {body} \right|_{{{axis}}}"

    def __new__(cls, body: Any, axis: Any, *rest: Any) -> Any:
        """Return the pick; a number is the same everywhere."""
        body = sympify(body)
        return body if body.is_number else super().__new__(cls, body, axis, *rest)

    def _latex(self, printer: Any) -> str:
        index = self.args[2]
        place = index.name if isinstance(index, Str) else printer._print(index)
        return rf"\left({printer._print(self.body)}\right)_{{{self.axis}={place}}}"


def _over(operation: type[AxisOperation], body: Any, axes: str) -> Expr:
    names = split_axes(axes)
    if not names:
        raise ValueError("no axis is named; name those to reduce over, as in sum_over(x, 'n c')")
    result: Expr = sympify(body)
    for axis in names:
        result = operation(result, axis)
    return result


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


def norm(body: Any, axis: str, *, p: Any = 2, floor: Any = 0) -> Expr:
    """Norm over an axis; its gradient at the zero vector is zero.

    Args:
        body: the entries.
        axis: the name of the axis.
        p: the order of the norm, at least 1; 2 is the Euclidean one.
        floor: one more entry, for the Euclidean norm: ``sqrt(sum(body**2) + floor**2)``.
    """
    if p != 2:
        return PNorm(body, axis, sympify(p))
    return Norm(body, axis) if floor == 0 else Norm(body, axis, sympify(floor))


def at(body: Any, **index: Any) -> Expr:
    """Pick along axes: by label, ``at(nll, c=target)``, or on a diagonal, ``at(scores, j="i")``."""
    if not index:
        raise ValueError("no axis is named; pick along one, as in at(x, c=labels)")
    result: Expr = sympify(body)
    for axis, place in index.items():
        result = Pick(result, axis, Str(place) if isinstance(place, str) else sympify(place))
    return result


def normalize(body: Any, axis: str) -> Expr:
    """Divide by the Euclidean norm over an axis; the zero vector stays zero."""
    return Ratio(body, Norm(body, axis))


def cosine_similarity(left: Any, right: Any, axis: str) -> Expr:
    """Cosine of the angle between two vectors along an axis; 0 if one of them is zero."""
    return SumOver(normalize(left, axis) * normalize(right, axis), axis)
