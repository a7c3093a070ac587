"""The rules of stable form and the expansions keep the value: both sides in 40 digits.

A rule is right where the graph before and the graph after mean the same; why it is there is for the
conformance to test, which meets the tails.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import partial
from itertools import product
from typing import Any

import pytest
from graphs import Array, Meaning
from mpmath import mp

from lossgen import nodes as n
from lossgen.composites import EXPANSIONS
from lossgen.expand import FUNCTIONS, Expansion
from lossgen.nodes import Node, add, call, const, divide, fold, leaf, mul, negate, over, power
from lossgen.rules import RULES, stabilise

DIGITS = 40
# What is lost is lost in cancellation on one of the sides: with entries below 20, exp(20) squared
# against 1, 18 digits of the 40; the difference of two equal sides is then below 1e-20.
TOLERANCE = mp.mpf(10) ** -20
# What an expansion leaves out, as the formula says: log(cosh(x)) subtracts log(2) as a double, and
# its series ends below half a unit of one; so do those of the derivatives of log(gamma(x)).
LEFT_OUT = dict.fromkeys(("log_cosh", "digamma", "trigamma"), mp.mpf(2) ** -54)
# sqrt(1 + x**2) is x beyond 2**30.
LEFT_OUT |= dict.fromkeys(("hypot1", "hypot1m1"), mp.mpf(2) ** -61)
# The logarithm of 1 + x**2 is twice that of 1 + x beyond 2**60.
LEFT_OUT["log1p_square"] = mp.mpf(2) ** -59
# The series of the derivatives of a power transform, times up to the cube of log(21).
LEFT_OUT |= dict.fromkeys(("exp_moment1", "exp_moment2"), mp.mpf(2) ** -54)
LEFT_OUT |= dict.fromkeys(("box_cox_slope", "box_cox_bend"), mp.mpf(2) ** -49)
SIZES = {"i": 2, "k": 3}

x, t, z = (leaf(name, ("i", "k")) for name in ("x", "t", "z"))
a, c = leaf("a", ("i",)), leaf("c")
d = leaf("d", positive=True)
y = leaf("y", ("i",), "label")
ONE, TWO = n.ONE, const(2)
exp, log, sigmoid, softplus = (
    partial(call, name) for name in ("exp", "log", "sigmoid", "softplus")
)
relu, size = partial(call, "relu"), partial(call, "abs")
softmax, nll = (partial(over, name, "k") for name in ("softmax", "nll"))
lse = partial(fold, "lse", "k")


def total(body: Node) -> Node:
    return n.sum_over(body, ("k",))


def mean(body: Node) -> Node:
    return divide(total(body), n.size("k"))


def at(body: Node) -> Node:
    return n.pick(body, "k", y)


SOFT = softmax(x)
POSITIVE = add(size(x), const(Fraction(1, 8)))
ABOVE = add(size(x), const(Fraction(-7, 8)))
# Nodes to which each rule applies, as the constructors of nodes write them.
BEFORE: dict[str, list[Node]] = {
    "softplus": [
        log(add(ONE, exp(x))),
        log(add(exp(negate(mul(x, t))), ONE)),
        call("log1p", exp(x)),
        call("log1p", exp(add(x, t, const(3)))),
    ],
    "log-sigmoid": [log(sigmoid(x)), log(sigmoid(negate(mul(TWO, x))))],
    "sigmoid": [
        power(add(ONE, exp(negate(x))), const(-1)),
        power(add(ONE, exp(mul(x, t))), const(-1)),
        mul(exp(x), sigmoid(negate(x))),
        mul(exp(negate(x)), sigmoid(x), t),
    ],
    "complement": [
        n.subtract(ONE, sigmoid(x)),
        add(sigmoid(x), const(-1)),
        add(mul(const(-3), sigmoid(x)), const(3)),
        add(mul(TWO, SOFT), const(-2)),
        n.subtract(ONE, SOFT),
        add(exp(x), const(-1)),
        add(const(2.5), mul(const(-2.5), exp(x))),
    ],
    "sigmoid difference": [
        n.subtract(sigmoid(x), sigmoid(negate(x))),
        add(mul(t, sigmoid(negate(x))), mul(const(-1), t, sigmoid(x))),
        add(
            mul(TWO, t, power(sigmoid(x), TWO), sigmoid(negate(x))),
            t,
            mul(const(-2), t, power(sigmoid(negate(x)), TWO), sigmoid(x)),
        ),
    ],
    "power of a sigmoid": [
        power(sigmoid(x), c),
        power(sigmoid(negate(mul(x, t))), const(Fraction(5, 2))),
        power(sigmoid(x), const(0.5)),
        power(sigmoid(x), sigmoid(t)),
    ],
    "folded softplus": [
        add(relu(x), softplus(negate(size(x)))),
        add(mul(const(-3), relu(x)), t, mul(const(-3), softplus(negate(size(x))))),
    ],
    "convex split": [
        add(softplus(x), negate(mul(t, x))),
        add(mul(TWO, softplus(negate(x))), mul(TWO, t, x)),
        add(softplus(x), mul(TWO, x)),
        add(mul(const(-1), softplus(mul(const(-3), x))), mul(t, z, x), z),
        add(softplus(mul(x, t)), negate(mul(x, t, z))),
    ],
    "softplus pair": [
        add(softplus(x), negate(softplus(negate(x)))),
        add(z, mul(t, softplus(x)), mul(const(-1), t, softplus(negate(x)))),
        add(mul(const(-2), softplus(x)), mul(TWO, softplus(negate(x)))),
    ],
    "sign of multiples": [
        call("sign", n.subtract(mul(x, t), mul(z, t))),
        call("sign", n.subtract(mul(c, x), mul(add(c, const(-1)), x))),
        call("sign", add(mul(const(-3), x, t), mul(x, t, z))),
    ],
    "log-cosh": [log(call("cosh", x)), log(call("cosh", mul(c, n.subtract(x, t))))],
    "deviation": [
        n.subtract(x, mean(x)),
        add(mul(x, t), z, negate(mean(mul(x, t)))),
        n.subtract(n.subtract(x, t), mean(n.subtract(x, t))),
    ],
    "norm": [
        call("sqrt", total(mul(x, x))),
        call("sqrt", total(power(n.subtract(x, t), TWO))),
    ],
    "direction": [call("unit", n.subtract(x, t), fold("norm", "k", n.subtract(x, t)))],
    "log-sum-exp": [
        log(total(exp(x))),
        log(total(exp(divide(mul(x, t), c)))),
        log(SOFT),
        log(at(SOFT)),
    ],
    "sum of the others": [
        n.subtract(lse(x), x),
        n.subtract(lse(x), at(x)),
        add(mul(const(-2), x), mul(TWO, lse(x)), z),
        add(lse(x), negate(n.pick(x, "k", n.position("i")))),
        add(lse(divide(mul(x, t), c)), negate(n.pick(divide(mul(x, t), c), "k", y))),
        add(lse(mul(x, a)), negate(mul(a, at(x)))),
    ],
    "picked cross-entropy": [at(nll(x)), at(mul(t, nll(x))), at(mul(a, x, t))],
    "weighted cross-entropy": [
        total(nll(x)),
        total(mul(t, nll(x))),
        total(mul(t, z, nll(mul(x, t)))),
        total(mul(leaf("w", ("k",)), t, nll(x))),
    ],
    "softmax variance": [
        add(SOFT, negate(mul(SOFT, SOFT))),
        add(mul(t, SOFT), z, mul(const(-1), t, power(SOFT, TWO))),
        add(mul(const(-2), SOFT), mul(TWO, SOFT, SOFT)),
    ],
    "quotient of powers": [
        mul(x, x, power(t, const(-2))),
        mul(const(-3), z, power(x, TWO), power(t, const(-2)), power(c, const(-2))),
        mul(power(t, const(-3)), x, x, x),
    ],
    "bell curve": [
        exp(negate(mul(x, x))),
        exp(mul(const(Fraction(-1, 2)), power(divide(x, c), TWO))),
        call("gauss", mul(const(0.5), x, c), ONE),
    ],
    "complement of a bell curve": [
        n.subtract(ONE, call("gauss", x, ONE)),
        add(mul(TWO, call("gauss", x, const(Fraction(1, 2)))), const(-2)),
    ],
    "hypotenuse": [
        call("sqrt", add(ONE, mul(x, x))),
        power(add(ONE, power(divide(x, c), TWO)), const(-1)),
        power(add(ONE, mul(x, x)), const(Fraction(-3, 2))),
        call("sqrt", add(ONE, mul(const(4), power(d, const(-1)), power(x, TWO)))),
    ],
    "leg over hypotenuse": [
        divide(x, call("hypot1", x)),
        mul(t, x, power(c, const(-1)), power(call("hypot1", divide(x, c)), const(-2))),
        divide(x, call("hypot1", mul(TWO, x))),
    ],
    "hypotenuse less leg": [
        add(call("hypot1", x), const(-1)),
        add(mul(const(-3), t, call("hypot1", divide(x, c))), z, mul(const(3), t)),
        add(call("sqrt", add(power(d, TWO), power(n.subtract(x, t), TWO))), negate(d)),
        n.subtract(TWO, call("sqrt", add(power(x, TWO), const(4)))),
        n.subtract(mul(power(d, TWO), call("hypot1", divide(x, d))), power(d, TWO)),
        add(call("sqrt", add(mul(const(9), x, x), power(d, TWO))), negate(d)),
        add(mul(t, d, call("sqrt", add(power(x, TWO), power(d, TWO)))), negate(mul(t, d, d))),
    ],
    "power transform": [
        add(power(add(ONE, size(x)), c), const(-1)),
        n.subtract(TWO, mul(TWO, power(add(ONE, size(x)), const(3)))),
        add(call("sqrt", add(size(x), ONE)), const(-1)),
    ],
    "power transform over its power": [
        mul(call("box_cox", ABOVE, mul(TWO, c)), c, power(c, const(-1)), x),
    ],
    "scaled exponential": [
        mul(x, exp(t)),
        mul(call("scaled_exp", x, t), exp(z)),
        mul(const(-3), power(x, const(3)), exp(t)),
        mul(const(-3), power(n.subtract(x, t), TWO), exp(negate(z)), c),
    ],
    "common exponential": [
        add(call("scaled_exp", x, t), exp(t)),
        add(mul(const(-2), exp(t), z), x, mul(TWO, z, call("scaled_exp", x, t))),
    ],
    "log1p": [log(add(ONE, mul(x, t))), log(add(ONE, size(x), const(0)))],
    "log of a square": [
        call("log1p", mul(x, x)),
        call("log1p", mul(const(4), power(x, TWO))),
    ],
}
# Nodes that look like it, which no rule may touch.
OTHERS = {
    "2 + exp": log(add(TWO, exp(x))),
    "1 + 2 exp": power(add(ONE, mul(TWO, exp(x))), const(-1)),
    "another power": power(add(ONE, exp(x)), const(-2.5)),
    "another constant": add(sigmoid(x), const(-2)),
    "whole power of a sigmoid": power(sigmoid(x), const(3)),
    "power of another": power(call("tanh", x), c),
    "less the mean of another": n.subtract(x, mean(t)),
    "plus the mean": add(x, mean(x)),
    "less twice the mean": n.subtract(x, mul(TWO, mean(x))),
    "less the sum": n.subtract(x, total(x)),
    "less the mean over both axes": n.subtract(x, mean(divide(n.sum_over(x, "i"), n.size("i")))),
    "sign of unlike": call("sign", n.subtract(mul(x, t), z)),
    "softplus of another": add(relu(x), softplus(negate(size(t)))),
    "softplus of one argument": add(softplus(x), negate(softplus(x)), softplus(t)),
    "norm of a cube": call("sqrt", total(power(x, const(3)))),
    "direction by another norm": call("unit", x, fold("norm", "k", t)),
    "sum of two exponentials": log(total(add(exp(x), exp(t)))),
    "logsumexp of another": n.subtract(lse(x), t),
    "logsumexp at another": n.subtract(lse(x), at(t)),
    "logsumexp, added": add(lse(x), x),
    "logsumexp, other factors": add(mul(TWO, lse(x)), negate(mul(const(3), x))),
    "product of squares": mul(x, x, t, t),
    "growing curve": exp(mul(x, x)),
    "curve of a width that rounds": exp(mul(const(-3), x, x)),
    "hypotenuse of another leg": call("sqrt", add(TWO, mul(x, x))),
    "another leg": divide(t, call("hypot1", x)),
    "hypotenuse less two": add(call("hypot1", x), const(-2)),
    "hypotenuse and one": add(call("hypot1", x), ONE),
    "hypotenuse less another leg": n.subtract(call("sqrt", add(power(d, TWO), power(x, TWO))), z),
    "hypotenuse less what may be negative": n.subtract(
        call("sqrt", add(power(c, TWO), power(x, TWO))), c
    ),
    "hypotenuse of a square less it": n.subtract(
        call("sqrt", add(power(d, TWO), power(x, const(3)))), d
    ),
    "square less one": add(power(add(ONE, x), TWO), const(-1)),
    "power less two": add(power(add(ONE, size(x)), c), const(-2)),
    "power transform over another power": mul(call("box_cox", ABOVE, c), t, power(t, const(-1))),
    "exponential that decays": mul(x, exp(negate(add(size(t), mul(t, t))))),
    "exponential times what comes from above": mul(leaf("upstream", ("i", "k")), exp(t)),
    "exponential of all that it scales": mul(x, exp(mul(c, x))),
    "exponential times a parameter": mul(c, exp(t)),
    "exponentials of two": add(call("scaled_exp", x, t), exp(z)),
    "squares of another softmax": add(SOFT, negate(power(softmax(t), TWO))),
}

# Composites as the last pass meets them.
COMPOSITES: dict[str, list[Node]] = {
    "softplus": [softplus(x)],
    "sech2": [call("sech2", x)],
    "log_cosh": [call("log_cosh", x)],
    "unit": [call("unit", x, t), call("unit", x, add(t, negate(x)))],
    "excess": [
        over("excess", "k", x, other) for other in (t, leaf("w", ("k",)), leaf("a", ("i",)))
    ],
    "excess_at": [n.make("excess_at", (x, y), ("k",), ("i", "k"))],
    "grad_at": [n.make("grad_at", (x, y, leaf("a", ("i",))), ("k",), ("i", "k"))],
    "nll_at": [n.fold_at("nll_at", "k", x, y), n.fold_at("nll_at", "k", x, n.position("i"))],
    "xent": [fold("xent", "k", x, t), fold("xent", "k", x, leaf("w", ("k",)))],
    "centred": [over("centred", "k", x, t)],
    "softmax_tangent": [over("softmax_tangent", "k", x, t)],
    "lse": [lse(x)],
    "norm": [fold("norm", "k", x)],
    "length": [fold("length", "k", x)],
    "others": [fold("others", "k", x)],
    "floored_norm": [fold("floored_norm", "k", x, c), fold("floored_norm", "k", x, const(1e-6))],
    "p_norm": [fold("p_norm", "k", x, order) for order in (c, ONE, const(Fraction(3, 2)), TWO)],
    "p_length": [fold("p_length", "k", x, c)],
    "signed_power": [call("signed_power", x, order) for order in (c, ONE, const(0.5))],
    "power_slope": [call("power_slope", x, order) for order in (c, ONE, TWO, const(0.5))],
    "sigmoid_power": [call("sigmoid_power", x, exponent) for exponent in (c, t, const(0.5))],
    "hinge": [call("hinge", x)],
    "raise_to": [call("raise_to", x, t), call("raise_to", x, c)],
    "gauss": [call("gauss", x, ONE), call("gauss", x, const(Fraction(1, 2)))],
    "scaled_exp": [call("scaled_exp", x, t), call("scaled_exp", x, mul(const(10), t))],
    "hypot1": [call("hypot1", x), call("hypot1", mul(const(2**31), x))],
    "hypot1m1": [call("hypot1m1", x), call("hypot1m1", mul(const(2**31), x))],
    "over_hypot1": [call("over_hypot1", x)],
    "log1p_square": [call("log1p_square", x), call("log1p_square", mul(const(2**61), x))],
    "over_square1": [call("over_square1", x)],
    "exp_moment1": [call("exp_moment1", call("sin", x))],
    "exp_moment2": [call("exp_moment2", call("sin", x))],
    "power1p": [call("power1p", ABOVE, c), call("power1p", ABOVE, t)],
    "digamma": [call("digamma", POSITIVE)],
    "trigamma": [call("trigamma", POSITIVE)],
    "stop_gradient": [call("stop_gradient", x)],
    "with_slope": [call("with_slope", x, t, z)],
}
for _op in ("box_cox", "box_cox_slope", "box_cox_bend"):
    COMPOSITES[_op] = [call(_op, ABOVE, p) for p in (c, t, mul(const(1e-3), t), const(-2), n.ZERO)]
# The rest keep their axis and have one argument.
COMPOSITES |= {op: [over(op, "k", x)] for op in sorted(EXPANSIONS.keys() - COMPOSITES.keys())}


def draws(seed: str) -> Iterator[dict[str, Array]]:
    """Yield inputs: random ones, equal entries, zeros, one entry that dominates."""
    numbers = random.Random(seed)
    rows: Sequence[Sequence[float] | None] = (None, None, None, (1, 1, 1), (0, 0, 0), (-2, 19, 19))
    for row in rows:
        values: dict[str, Array] = {
            name: {
                place: mp.mpf(numbers.randrange(-20000, 20000)) / 1001
                for place in product(*(range(SIZES[axis]) for axis in axes))
            }
            for name, axes in (("t", "ik"), ("z", "ik"), ("a", "i"), ("w", "k"), ("c", ""))
        }
        values["c"] = {(): abs(values["c"][()]) + 1}
        values["d"] = {(): values["c"][()] / 2}
        values["y"] = {(place,): numbers.randrange(SIZES["k"]) for place in range(SIZES["i"])}
        values["x"] = {
            (i, k): (
                mp.mpf(numbers.randrange(-20000, 20000)) / 1001 if row is None else mp.mpf(row[k])
            )
            for i, k in product(range(SIZES["i"]), range(SIZES["k"]))
        }
        yield values


def assert_same(before: Node, after: Node, tolerance: Any = TOLERANCE) -> None:
    axes = tuple(sorted(before.axes))
    with mp.workdps(DIGITS):
        for values in draws(repr(before)):
            expected = Meaning(SIZES, values).array(before, axes)
            found = Meaning(SIZES, values).array(after, axes)
            for place, number in expected.items():
                if mp.isfinite(number):
                    assert abs(found[place] - number) <= tolerance * (1 + abs(number)), values


def test_every_rule_has_nodes_to_show_it_on() -> None:
    assert list(BEFORE) == [rule.name for rule in RULES]
    assert set(COMPOSITES) == set(EXPANSIONS)
    assert set(FUNCTIONS) <= set(EXPANSIONS)


@pytest.mark.parametrize(
    ("rule", "before"),
    [pytest.param(rule, node, id=f"{rule.name} {k}") for rule in RULES
     for k, node in enumerate(BEFORE[rule.name])],
)  # fmt: skip
def test_a_rule_applies_and_keeps_the_value(rule: Any, before: Node) -> None:
    after = rule.apply(before)
    assert after is not None
    assert after is not before
    assert_same(before, after)
    assert_same(before, stabilise(before)[0])


@pytest.mark.parametrize("name", OTHERS)
def test_no_rule_touches_what_only_looks_like_it(name: str) -> None:
    node = OTHERS[name]
    assert [rule.name for rule in RULES if rule.apply(node) is not None] == []


def test_stabilise_names_the_rules_it_used() -> None:
    applied: dict[str, Any] = {}
    stabilise(log(add(ONE, exp(x))), applied=applied)
    assert list(applied) == ["softplus"]


@pytest.mark.parametrize(
    "node",
    [node for nodes in COMPOSITES.values() for node in nodes],
    ids=lambda node: repr(node)[:50],
)
def test_an_expansion_keeps_the_value(node: Node) -> None:
    tolerance = LEFT_OUT.get(node.op, TOLERANCE)
    one_step = EXPANSIONS[node.op](node)
    assert one_step.axes == node.axes
    assert_same(node, one_step, tolerance)
    (whole,) = Expansion().expand(node)
    assert_same(node, whole, tolerance)
    assert not {inner.op for inner in n.walk(whole)} & EXPANSIONS.keys()


def test_what_is_a_function_of_the_package_stays() -> None:
    expansion = Expansion(frozenset(FUNCTIONS))
    for op in FUNCTIONS:
        node = COMPOSITES[op][0]
        assert expansion.expand(node) == (node,)
