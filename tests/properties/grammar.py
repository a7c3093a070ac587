"""Random losses from the language's own grammar: axes, reductions, choices, pairs, masks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import assume
from hypothesis import strategies as st
from sympy import (
    Abs,
    Basic,
    Eq,
    Expr,
    Max,
    Min,
    Ne,
    Piecewise,
    Rational,
    atan,
    cos,
    cosh,
    erf,
    exp,
    log,
    loggamma,
    sign,
    sin,
    sqrt,
    tanh,
)
from worlds import PARAMETERS, SCALE, SHIFT, WORLDS, World

from lossgen import (
    Loss,
    Position,
    Size,
    at,
    cosine_similarity,
    hinge,
    indicator,
    logsumexp,
    masked,
    max_over,
    mean_over,
    min_over,
    norm,
    normalize,
    raise_to,
    ratio,
    sigmoid,
    softmax,
    stop_gradient,
    sum_over,
)
from lossgen.axis_faults import free_axes
from lossgen.check import check_loss
from lossgen.operations import AxisOperation
from lossgen.verbatim import verbatim

DEPTH = 4
# Functions with their own stable forms, as authors write them; none leaves its domain.
SMOOTH: tuple[Callable[[Any], Any], ...] = (
    lambda z: exp(z),
    lambda z: log(1 + exp(z)),
    lambda z: 1 / (1 + exp(-z)),
    lambda z: 1 - sigmoid(z),
    lambda z: log(sigmoid(z)),
    lambda z: sigmoid(z) ** SCALE,
    lambda z: exp(z) - 1,
    lambda z: exp(-(z**2)),
    lambda z: 1 - exp(-(z**2)),
    lambda z: log(cosh(z)),
    lambda z: log(1 + z**2),
    lambda z: sqrt(1 + z**2),
    lambda z: z / sqrt(1 + z**2),
    lambda z: 1 / (1 + z**2),
    lambda z: ((1 + z**2) ** SCALE - 1) / SCALE,
    lambda z: (1 + z**2) ** (SHIFT / 2),
    lambda z: z**2,
    lambda z: z**3,
    lambda z: -z / 3,
    lambda z: Rational(3, 2) - z,
    lambda z: tanh(z),
    lambda z: sin(z),
    lambda z: cos(z),
    lambda z: atan(z),
    lambda z: erf(z),
    lambda z: loggamma(1 + z**2),
    lambda z: stop_gradient(z),
    lambda z: Max(z, 0) + log(1 + exp(-Abs(z))),
)
KINKED: tuple[Callable[[Any], Any], ...] = (
    lambda z: Abs(z),
    lambda z: Max(0, z),
    lambda z: hinge(z),
    lambda z: sign(z),
    lambda z: raise_to(z, -1),
    lambda z: Abs(z) ** 3,
    lambda z: Piecewise((z**2 / 2, Abs(z) <= 1), (Abs(z) - Rational(1, 2), True)),
)
BINARY: tuple[Callable[[Any, Any], Any], ...] = (
    lambda a, b: a + b,
    lambda a, b: a - b,
    lambda a, b: a * b,
    lambda a, b: a / (1 + b**2),
    lambda a, b: a * log(1 + exp(b)),
    lambda a, b: log(1 + exp(a)) - b * a,
    lambda a, b: (a - b) ** 2,
    lambda a, b: (a / SCALE) ** 2 / (1 + b**2) ** 2,
)
CHOICES: tuple[Callable[[Any, Any], Any], ...] = (Max, Min)
COMPARISONS: tuple[Callable[[Any, Any], Any], ...] = (
    lambda a, b: a < b,
    lambda a, b: a <= b,
    lambda a, b: a > b,
    lambda a, b: a >= b,
)
REDUCTIONS: tuple[Callable[[Any, str], Any], ...] = (
    sum_over,
    mean_over,
    logsumexp,
    lambda body, axis: norm(body, axis),
    lambda body, axis: norm(body, axis, floor=Rational(1, 4)),
    lambda body, axis: norm(body, axis, p=3),
    lambda body, axis: sqrt(sum_over(body**2, axis) + Rational(1, 4)),
    lambda body, axis: log(sum_over(exp(body), axis)),
    lambda body, axis: sum_over(softmax(body, axis) * body, axis),
    lambda body, axis: mean_over((body - mean_over(body, axis)) ** 2, axis),
    lambda body, axis: mean_over(body * Position(axis), axis),
    lambda body, axis: sum_over(normalize(body, axis) * body, axis),
)
EXTREMES: tuple[Callable[[Any, str], Any], ...] = (max_over, min_over)
KEEPING: tuple[Callable[[Any, str], Any], ...] = (
    softmax,
    normalize,
    lambda body, axis: logsumexp(body, axis) - body,
    lambda body, axis: body - mean_over(body, axis),
    lambda body, axis: body * softmax(body, axis),
    lambda body, axis: ratio(body, sum_over(body**2, axis)),
)


@dataclass(frozen=True, repr=False)
class Drawn:
    """A loss, what it is made of, and which numbers it is given.

    Attributes:
        seed: of the numbers.
        ties: whether they are few, so that kinks are met; operands of kinks are then exact.
        reduction: how it is reduced.
    """

    loss: Loss
    world: World
    seed: int
    ties: bool
    reduction: str

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        (case,) = self.loss.cases
        parts = (
            case.value,
            case.valid,
            case.denominator,
            self.world.name,
            self.seed,
            self.ties,
            self.reduction,
        )
        printer.text(", ".join(map(str, parts)))


class Formulas:
    """Draws expressions along axes of a world."""

    def __init__(
        self, draw: Callable[[Any], Any], world: World, kept: frozenset[str], *, ties: bool
    ) -> None:
        self._draw, self._world, self._kept, self._ties = draw, world, kept, ties
        # Arrays of any shape are taken entry by entry, or are reduced as a whole.
        self._entrywise = kept == set(world.axes) == {"..."}

    def whole(self, depth: int) -> Expr:
        """Return an expression along the axes that are kept."""
        return self.expression(self._kept, depth)

    def choose(self, options: Any) -> Any:
        """Return one of some options."""
        return self._draw(st.sampled_from(tuple(options)))

    def expression(self, axes: frozenset[str], depth: int) -> Expr:
        """Return an expression that varies along these axes at most."""
        if depth <= 0:
            return self.leaf(axes)
        found = self.choose(self._ways(axes))(axes, depth - 1)
        return found if found.free_symbols else self.leaf(axes)

    def _ways(self, axes: frozenset[str]) -> list[Callable[[frozenset[str], int], Expr]]:
        ways = [self.leaf, self.smooth, self.smooth, self.binary, self.binary, self.kinked]
        ways += [self.choice, self.piecewise, self.difference]
        if set(self._world.axes) - axes:
            ways += [self.reduction, self.reduction, self.extreme]
        if axes and not self._entrywise:
            ways.append(self.keeping)
        if any(axis not in axes and y.indices[0] in axes for axis, y in self._world.labels.items()):
            ways += [self.picked, self.picked]
        if self._world.twins and "i" in axes and "j" not in axes:
            ways += [self.diagonal, self.others, self.similar]
        return ways

    def leaf(self, axes: frozenset[str], _: int = 0) -> Expr:
        """Return an argument, or seldom a parameter."""
        fitting = [ref for ref in self._world.floats if set(ref.indices) <= axes]
        constants = [ref for ref in self._world.weights if set(ref.indices) <= axes]
        return self.choose([*fitting, *fitting, *fitting, *constants, *PARAMETERS])

    def exact(self, axes: frozenset[str], depth: int) -> Expr:
        """Return the operand of a kink: where ties are met, one that rounding does not move."""
        if not self._ties:
            return self.expression(axes, depth)
        a, b = self.leaf(axes), self.leaf(axes)
        found = self.choose((a, a - b, a + b, a * b, 2 * a - 1))
        return found if found.free_symbols else a

    def difference(self, axes: frozenset[str], _: int) -> Expr:
        """Return the difference of two arguments."""
        a, b = self.leaf(axes), self.leaf(axes)
        return a if a == b else a - b

    def smooth(self, axes: frozenset[str], depth: int) -> Expr:
        """Return a smooth function."""
        return self.choose(SMOOTH)(self.expression(axes, depth))

    def kinked(self, axes: frozenset[str], depth: int) -> Expr:
        """Return a function with a kink."""
        return self.choose(KINKED)(self.exact(axes, depth))

    def binary(self, axes: frozenset[str], depth: int) -> Expr:
        """Return two expressions combined."""
        left = self.expression(axes, depth)
        return self.choose(BINARY)(left, self.expression(axes, depth))

    def choice(self, axes: frozenset[str], depth: int) -> Expr:
        """Return the larger or the smaller of two."""
        return self.choose(CHOICES)(self.exact(axes, depth), self.exact(axes, depth))

    def condition(self, axes: frozenset[str], depth: int) -> Basic:
        """Return a comparison."""
        groups = [pair for pair in self._world.groups if all(set(y.indices) <= axes for y in pair)]
        if groups and self.choose((True, False)):
            return self.choose((Eq, Ne))(*self.choose(groups))
        if self._world.twins and {"i", "j"} <= axes and self.choose((True, False)):
            return Ne(Position("i"), Position("j"))
        return self.choose(COMPARISONS)(self.exact(axes, depth), self.exact(axes, depth))

    def piecewise(self, axes: frozenset[str], depth: int) -> Expr:
        """Return a choice by a comparison."""
        condition = self.condition(axes, depth - 1)
        assume(not condition.has(Piecewise))  # SymPy would pull it out, and is refused
        if self.choose((True, False, False)):
            return indicator(condition) * self.expression(axes, depth)
        yes, no = self.expression(axes, depth), self.expression(axes, depth)
        return Piecewise((yes, condition), (no, True))

    def _another(self, axes: frozenset[str]) -> str:
        return str(self.choose(axis for axis in self._world.axes if axis not in axes))

    def reduction(self, axes: frozenset[str], depth: int) -> Expr:
        """Return a reduction over one more axis."""
        axis = self._another(axes)
        return self.choose(REDUCTIONS)(self.expression(axes | {axis}, depth), axis)

    def extreme(self, axes: frozenset[str], depth: int) -> Expr:
        """Return the extreme entry along one more axis."""
        axis = self._another(axes)
        return self.choose(EXTREMES)(self.exact(axes | {axis}, depth), axis)

    def keeping(self, axes: frozenset[str], depth: int) -> Expr:
        """Return an operation that sees the whole of an axis."""
        axis = self.choose(sorted(axes))
        return self.choose(KEEPING)(self.expression(axes, depth), axis)

    def picked(self, axes: frozenset[str], depth: int) -> Expr:
        """Return an expression at the label's place."""
        fitting = [axis for axis, y in self._world.labels.items() if set(y.indices) <= axes]
        assume(fitting)
        axis = self.choose(fitting)
        body = self.expression(axes | {axis}, depth)
        gap = self.choose((lambda z: z, lambda z: logsumexp(z, axis) - z))
        return at(gap(body), **{axis: self._world.labels[axis]})

    def diagonal(self, axes: frozenset[str], depth: int) -> Expr:
        """Return a pair of a sample with itself."""
        return at(self.expression(axes | {"j"}, depth), j="i")

    def others(self, axes: frozenset[str], depth: int) -> Expr:
        """Return a sum over the pairs with other samples."""
        pair = self.expression(axes | {"j"}, depth)
        apart = Ne(Position("i"), Position("j"))
        summed = (sum_over(pair, "j") - at(pair, j="i")) / (Size("j") - 1)
        return self.choose((summed, logsumexp(masked(pair, apart), "j")))

    def similar(self, axes: frozenset[str], _: int) -> Expr:
        """Return how alike a sample is to one of the others."""
        own, *views = (ref for ref in self._world.floats if "d" in ref.indices)
        other = self.choose(view for view in views if "j" in view.indices)
        assume("d" not in axes)
        return logsumexp(cosine_similarity(own, other, "d") / SCALE, "j")


@st.composite
def losses(draw: Callable[[Any], Any]) -> Drawn:
    """Draw a loss without faults and the numbers to evaluate it at."""
    world = draw(st.sampled_from(WORLDS))
    ties = draw(st.booleans())
    kept = frozenset(axis for axis in world.axes if axis != "j" and draw(st.booleans()))
    with verbatim():  # as specs are run
        value = Formulas(draw, world, kept, ties=ties).whole(draw(st.integers(1, DEPTH)))
        loss = Loss("DrawnLoss", value, **_counting(draw, world, value))
    loss = loss.placed("drawn.py", "Drawn.", ())
    assume(not check_loss(loss))
    reduction = draw(st.sampled_from(("none", "none", "mean", "sum")))
    return Drawn(loss, world, draw(st.integers(0, 2**16)), ties, reduction)


def _counting(draw: Callable[[Any], Any], world: World, value: Expr) -> dict[str, Any]:
    """Return what counts and what means divide by, where the formula has the axes for it.

    An entry that does not count must not enter others, so nothing may run along its axes.
    """
    found: dict[str, Any] = {}
    if world.valid is not None:
        needed = set(free_axes(world.valid))
        runs = {operation.axis for operation in value.atoms(AxisOperation)}
        if needed <= set(free_axes(value)) and not needed & runs:
            found["valid"] = world.valid
    if world.denominators and draw(st.booleans()):
        found["denominator"] = draw(st.sampled_from(world.denominators))
    return found
