"""Selections by abs(x) and a bound, written as minima: the same function at every point."""

import pytest
from graphs import Meaning
from mpmath import mp

from lossgen import nodes as n
from lossgen.bounds import HALF, bounded
from lossgen.nodes import call, compare, divide, leaf, mul, select, subtract

X, BOUND = leaf("x", ("i",)), leaf("bound", ())
SIZE = call("abs", X)
SQUARE = mul(HALF, n.power(X, n.const(2)))
FORMS = {
    "clamp": (X, mul(call("sign", X), BOUND)),
    "excess": (n.ZERO, subtract(SIZE, BOUND)),
    "huber": (SQUARE, mul(BOUND, subtract(SIZE, mul(HALF, BOUND)))),
    "slope": (divide(X, BOUND), call("sign", X)),
    "square": (mul(n.const(3), n.power(divide(X, BOUND), n.const(2))), n.const(3)),
    "smooth": (divide(SQUARE, BOUND), subtract(SIZE, mul(HALF, BOUND))),
}
POINTS = [-7.0, -2.5, -2.0, -0.5, 0.0, 0.5, 2.0, 2.5, 7.0]


def chosen(op, inside, outside):
    return select(compare(op, SIZE, BOUND), inside, outside)


@pytest.mark.parametrize("bound", [0.5, 2.5])
@pytest.mark.parametrize("op", ["le", "lt"])
@pytest.mark.parametrize("name", FORMS)
def test_it_is_the_same_function(name, op, bound):
    node = chosen(op, *FORMS[name])
    (form,) = bounded((node,))
    assert not any(inner.op == "select" for inner in n.walk(form))
    values = {"x": {(k,): mp.mpf(x) for k, x in enumerate(POINTS)}, "bound": {(): mp.mpf(bound)}}
    meaning = Meaning({"i": len(POINTS)}, values)
    assert meaning.array(form, ("i",)) == meaning.array(node, ("i",))


def test_branches_that_do_not_meet_stay_a_selection():
    node = chosen("le", X, mul(n.const(2), call("sign", X), BOUND))
    assert bounded((node,)) == (node,)


def test_a_selection_by_another_condition_stays():
    node = select(compare("le", X, BOUND), X, mul(call("sign", X), BOUND))
    assert bounded((node,)) == (node,)
