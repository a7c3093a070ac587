"""Rows: what a program says may be computed piece by piece gives the same piece by piece.

Whole and in pieces every kernel is evaluated by `graphs`; they differ by the order of sums alone,
which in numbers of 30 digits is below 1e-25.
"""

from __future__ import annotations

import random
from itertools import product
from pathlib import Path

import pytest
from declared import library
from graphs import Array, Meaning
from mpmath import mp
from sympy import Gt, Ne

from lossgen import at, cosine_similarity, label, logsumexp, mean_over, softmax, sum_over, tensor
from lossgen.case import Case
from lossgen.compile import compile_case
from lossgen.loss import Loss
from lossgen.nodes import Node, walk
from lossgen.places import Position, Size
from lossgen.program import Program, tangent_name
from lossgen.rows import Rows

SPECS = Path(__file__).resolve().parent.parent / "specs"
TOLERANCE = mp.mpf(10) ** -25


def programs() -> dict[str, Program]:
    """Return the programs of the library that have rows, one of each kind."""
    found = {}
    for loss in library():
        for k, case in enumerate(loss.all_cases()):
            program = compile_case(loss, case)
            if program.rows:
                found[f"{loss.name}-{k}" if k else loss.name] = program
    return found


PROGRAMS = programs()


def program_of(value: object, **words: object) -> Program:
    """Return the program of one formula."""
    case = Case(value, **words)
    return compile_case(Loss("One", case), case)


def draw(program: Program, sizes: dict[str, int], seed: int) -> dict[str, Array]:
    """Return values inside of every domain: between 0 and 1, labels 0 or 1."""
    rng = random.Random(seed)
    shapes = {a.name: (a.axes, a.kind) for a in program.arguments}
    shapes |= {tangent_name(a.name): (a.axes, "float") for a in program.wrt}
    shapes["upstream"] = (program.axes, "float")
    return {
        name: {
            place: rng.randrange(2) if kind in ("label", "flag") else mp.mpf(rng.uniform(0.2, 0.8))
            for place in product(*(range(sizes[axis]) for axis in axes))
        }
        for name, (axes, kind) in shapes.items()
    }


def piece(array: Array, place: int | None, k: int) -> Array:
    """Return the entry k along an axis, which stays."""
    if place is None:
        return array
    kept = {at: value for at, value in array.items() if at[place] == k}
    return {(*at[:place], 0, *at[place + 1 :]): value for at, value in kept.items()}


def evaluate(node: Node, axes: tuple[str, ...], sizes: dict[str, int], values: dict) -> Array:
    return Meaning(sizes, values).array(node, [axis for axis in axes if axis in node.axes])


def check_pieces(program: Program, rows: Rows) -> None:
    """Compare value, gradient and curvature of all entries with those of one row at a time."""
    names = {axis for node in walk(program.output, *program.gradients) for axis in node.axes}
    sizes = dict.fromkeys(names | set(program.order), 2) | {"b": 4, rows.axis: 3}
    values = draw(program, sizes, seed=len(program.order))
    places = dict(zip([a.name for a in program.arguments], rows.places, strict=True))
    places |= {tangent_name(a.name): places[a.name] for a in program.wrt}
    places["upstream"] = rows.place
    one = sizes | {rows.axis: 1}
    cuts = [{n: piece(v, places[n], k) for n, v in values.items()} for k in range(3)]
    results = [(program.output, program.axes, rows.place)]
    for graphs in (program.gradients, program.curvatures):
        results += [(g, a.axes, places[a.name]) for g, a in zip(graphs, program.wrt, strict=True)]
    for node, axes, place in results:
        whole = evaluate(node, axes, sizes, values)
        parts = [evaluate(node, axes, one, cut) for cut in cuts]
        for k, part in enumerate(parts):
            for at_, value in part.items():
                if place is not None and rows.axis in node.axes:
                    assert abs(whole[(*at_[:place], k, *at_[place + 1 :])] - value) < TOLERANCE
        if place is None:
            for at_, value in whole.items():
                assert abs(mp.fsum(part[at_] for part in parts) - value) < TOLERANCE


CHEAP = [
    "BCEWithLogitsLoss",
    "CrossEntropyLoss",
    "CrossEntropyLoss-7",
    "DiceLoss-1",
    "DiceLoss-2",
    "GaussianNLLLoss",
    "GIoULoss",
    "HuberLoss",
    "CosineEmbeddingLoss",
    "MultiMarginLoss",
    "RankNetLoss",
    "WeightedMSELoss",
]


@pytest.mark.parametrize("name", CHEAP)
def test_kernels_are_those_of_the_pieces(name: str) -> None:
    program = PROGRAMS[name]
    with mp.workdps(30):
        for rows in program.rows:
            check_pieces(program, rows)


x, t = tensor("input", "n c"), tensor("target", "n c")
u, v = tensor("left", "i d"), tensor("right", "i d")
y = label("target", "n", classes="c")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param((x - t) ** 2, {"n": (0, 0), "c": (1, 1)}, id="elementwise"),
        pytest.param(sum_over((x - t) ** 2, "c"), {"n": (0, 0)}, id="sum-along-another"),
        pytest.param(at(logsumexp(x, "c") - x, c=y), {"n": (0, 0)}, id="labels"),
        pytest.param(softmax(x, "c") * t, {"n": (0, 0)}, id="softmax-along-another"),
        pytest.param(x - mean_over(x, "n"), {"c": (1,)}, id="mean-along"),
        pytest.param(x * Position("n"), {"c": (1,)}, id="place-along"),
        pytest.param(x / Size("n"), {"c": (1,)}, id="length-along"),
        pytest.param(
            mean_over(cosine_similarity(u, v.at("j d"), "d"), "j"), {"i": (0, None)}, id="pairs"
        ),
        pytest.param(sum_over(u * u.at("j d"), "d"), {}, id="pairs-of-one"),
        pytest.param(sum_over(x * t, "n c"), {}, id="scalar"),
    ],
)
def test_rows_are_the_independent_axes(
    value: object, expected: dict[str, tuple[int | None, ...]]
) -> None:
    assert {rows.axis: rows.places for rows in program_of(value).rows} == expected


def test_widths_are_what_a_row_needs() -> None:
    features, classes = tensor("input", "n d"), tensor("classes", "c d")
    target = label("target", "n", classes="c")
    logits = sum_over(features * classes, "d")  # a product that is summed is never held
    (rows,) = program_of(at(logsumexp(logits, "c") - logits, c=target)).rows
    assert rows == Rows("n", 0, (0, None, 0), (("c",),))


def test_a_condition_that_mixes_rows_has_none() -> None:
    assert {r.axis for r in program_of(x, valid=Gt(x, mean_over(x, "n"))).rows} == {"c"}
    assert {r.axis for r in program_of(x, valid=Gt(x, 0)).rows} == {"n", "c"}


def test_masked_matrix_products_stay_what_they_are() -> None:
    """What does not count is left out of both matrices, and no array has all three axes."""
    features, classes = tensor("input", "n d"), tensor("classes", "c d")
    target = label("target", "n", classes="c")
    logits = sum_over(features * classes, "d")
    counts = Ne(target, 1)
    program = program_of(at(logsumexp(logits, "c") - logits, c=target), valid=counts)
    assert program.order == ("n", "c", "d")
    below = [node for g in (*program.gradients, *program.curvatures) for node in walk(g)]
    products = {node.args[0] for node in below if node.op == "sum" and node.args[0].op == "mul"}
    assert all(len(node.axes) < 3 for node in below if node not in products)
    sizes = {"n": 3, "c": 2, "d": 2}
    values = draw(program, sizes, seed=1)
    values["target"] = {(0,): 0, (1,): 1, (2,): 0}
    values["input"] |= {(1, 0): mp.inf, (1, 1): mp.nan}
    kept = {n: {p: v for p, v in a.items() if p[:1] != (1,)} for n, a in values.items()}
    kept = {n: {(p[0] // 2, *p[1:]): v for p, v in a.items()} for n, a in kept.items()}
    kept |= {n: values[n] for n in ("classes", "d_classes")}
    for graphs in (program.gradients, program.curvatures):
        by_classes = graphs[1]
        all_rows = evaluate(by_classes, ("c", "d"), sizes, values)
        valid_rows = evaluate(by_classes, ("c", "d"), sizes | {"n": 2}, kept)
        assert all_rows == valid_rows
