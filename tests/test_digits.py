"""What stable forms are for: evaluated with a double's 53 bits, they keep their digits.

`test_rules` and `test_derive` compare meanings in so many digits that cancellation does not show.
Here every operation is rounded as in float64, at inputs where another form loses all.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from graphs import Array, Meaning, Place
from mpmath import mp
from test_derive import program_of, total, x

from lossgen import nodes as n
from lossgen.expand import Expansion
from lossgen.nodes import Node, add, call, const, fold, leaf, mul

# Some operations in a row, half a unit each; what is lost without a stable form is a thousand.
TOLERANCE = 16 * mp.mpf(2) ** -53
DIGITS = 60
SIZES = {"n": 2, "c": 3}
a, p = leaf("a"), leaf("p")
RATES = add(fold("norm", "c", x), n.ONE)


class Doubles(Meaning):
    """Rounds after every operation; the functions that frameworks have for it keep digits."""

    def _log1p(self, node: Node, place: Place) -> Any:
        return mp.log1p(self.at(node.args[0], place))

    def _expm1(self, node: Node, place: Place) -> Any:
        return mp.expm1(self.at(node.args[0], place))

    def _exp_difference(self, node: Node, place: Place) -> Any:
        left, right = (self.at(arg, place) for arg in node.args)
        return mp.exp(mp.fsub(left, right, exact=True))


# Composites of numbers, and where they were written with care.
SCALARS: dict[str, tuple[Node, list[tuple[float, float]]]] = {
    "gauss": (call("gauss", a, n.ONE), [(20.3, 0), (0.3, 0), (-7.77, 0)]),
    "narrow gauss": (call("gauss", a, const(Fraction(1, 2))), [(30.1, 0), (0.01, 0)]),
    "power1p": (call("power1p", a, p), [(1e-9, 1e6), (0.3, 3.0), (1e150, 1.9), (-0.9, 2.5)]),
    "box_cox": (call("box_cox", a, p), [(1e-9, 2.0), (1e-3, 0.5), (7.0, 1e-9), (1e60, 4.5)]),
    "box_cox_slope": (call("box_cox_slope", a, p), [(1e-7, 2.0), (7.0, 1e-9), (1e9, 3.5)]),
    "box_cox_bend": (call("box_cox_bend", a, p), [(1e-7, 2.0), (7.0, 1e-9), (1e9, 3.5)]),
    "log_cosh": (call("log_cosh", a), [(1e-9, 0), (1e-3, 0), (-0.4, 0), (200.0, 0)]),
    "sech2": (call("sech2", a), [(300.0, 0), (-300.0, 0), (1e-3, 0)]),
    "softplus": (call("softplus", a), [(-700.0, 0), (-40.0, 0), (700.0, 0)]),
    "hypot1": (call("hypot1", a), [(1e-9, 0), (1e12, 0), (3.0, 0)]),
    "hypot1m1": (call("hypot1m1", a), [(1e-9, 0), (-0.3, 0), (1e12, 0), (1e200, 0)]),
    "log1p_square": (call("log1p_square", a), [(1e-9, 0), (1e12, 0), (1e200, 0), (-0.7, 0)]),
    "over_square1": (call("over_square1", a), [(1e-9, 0), (-1e12, 0), (1e200, 0), (0.7, 0)]),
    "digamma": (call("digamma", a), [(1e-9, 0), (0.7, 0), (8.5, 0), (1e9, 0)]),
    "trigamma": (call("trigamma", a), [(1e-9, 0), (0.7, 0), (8.5, 0), (1e9, 0)]),
}
# Graphs whose second derivative is tiny where one entry of a row leads by far.
ROWS: dict[str, Node] = {
    "logsumexp of what moves together": fold("lse", "c", mul(x, total(x, "c"))),
    "logsumexp of what is scaled": fold("lse", "c", mul(x, RATES)),
}
ROW = [5.0, 0.125, -0.25], [0.5, 4.0, 0.25]


def evaluated(node: Node, values: dict[str, Array], meaning: type[Meaning], bits: int) -> Array:
    """Return the values of a graph with so many bits, as numbers that are exact."""
    with mp.workprec(bits):
        return meaning(SIZES, values).array(node, tuple(sorted(node.axes)))


def assert_digits(node: Node, values: dict[str, Array]) -> None:
    """Compare what is emitted for a graph with its meaning."""
    (written,) = Expansion().expand(node)
    found = evaluated(written, values, Doubles, 53)
    exact = evaluated(node, values, Meaning, 2000)
    with mp.workdps(DIGITS):
        for place, number in exact.items():
            assert abs(found[place] - number) <= TOLERANCE * abs(number), (values, found, number)


@pytest.mark.parametrize("name", SCALARS)
def test_a_composite_keeps_its_digits(name: str) -> None:
    node, points = SCALARS[name]
    for one, other in points:
        assert_digits(node, {"a": {(): mp.mpf(one)}, "p": {(): mp.mpf(other)}})


@pytest.mark.parametrize("name", ROWS)
def test_a_second_derivative_keeps_its_digits(name: str) -> None:
    program = program_of(ROWS[name])
    values: dict[str, Array] = {
        "x": {(k, j): mp.mpf(number) for k, row in enumerate(ROW) for j, number in enumerate(row)},
        "upstream": {(k,): mp.one for k in range(2)},
    }
    for diagonal in program.diagonals:
        assert_digits(diagonal, values)
