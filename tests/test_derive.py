"""Derivatives of graphs: every operation against finite differences in 90 digits.

The graphs are evaluated by `graphs`, which knows operations by their textbook formulas only. Tested
is the whole of `Program`: reverse and forward mode, curvature, Hessian diagonal, and the
coefficients of tangents and their derivatives, after the rules of `rules` have been applied.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache, cached_property
from itertools import product
from typing import Any

import pytest
from graphs import Array, Meaning
from mpmath import mp

from lossgen import nodes as n
from lossgen.meanings import FUNCTIONS, REDUCTIONS
from lossgen.nodes import Node, add, call, const, divide, fold, leaf, mul, over, power, subtract
from lossgen.partials import PARTIALS
from lossgen.program import Argument, Program
from lossgen.regions import mask
from lossgen.rules import stabilise

# In the order in which arrays carry them: other names for an axis stand behind it.
SIZES = {"n": 2, "c": 3, "i": 3, "j": 3, "k": 3, "d": 2, "e": 2}
DIGITS = 90
STEP = mp.mpf(10) ** -25
# A difference quotient is off by STEP squared times a third or fourth derivative, or by rounding,
# 1e-90 over STEP squared: 1e-40 at worst.
TOLERANCE = mp.mpf(10) ** -30

ARGUMENTS = {
    argument.name: argument
    for argument in (
        Argument("x", ("n", "c"), "float"),
        Argument("t", ("n", "c"), "float"),
        Argument("u", ("i", "d"), "float"),
        Argument("v", ("i", "d"), "float"),
        Argument("s", ("i", "j"), "float"),
        Argument("b", ("i",), "float"),
        Argument("w", ("c",), "weight"),
        Argument("y", ("n",), "label"),
        Argument("p", (), "float"),
        Argument("q", (), "float"),
        Argument("o", (), "static"),
    )
}


def read(name: str, *view: str) -> Node:
    """Return an argument, along its own axes or along others."""
    argument = ARGUMENTS[name]
    return leaf(name, view or argument.axes, argument.kind)


x, t, w, y, p, q, o = map(read, "xtwypqo")
u, uj, v, vj = read("u"), read("u", "j", "d"), read("v"), read("v", "j", "d")
s, turned = read("s"), read("s", "j", "i")
b, bj, bk = read("b"), read("b", "j"), read("b", "k")
ONE, TWO = n.ONE, const(2)


def _words(text: str) -> list[str]:
    return text.split()


def fn(name: str) -> Callable[..., Node]:
    return lambda *args: call(name, *args)


ABS, COS, EXP, LOG, NOT, RELU, SIN = map(fn, _words("abs cos exp log not relu sin"))
SIGMOID, UNIT, AND, OR, MAX, MIN = map(fn, _words("sigmoid unit and or maximum minimum"))
HINGE, RAISE = map(fn, _words("hinge raise_to"))


def total(body: Node, *axes: str) -> Node:
    return n.sum_over(body, axes)


def mean(body: Node, axis: str) -> Node:
    return divide(total(body, axis), n.size(axis))


def lse(body: Node, axis: str = "c") -> Node:
    return fold("lse", axis, body)


def softmax(body: Node, axis: str = "c") -> Node:
    return over("softmax", axis, body)


def unit_vector(body: Node, axis: str) -> Node:
    return UNIT(body, fold("norm", axis, body))


def p_norm(body: Node, order: Node, axis: str = "c") -> Node:
    return fold("p_norm", axis, body, order)


def floored(body: Node, floor: Node, axis: str = "c") -> Node:
    return fold("floored_norm", axis, body, floor)


def diagonal(body: Node) -> Node:
    return n.pick(body, "j", n.position("i"))


NLL = subtract(lse(x), x)
AT = n.pick(NLL, "c", y)
GAP = subtract(x, t)
DOT, CROSS = total(mul(u, uj), "d"), total(mul(u, vj), "d")
COSINE = total(mul(unit_vector(u, "d"), unit_vector(uj, "d")), "d")
CENTRED = subtract(u, mean(uj, "j"))
OFFSET, TARGET_OFFSET = subtract(x, mean(x, "c")), subtract(t, mean(t, "c"))
SPREAD = add(
    mean(power(OFFSET, TWO), "c"),
    mean(power(TARGET_OFFSET, TWO), "c"),
    power(subtract(mean(x, "c"), mean(t, "c")), TWO),
)
POSITIVE = add(ONE, mul(x, x))
SCALE = add(total(mul(x, x), "n", "c"), total(EXP(t), "n", "c"))
SMOOTHED = add(mul(subtract(ONE, p), t), divide(p, n.size("c")))

GRAPHS: dict[str, Node] = {
    # Sums and products
    "sum": total(mul(x, EXP(t)), "c"),
    "sum over all": total(mul(x, x, t), "n", "c"),
    "mean": mean(EXP(x), "c"),
    "constant weight": mul(w, x, x),
    "square of a difference": power(GAP, TWO),
    "sum of a sum": total(power(total(mul(x, t), "c"), TWO), "n"),
    "sum of what is constant along it": total(subtract(b, bj), "j"),
    "sum of what is constant along it, curved": EXP(total(add(SIN(b), bj), "j")),
    "matrix product": total(power(total(mul(u, read("v", "i", "e")), "i"), TWO), "d", "e"),
    "ratio of sums": divide(total(mul(x, t), "n", "c"), total(add(ONE, mul(x, x)), "n", "c")),
    "linear": mul(const(3), x),
    "parameters": mul(p, p, EXP(q), x),
    # Elementwise
    "constant power": power(add(EXP(x), ONE), const(-2.5)),
    "power of a tensor": power(add(ONE, EXP(x)), t),
    "power of a parameter": power(EXP(mul(q, x)), p),
    "negative base, whole exponent": power(x, const(3)),
    "sqrt": call("sqrt", add(ONE, mul(x, x))),
    "abs": ABS(GAP),
    "sign": mul(call("sign", GAP), x),
    "relu": RELU(mul(x, t)),
    "maximum": MAX(mul(x, t), EXP(x)),
    "minimum": MIN(mul(x, t), p),
    "minimum of two": MIN(mul(x, t), EXP(x)),
    "three maxima": MAX(MAX(x, t), mul(p, x)),
    "unit": UNIT(mul(x, x), t),
    "log": LOG(add(TWO, SIN(x))),
    "log1p": call("log1p", mul(x, x)),
    "expm1": call("expm1", mul(x, t)),
    "sin and cos": SIN(mul(x, COS(t))),
    "atan": call("atan", mul(x, p)),
    "sinh": call("sinh", x),
    "cosh": call("cosh", mul(x, x)),
    "tanh": call("tanh", GAP),
    "sech2": call("sech2", x),
    "sigmoid": SIGMOID(mul(p, x)),
    "power of a sigmoid": power(SIGMOID(mul(x, t)), p),
    "root of a sigmoid": power(SIGMOID(x), const(0.5)),
    "tensor power of a sigmoid": power(SIGMOID(x), EXP(t)),
    "focal of a sigmoid": n.negate(mul(power(subtract(ONE, SIGMOID(x)), p), LOG(SIGMOID(x)))),
    "hinge": HINGE(subtract(mul(x, t), p)),
    "raised": LOG(RAISE(POSITIVE, const(Fraction(1, 2)))),
    "raised to a parameter": divide(power(GAP, TWO), RAISE(add(POSITIVE, const(9)), p)),
    "softplus": call("softplus", x),
    "gauss": call("gauss", GAP, n.ONE),
    "half a gauss": call("exp", mul(const(Fraction(-1, 2)), power(divide(GAP, POSITIVE), TWO))),
    "scaled exponential": call("scaled_exp", GAP, mul(x, t)),
    "square and an exponential": mul(power(GAP, TWO), EXP(n.negate(t))),
    "exponential of what it scales": mul(GAP, EXP(t)),
    "hypotenuse": call("hypot1", divide(GAP, POSITIVE)),
    "hypotenuse less one": call("hypot1m1", divide(GAP, POSITIVE)),
    "logarithm of a square": call("log1p_square", divide(GAP, POSITIVE)),
    "over a square": call("over_square1", GAP),
    "leg": call("over_hypot1", GAP),
    "power transform": call("box_cox", POSITIVE, p),
    "its slope": call("box_cox_slope", POSITIVE, const(Fraction(1, 8))),
    "power of one and more": call("power1p", POSITIVE, p),
    "log gamma": call("loggamma", POSITIVE),
    "its own slope": call("with_slope", SIN(mul(x, t)), mul(x, t), COS(mul(x, t))),
    "log cosh": LOG(call("cosh", GAP)),
    # Conditions
    "select": n.select(
        n.compare("le", ABS(GAP), p), power(GAP, TWO), mul(p, subtract(ABS(GAP), p))
    ),
    "select by a tensor": n.select(n.compare("gt", x, t), mul(x, t), mul(p, x)),
    "logic": n.select(
        OR(AND(n.compare("lt", x, t), NOT(n.compare("ge", x, p))), n.compare("ne", x, t)),
        mul(x, t),
        mul(p, x),
    ),
    # Over an axis
    "amax": fold("amax", "c", mul(x, x, t)),
    "amin": fold("amin", "c", EXP(x)),
    "amax of a sum": EXP(fold("amax", "n", total(mul(x, t), "c"))),
    "norm": fold("norm", "c", GAP),
    "norm cubed": power(fold("norm", "c", mul(x, t)), const(3)),
    "norm of a softmax": fold("norm", "c", softmax(mul(x, t))),
    "norm written out": call("sqrt", total(power(GAP, TWO), "c")),
    "norm of norms": fold("norm", "n", fold("norm", "c", x)),
    "unit by a norm of another": UNIT(x, fold("norm", "c", t)),
    "direction": unit_vector(mul(x, t), "c"),
    "cosine": total(mul(unit_vector(x, "c"), unit_vector(t, "c")), "c"),
    "norm of order 1": p_norm(mul(x, t), ONE),
    "norm of order 1.5": p_norm(GAP, const(1.5)),
    "norm of order 2": p_norm(mul(x, t), TWO),
    "norm of order 3": EXP(p_norm(GAP, const(3))),
    "norm of a given order": p_norm(mul(x, t), o),
    "norm of an order over the batch": mul(p_norm(x, const(1.5), "n"), p),
    "floored norm": floored(GAP, const(Fraction(1, 2))),
    "floored norm, squared": power(floored(mul(x, t), o), const(3)),
    "floored cosine": total(mul(UNIT(x, floored(x, o)), UNIT(t, floored(t, o))), "c"),
    "rest": over("rest", "c", mul(x, t)),
    "rest of squares": over("rest", "c", mul(x, x, t)),
    # Deviations and what is nested
    "deviation": power(n.deviation("c", mul(x, t)), const(3)),
    "deviation written out": EXP(OFFSET),
    "deviation over the batch": total(power(subtract(x, mean(x, "n")), TWO), "n"),
    "deviation of a deviation": mul(n.deviation("n", EXP(n.deviation("c", EXP(x)))), t),
    "deviations of both": mean(mul(OFFSET, TARGET_OFFSET), "c"),
    "concordance": UNIT(mul(TWO, mean(mul(OFFSET, TARGET_OFFSET), "c")), SPREAD),
    "correlation": total(mul(unit_vector(OFFSET, "c"), unit_vector(TARGET_OFFSET, "c")), "c"),
    "standardised": divide(OFFSET, call("sqrt", add(p, mean(power(OFFSET, TWO), "c")))),
    "scaled by reductions": mul(x, power(SCALE, const(-1.5))),
    "reductions of reductions": LOG(
        add(ONE, total(power(divide(total(mul(x, t), "c"), SCALE), TWO), "n"))
    ),
    "largest of what is scaled": fold("amax", "c", divide(mul(x, t), add(ONE, SCALE))),
    "logsumexp of what is normed": lse(divide(x, add(ONE, p_norm(x, const(1.5))))),
    "logsumexp": lse(divide(x, p)),
    "logsumexp written out": LOG(total(EXP(mul(x, t)), "c")),
    "logsumexp over the batch": lse(x, "n"),
    "softmax": softmax(x),
    "softmax squared": total(power(softmax(mul(x, p)), TWO), "c"),
    "complement of softmax": power(subtract(ONE, softmax(x)), p),
    "log softmax": LOG(softmax(mul(x, t))),
    "entropy": total(mul(softmax(x), LOG(softmax(x))), "c"),
    # Cross-entropy
    "nll of every class": NLL,
    "nll of every class, squared": power(NLL, TWO),
    "nll of every class, added to": total(add(NLL, ONE), "c"),
    "label": AT,
    "label with weights": mul(n.pick(w, "c", y), AT),
    "focal": mul(power(subtract(ONE, EXP(n.negate(AT))), p), AT),
    "probabilities": total(mul(t, NLL), "c"),
    "probabilities, smoothed": total(mul(w, SMOOTHED, NLL), "c"),
    "probabilities, squared": power(total(mul(t, t, NLL), "c"), TWO),
    "probabilities that move": power(total(mul(softmax(t), NLL), "c"), TWO),
    "probabilities that move with it": total(mul(softmax(mul(x, t)), NLL), "c"),
    "plain sum of nll": total(NLL, "c"),
    "Kullback-Leibler": total(mul(softmax(t), subtract(LOG(softmax(t)), LOG(softmax(x)))), "c"),
    "binary": n.negate(
        add(mul(t, LOG(SIGMOID(x))), mul(subtract(ONE, t), LOG(subtract(ONE, SIGMOID(x)))))
    ),
    "dice": divide(total(mul(SIGMOID(x), t), "n"), add(p, total(SIGMOID(x), "n"), total(t, "n"))),
    # Picks
    "pick by label": n.pick(mul(x, x), "c", y),
    "margin to the label": total(RELU(add(ONE, x, n.negate(n.pick(x, "c", y)))), "c"),
    "pick of the diagonal": SIN(diagonal(mul(s, s))),
    "off the diagonal": subtract(total(mul(s, s), "i", "j"), total(diagonal(mul(s, s)), "i")),
    "diagonal of a product": EXP(diagonal(CROSS)),
    "diagonal beside another axis": total(diagonal(EXP(mul(u, vj))), "d"),
    # Pairs over the batch
    "pairs": total(EXP(DOT), "j"),
    "pairs of differences": total(power(subtract(b, bj), TWO), "j"),
    "pairs of absolute differences": total(ABS(subtract(b, bj)), "j"),
    "pairs of products": total(call("tanh", mul(b, bj)), "j"),
    "pairs, largest": fold("amax", "j", CROSS),
    "pairs, norm": total(fold("norm", "d", subtract(u, mul(TWO, vj))), "j"),
    "pairs, logsumexp": lse(DOT, "j"),
    "pairs, logsumexp of a product": lse(mul(b, bj), "j"),
    "pairs, softmax": total(mul(softmax(DOT, "j"), SIN(DOT)), "j"),
    "pairs, softmax on the diagonal": diagonal(softmax(mul(b, bj), "j")),
    "pairs, cosine": lse(COSINE, "j"),
    "pairs, direction": total(mul(over("direction", "j", mul(b, bj)), bj, bj), "j"),
    "InfoNCE": subtract(lse(divide(CROSS, p), "j"), diagonal(divide(CROSS, p))),
    "triples": total(EXP(mul(b, bj, bk)), "j", "k"),
    "pairs, deviation": power(n.deviation("j", mul(b, bj)), TWO),
    "pairs, deviation on the diagonal": EXP(diagonal(n.deviation("j", mul(b, bj)))),
    "pairs, deviation along both": total(mul(n.deviation("j", s), n.deviation("i", s)), "j"),
    "pairs, deviation of a product": power(n.deviation("j", DOT), const(3)),
    "pairs, norm of order 1.5": total(p_norm(subtract(u, mul(TWO, vj)), const(1.5), "d"), "j"),
    "pairs, floored norm": lse(floored(subtract(u, mul(TWO, vj)), ONE, "d"), "j"),
    "less the batch's mean": power(subtract(b, mean(bj, "j")), TWO),
    "less the batch's mean, times another": total(mul(CENTRED, v), "d"),
    "variance": total(power(CENTRED, TWO), "i"),
    "covariance": total(mul(CENTRED, subtract(v, mean(vj, "j"))), "i"),
    "product with a sum": mul(b, total(bj, "j")),
    "constant along one axis of a view": mul(b, total(mul(add(p, read("w", "j")), bj), "j")),
    # Transposed
    "transposed": total(mul(s, turned), "j"),
    "transposed, curved": total(EXP(mul(s, turned)), "j"),
    "transposed, every entry": mul(s, SIN(turned)),
    "transposed, over an axis": lse(mul(s, turned), "j"),
}


@dataclass(frozen=True)
class Point:
    """A program at a point, with an upstream gradient and a direction in which to move."""

    program: Program
    values: Mapping[str, Array] = field(repr=False)

    @cached_property
    def meaning(self) -> Meaning:
        return Meaning(SIZES, self.values)

    def moved(self, by: Any, directions: Mapping[str, Array]) -> Point:
        """Return the point at a distance along directions."""
        values = dict(self.values)
        for name, direction in directions.items():
            values[name] = values[name] | {
                place: values[name][place] + by * d for place, d in direction.items()
            }
        return Point(self.program, values)

    def array(self, node: Node) -> Array:
        return self.meaning.array(node, tuple(sorted(node.axes)))

    def directions(self) -> dict[str, Array]:
        return {a.name: self.values[f"d_{a.name}"] for a in self.program.wrt}

    def loss(self) -> Any:
        """Return what reverse mode differentiates: the entries, times upstream, added up."""
        entries = self.meaning.array(self.program.output, self.program.axes)
        return mp.fdot(entries.values(), self.values["upstream"].values())

    def along(self, node: Node) -> Array:
        """Return the difference quotient of a node along the direction."""
        ahead = self.moved(STEP, self.directions()).array(node)
        behind = self.moved(-STEP, self.directions()).array(node)
        return {k: (ahead[k] - behind[k]) / (2 * STEP) for k in ahead}

    def losses_around(self, argument: Argument) -> dict[tuple[int, ...], tuple[Any, Any]]:
        """Return the losses one step behind and ahead of every entry of an argument."""
        found = {}
        for place in self.values[argument.name]:
            one = {argument.name: {place: mp.one}}
            found[place] = tuple(self.moved(by, one).loss() for by in (-STEP, STEP))
        return found


def draw(random: random.Random, shape: tuple[str, ...], kind: str = "float") -> Array:
    places = product(*(range(SIZES[axis]) for axis in shape))
    if kind == "label":
        return {place: random.randrange(SIZES["c"]) for place in places}
    return {place: mp.mpf(random.randrange(-2000, 2000)) / 977 for place in places}


@cache
def point(name: str) -> Point:
    """Return a graph at a random point: no ties, no kinks; parameters are positive."""
    mp.dps = DIGITS
    program = program_of(GRAPHS[name])
    numbers = random.Random(name)
    values = {a.name: draw(numbers, a.axes, a.kind) for a in program.arguments}
    for parameter in {"p", "q", "o"} & values.keys():
        values[parameter] = {(): abs(values[parameter][()]) + 1}
    values["upstream"] = draw(numbers, program.axes)
    for argument in program.wrt:
        values[f"d_{argument.name}"] = draw(numbers, argument.axes)
    return Point(program, values)


def program_of(value: Node, valid: Node | None = None) -> Program:
    (value,) = stabilise(value)
    roots = [value] if valid is None else [value, valid]
    used = {node.name for node in n.walk(*roots) if node.op == "leaf"}
    arguments = tuple(argument for name, argument in ARGUMENTS.items() if name in used)
    return Program(arguments, tuple(SIZES), value, valid, None, {}, ())


def assert_equal(found: Array, expected: Array) -> None:
    assert found.keys() == expected.keys()
    for place, number in expected.items():
        assert abs(found[place] - number) <= TOLERANCE * (1 + abs(number)), place


@pytest.fixture(autouse=True)
def digits() -> Any:
    with mp.workdps(DIGITS):
        yield


@pytest.mark.parametrize("name", GRAPHS)
class TestDerivatives:
    def test_gradient(self, name: str) -> None:
        here = point(name)
        for argument, gradient in zip(here.program.wrt, here.program.gradients, strict=True):
            around = here.losses_around(argument)
            quotients = {k: (b - a) / (2 * STEP) for k, (a, b) in around.items()}
            assert_equal(here.meaning.array(gradient, argument.axes), quotients)

    def test_tangent(self, name: str) -> None:
        here = point(name)
        assert_equal(here.array(here.program.tangent), here.along(here.program.output))

    def test_curvature(self, name: str) -> None:
        here = point(name)
        pairs = zip(here.program.curvatures, here.program.gradients, strict=True)
        for curvature, gradient in pairs:
            assert_equal(here.array(curvature), here.along(gradient))

    def test_hessian_diagonal(self, name: str) -> None:
        here = point(name)
        tensors = [argument for argument in here.program.wrt if argument.axes]
        middle = here.loss()
        for argument, diagonal in zip(tensors, here.program.diagonals, strict=True):
            around = here.losses_around(argument)
            quotients = {k: (a + b - 2 * middle) / STEP**2 for k, (a, b) in around.items()}
            assert_equal(here.meaning.array(diagonal, argument.axes), quotients)

    def test_coefficients_of_the_tangent(self, name: str) -> None:
        here = point(name)
        pairs = zip(here.program.partial_tangents, here.program.partials, strict=True)
        for moved, partial in pairs:
            assert_equal(here.array(moved), here.along(partial))


def test_every_operation_is_derived_somewhere() -> None:
    declared = {*FUNCTIONS.values(), *REDUCTIONS.values(), "sum", "select", "pick", "softmax"}
    declared |= {"p_norm", "floored_norm", "deviation"}
    # The rules and derivatives of other operations make these.
    made = {"erf", "log_cosh", "sigmoid_power", "signed_power", "digamma", "stop_gradient"}
    declared |= PARTIALS.keys() - made
    declared -= made
    written = {node.op for value in GRAPHS.values() for node in n.walk(value)}
    assert declared <= written | {"log_cosh"}
    stable = {node.op for name in GRAPHS for node in n.walk(point(name).program.value)}
    assert {"log_cosh", "nll", "nll_at", "xent", "cosoftmax", "direction", "norm"} <= stable
    assert "sigmoid_power" in stable
    slopes = {node.op for name in GRAPHS for node in n.walk(*point(name).program.curvatures)}
    assert {"signed_power", "power_slope"} <= slopes


def test_erf_has_the_slope_of_its_formula() -> None:
    # Its factor is a double, so it is right to half a unit in the 53rd bit.
    (slope,) = PARTIALS["erf"](call("erf", x))
    values = {"x": {place: mp.mpf(place[1]) / 3 for place in product(range(2), range(3))}}
    for place, found in Meaning(SIZES, values).array(slope, ("n", "c")).items():
        expected = mp.diff(mp.erf, values["x"][place])
        assert abs(found - expected) <= expected * mp.mpf(2) ** -53


ROW = ("n", "c")
# A graph, what x (and t) hold in one row, and the gradient by x there: the kink policy.
KINKS: dict[str, tuple[Node, list[float], list[float], list[Any]]] = {
    "abs": (ABS(GAP), [1, 2, 3], [1, 1, 4], [0, 1, -1]),
    "relu": (RELU(GAP), [1, 2, 3], [1, 1, 4], [0, 1, 0]),
    "maximum shares a tie": (MAX(x, t), [1, 2, 3], [1, 1, 4], [0.5, 1, 0]),
    "minimum shares a tie": (MIN(x, t), [1, 2, 3], [1, 1, 4], [0.5, 0, 1]),
    "amax shares two ways": (fold("amax", "c", x), [3, 1, 3], [0] * 3, [0.5, 0, 0.5]),
    "amax shares three ways": (fold("amax", "c", x), [2, 2, 2], [0] * 3, [Fraction(1, 3)] * 3),
    "amin shares two ways": (fold("amin", "c", x), [3, 1, 1], [0] * 3, [0, 0.5, 0.5]),
    "norm of the zero vector": (fold("norm", "c", x), [0] * 3, [0] * 3, [0] * 3),
    "norm of a difference that is zero": (fold("norm", "c", GAP), [1, 2, 3], [1, 2, 3], [0] * 3),
    "direction of the zero vector": (unit_vector(x, "c"), [0] * 3, [1] * 3, [0] * 3),
    "cosine with the zero vector": (
        total(mul(unit_vector(x, "c"), unit_vector(t, "c")), "c"), [0] * 3, [1, 2, 2], [0] * 3
    ),
    **{
        f"norm of order {p} of the zero vector": (p_norm(x, const(p)), [0] * 3, [0] * 3, [0] * 3)
        for p in (1, Fraction(3, 2), 2, 3)
    },
    "norm of order 1 with a zero": (p_norm(x, ONE), [0, 3, -4], [0] * 3, [0, 1, -1]),
    "norm of order 1.5 with zeros": (p_norm(x, const(1.5)), [0, 0, -5], [0] * 3, [0, 0, -1]),
    "norm of order 2 with a zero": (
        p_norm(x, TWO), [0, 3, -4], [0] * 3, [0, Fraction(3, 5), Fraction(-4, 5)]
    ),
    "norm of order 3 with zeros": (p_norm(x, const(3)), [0, 0, -5], [0] * 3, [0, 0, -1]),
    "floored norm of the zero vector": (floored(x, ONE), [0] * 3, [0] * 3, [0] * 3),
    "floored norm by 0 of the zero vector": (floored(x, n.ZERO), [0] * 3, [0] * 3, [0] * 3),
    "hinge": (HINGE(GAP), [1, 2, 3], [1, 1, 4], [1, 1, 0]),
    "stopped": (
        mul(x, call("stop_gradient", mul(x, x))), [1, 2, 3], [0] * 3, [1, 4, 9]
    ),
    "a slope of one's own": (
        call("with_slope", call("sign", x), x, t), [0, -2, 3], [1, 2, 4], [1, 2, 4]
    ),
    "raised": (RAISE(x, t), [1, 2, 3], [1, 1, 4], [1, 1, 1]),
    "square of what is raised": (power(RAISE(x, t), TWO), [1, 2, 3], [1, 1, 4], [2, 4, 8]),
    "power of a sigmoid of 0": (power(SIGMOID(x), t), [0] * 3, [0, 1, 2], [0, 0.25, 0.25]),
    "unit by zero": (UNIT(x, t), [1, 2, 3], [0, 1, 2], [0, 1, 0.5]),
    "sign": (mul(call("sign", x), x), [0, 1, -2], [0] * 3, [0, 1, -1]),
    "power of zero": (power(x, t), [0, 0, 0], [2, 1, 0], [0, 1, 0]),
}  # fmt: skip


@pytest.mark.parametrize("name", KINKS)
def test_kinks(name: str) -> None:
    value, row, other, expected = KINKS[name]
    program = program_of(value)
    rows = {"x": row, "t": other, "upstream": [1] * 3, "d_x": [1, -2, 3], "d_t": [2, 1, -1]}
    values = {
        name: {(i, k): mp.mpf(number) for i in range(2) for k, number in enumerate(numbers)}
        for name, numbers in rows.items()
    }
    if len(program.axes) == 1:
        values["upstream"] = dict.fromkeys([(0,), (1,)], mp.one)
    meaning = Meaning(SIZES, values)
    found = meaning.array(program.gradients[0], ROW)
    for k, number in enumerate(map(Fraction, expected)):
        assert abs(found[0, k] - mp.mpf(number.numerator) / number.denominator) < TOLERANCE
    finite = [*program.gradients, *program.curvatures, *program.diagonals]
    for node in finite:
        assert all(map(mp.isfinite, meaning.array(node, ROW).values())), node


def test_an_exponent_of_zero_has_a_finite_gradient() -> None:
    program = program_of(power(x, p))
    places = list(product(range(2), range(3)))
    values = {name: dict.fromkeys(places, mp.one) for name in ("upstream", "d_x")}
    values |= {"x": {place: mp.mpf(place[1]) for place in places}, "p": {(): mp.mpf(2)}}
    meaning = Meaning(SIZES, values | {"d_p": {(): mp.one}})
    by_x, by_p = program.gradients
    assert meaning.array(by_x, ROW)[0, 0] == 0
    assert meaning.at(by_p, {}) == 2 * 4 * mp.log(2)
    assert all(mp.isfinite(number) for node in program.curvatures
               for number in meaning.array(node, ROW[: 2 * len(node.axes)]).values())  # fmt: skip


def test_a_row_that_does_not_count_has_no_entry_of_its_own() -> None:
    """What is masked is the one entry of each row that is not 0 already."""
    index, value = n.leaf("index", ("n",), "label"), n.leaf("value", ("n",))
    valid = n.compare("ne", index, n.const(-1))
    here = n.compare("eq", n.position("c"), index)
    masked = mask(n.select(here, value, n.ZERO), valid)
    assert masked is n.select(here, n.select(valid, value, n.ZERO), n.ZERO)


class TestValid:
    """Entries that do not count have derivatives of exactly 0, whatever they hold."""

    VALID = n.compare("ne", y, const(2))

    def point(self, value: Node) -> Point:
        program = program_of(value, self.VALID)
        numbers = random.Random(1)
        values = {a.name: draw(numbers, a.axes, a.kind) for a in program.arguments}
        values |= {f"d_{a.name}": draw(numbers, a.axes) for a in program.wrt}
        values |= {"upstream": draw(numbers, program.axes), "y": {(0,): 1, (1,): 2}}
        values["x"] |= {(1, 0): mp.inf, (1, 1): mp.nan}
        return Point(program, values)

    @pytest.mark.parametrize(
        "value",
        [
            mul(n.pick(w, "c", y), n.pick(NLL, "c", n.select(VALID, y, n.ZERO))),
            total(mul(x, x, t), "c"),
            mul(p, p, total(EXP(x), "c")),
            total(add(mul(p, x), p), "c"),
        ],
        ids=["label", "product", "parameter", "parameter that is constant along an axis"],
    )
    def test_are_masked(self, value: Node) -> None:
        here = self.point(value)
        program = here.program
        assert here.array(program.output)[1,] == 0
        assert here.array(program.tangent)[1,] == 0
        results = [*program.gradients, *program.curvatures, *program.diagonals]
        for node in results:
            found = here.array(node)
            if "n" in node.axes:
                assert all(number == 0 for place, number in found.items() if place[-1] == 1)
            assert all(map(mp.isfinite, found.values()))
        for argument, gradient in zip(program.wrt, program.gradients, strict=True):
            if not argument.axes:
                ((before, after),) = here.losses_around(argument).values()
                assert_equal(here.array(gradient), {(): (after - before) / (2 * STEP)})
