"""What drawing losses has found: each formula once gave wrong numbers, or none."""

from __future__ import annotations

import pytest
from examine import RUNS, Examination
from sympy import Abs, Piecewise, erf, exp, log, sign
from worlds import PARAMETERS, SCALE, WORLDS, numbers

from lossgen import Loss, Position, at, max_over, mean_over, softmax, stop_gradient, sum_over
from lossgen.verbatim import verbatim

ROWS, PAIRS, ANYWHERE, _ = WORLDS
FOUND = {
    # torch.where of two numbers is float32, and so was the multiple of it by 2 / sqrt(pi).
    "a selection of two numbers": (
        ROWS,
        lambda x, t, v: erf(Piecewise((v - SCALE, v < SCALE), (x, True))),
    ),
    # No tensor is read along the axis that is left.
    "the diagonal of a vector": (PAIRS, lambda x, xj, t, tj, v, vj: at(vj, j="i")),
    # A tangent must have the shape of the loss, also where it is constant along an axis.
    "no slope anywhere": (ANYWHERE, lambda x, t: stop_gradient(x)),
    "a slope of 0 beside a weight": (ANYWHERE, lambda x, t: ANYWHERE.weights[0] + sign(x - SCALE)),
    # The place of the largest entry was asked for without an axis, where there is but one.
    "softmax of what has one axis": (
        PAIRS,
        lambda x, xj, t, tj, v, vj: softmax(max_over(xj - vj, "j"), "d"),
    ),
    # torch.arange counts in whole numbers, whose mean has the default precision.
    "a sum that counts": (
        PAIRS,
        lambda x, xj, t, tj, v, vj: mean_over((vj - mean_over(vj, "j")) * Position("j"), "j"),
    ),
    # No array is read where parameters alone are compared.
    "a choice by a parameter alone": (
        ANYWHERE,
        lambda x, t: Piecewise((SCALE, exp(SCALE) > SCALE), (stop_gradient(x), True)),
    ),
    # SymPy turned the comparison round and round, until Python's stack was full.
    "a comparison of differences": (
        ROWS,
        lambda x, t, v: Piecewise((x, x - t >= v - x), (t, True)),
    ),
    # So it did with the sign of a difference of differences.
    "the size of a difference of differences": (
        PAIRS,
        lambda x, xj, t, tj, v, vj: sum_over(Abs((x - xj) - (t - tj)), "j"),
    ),
    # PyTorch has a word for a + c * b, and here b is a reciprocal, which is written as a divisor.
    "a scaled reciprocal": (
        ANYWHERE,
        lambda x, t: exp(-(x**2) / (log(1 + exp(x)) ** 2 + 1) ** 2),
    ),
    # An index reads row by row; as it was printed, PyTorch and MindSpore read the first entries.
    "the diagonal of what has a third axis": (
        PAIRS,
        lambda x, xj, t, tj, v, vj: at(log(1 + exp(x)) - x * xj, j="i"),
    ),
    "a tangent with fewer axes": (ROWS, lambda x, t, v: stop_gradient(x) + v),
}


@pytest.mark.parametrize("backend", RUNS)
@pytest.mark.parametrize("name", FOUND)
def test_what_was_found_is_mended(name: str, backend: str) -> None:
    world, formula = FOUND[name]
    with verbatim():
        loss = Loss("DrawnLoss", formula(*world.floats)).placed("drawn.py", "Drawn.", ())
    arrays = numbers(world, 1, ties=False, ignoring=False)
    parameters = {symbol.name: symbol.parameter.default for symbol in PARAMETERS}
    faults = list(Examination(loss, world, arrays, parameters).faults(backend))
    assert not faults, "\n".join(faults)
