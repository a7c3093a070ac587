"""What is printed computes what the graph means: NumPy kernels of every graph of `test_derive`."""

from __future__ import annotations

import importlib
import random
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from graphs import Array, Meaning
from mpmath import mp
from sympy import And
from test_derive import DIGITS, GRAPHS, SIZES, Point, point, t, w, x

from lossgen import nodes as n
from lossgen.backends import MINDSPORE, NUMPY, TORCH
from lossgen.contents import total_names
from lossgen.expand import NAMES
from lossgen.functions import shared_functions
from lossgen.kernels import Kernel, print_kernels
from lossgen.language import tensor
from lossgen.lower import Lowering
from lossgen.nodes import Node
from lossgen.printer import print_body
from lossgen.program import Program

RANK = ("n", "c")
KERNELS = ("value", "gradient", "tangent", "curvature", "hessian_diagonal")
BACKEND = replace(NUMPY, kernels=KERNELS, sums=False)
# Some dozens of roundings of 1e-16, in sums whose terms exceed them up to a thousand times.
TOLERANCE = 1e-11


def homes(program: Program) -> dict[str, tuple[str, int, int]]:
    """Return where the length of each axis can be read, as a compiled program knows it."""
    leaves = [node for node in n.walk(program.value) if node.op == "leaf"]
    views = [(argument.name, argument.axes) for argument in program.arguments]
    views += [(leaf.name, leaf.view) for leaf in leaves]
    return {
        axis: (name, place, len(view))
        for name, view in reversed(views)
        for place, axis in enumerate(view)
    }


def defined(name: str, arguments: list[str], lines: list[str], namespace: dict[str, Any]) -> None:
    """Define a printed function in a namespace."""
    exec("\n    ".join([f"def {name}({', '.join(arguments)}):", *lines]), namespace)


@cache
def package() -> dict[str, Any]:
    """Return what kernels call: all shared functions, also those that no generated loss needs."""
    namespace: dict[str, Any] = {"np": np}
    for module in ("_arrays", "_runtime"):
        namespace |= vars(importlib.import_module(f"generated.numpy.{module}"))
    for function in shared_functions(BACKEND, NAMES):
        names = [argument.name for argument in function.arguments]
        lines = [*function.lines, f"return {', '.join(function.results)}"]
        defined(function.name, names, lines, namespace)
    return namespace


def run(kernel: Kernel, values: dict[str, Any]) -> Any:
    """Run a printed kernel beside the functions that it calls."""
    namespace = dict(package())
    names = [argument.name for argument in kernel.arguments]
    defined("kernel", names, [*kernel.lines, f"return {kernel.returns}"], namespace)
    return namespace["kernel"](*(values[name] for name in names))


def numbers(array: Array) -> Any:
    """Return an array; one without axes is a Python number, as parameters are."""
    shape = tuple(max(place) + 1 for place in zip(*array, strict=True))
    kind = int if all(isinstance(value, int) for value in array.values()) else float
    dense = np.array([kind(array[place]) for place in np.ndindex(*shape)]).reshape(shape)
    return dense if shape else kind(array[()])


def assert_close(found: Any, here: Point, node: Node, axes: tuple[str, ...]) -> None:
    expected = np.asarray(numbers(here.meaning.array(node, axes)))
    assert np.shape(found) == expected.shape
    np.testing.assert_allclose(found, expected, TOLERANCE, TOLERANCE * np.abs(expected).max())


@pytest.mark.parametrize("name", GRAPHS)
def test_printed_kernels_compute_the_graph(name: str) -> None:
    with mp.workdps(DIGITS):
        here = point(name)
        program = replace(here.program, homes=homes(here.program))
        values = {key: numbers(array) for key, array in here.values.items()}
        kernels = dict(zip(KERNELS, print_kernels(program, BACKEND, ""), strict=True))
        results = {kind: run(kernel, values) for kind, kernel in kernels.items()}
        assert_close(results["value"], here, program.output, program.axes)
        assert_close(results["tangent"], here, program.tangent, program.axes)
        pairs = [("gradient", program.gradients), ("curvature", program.curvatures)]
        for kind, nodes in pairs:
            for argument, node, found in zip(program.wrt, nodes, results[kind], strict=True):
                assert_close(found, here, node, argument.axes)
        tensors = [argument for argument in program.wrt if argument.axes]
        found = results["hessian_diagonal"]
        for argument, node, one in zip(tensors, program.diagonals, found, strict=True):
            assert_close(one, here, node, argument.axes)


@pytest.mark.parametrize("name", ["sum over all", "ratio of sums", "dice"])
def test_kernels_that_are_given_sums_compute_the_graph(name: str) -> None:
    with mp.workdps(DIGITS):
        here = point(name)
        program = replace(here.program, homes=homes(here.program))
        values = {key: numbers(array) for key, array in here.values.items()}
        backend = replace(BACKEND, kernels=("value", "value_and_gradient"), sums=True)
        sums, _, both = print_kernels(program, backend, "")
        found = dict(zip(total_names(program), run(sums, values), strict=True))
        wanted = frozenset(argument.name for argument in program.wrt)
        loss, *slopes = run(both, {**values, **found, "wanted": wanted})
        assert_close(loss, here, program.output, program.axes)
        for argument, node, slope in zip(program.wrt, program.gradients, slopes, strict=True):
            assert_close(
                np.broadcast_to(slope, np.shape(values[argument.name])), here, node, argument.axes
            )


# What no graph of `test_derive` is printed with, since it has no derivative or needs none.
ENTRIES = n.leaf("z", ("...",))
ALONE: dict[str, Node] = {
    "erf": n.call("erf", x),
    "not": n.select(n.call("not", n.compare("gt", x, t)), x, n.mul(n.const(2), t)),
    "argmax": n.mul(x, n.reduce_axes("argmax", t, ("c",))),
    "is_largest": n.select(n.over("is_largest", "c", x), x, t),
    "full": n.spread(n.const(3), ("n", "c"), "x"),
    "negative terms": n.add(n.negate(x), n.mul(n.const(-2), t)),
    "negative sums": n.add(n.make("mul", (n.MINUS_ONE, n.add(x, t))), n.mul(n.const(-2), t)),
    "product with a vector": n.sum_over(n.mul(x, w), ("c",)),
    "product with a matrix": n.sum_over(
        n.mul(n.leaf("r", ("i", "n", "c")), n.leaf("m", ("c", "d"))), ("c",)
    ),
    "number of entries": n.divide(ENTRIES, n.size("...")),
}


@pytest.mark.parametrize("name", ALONE)
def test_a_printed_node_is_computed(name: str) -> None:
    node, order = ALONE[name], ("...", "i", "n", "c", "d")
    sizes = {**SIZES, "...": 4}
    axes = tuple(axis for axis in order if axis in node.axes)
    rng = random.Random(name)
    leaves = {leaf.name: leaf for leaf in n.walk(node) if leaf.op == "leaf"}
    values = {key: drawn(rng, [sizes[axis] for axis in leaf.view]) for key, leaf in leaves.items()}
    body = print_body(BACKEND, (node,), order, {}, ())
    namespace = {**package(), **{key: numbers(array) for key, array in values.items()}}
    defined("kernel", [], [*body.lines, f"return {', '.join(body.results)}"], namespace)
    expected = numbers(Meaning(sizes, values).array(node, axes))
    np.testing.assert_allclose(namespace["kernel"](), expected, TOLERANCE)


def drawn(rng: random.Random, shape: list[int]) -> Array:
    return {place: mp.mpf(rng.randrange(-2000, 2000)) / 977 for place in np.ndindex(*shape)}


def test_the_sizes_tell_axes_apart_where_they_can() -> None:
    assert SIZES["n"] != SIZES["c"]
    assert SIZES["i"] != SIZES["d"]


def test_a_condition_of_three_is_printed_whole() -> None:
    at, to = tensor("x", "n c"), tensor("t", "n c")
    condition = Lowering(None).node(And(at > 0, to > 0, at < to))
    body = print_body(BACKEND, (condition,), ("n", "c"), {}, ())
    assert sorted(body.results[0].replace("(", "").replace(")", "").split(" & ")) == [
        "t > 0.0",
        "x < t",
        "x > 0.0",
    ]


LOGIT, SHARE = n.leaf("z", ("n",)), n.leaf("t", ("n",))
SIGMOIDS = [n.call("sigmoid", z) for z in (LOGIT, n.negate(LOGIT))]
SOFTPLUS = n.call("softplus", LOGIT)
KEPT, NUMBER = n.subtract(n.ONE, SHARE), n.leaf("c", ())
MIXTURE = n.add(n.mul(KEPT, SIGMOIDS[0]), n.mul(SHARE, SIGMOIDS[1]))


@pytest.mark.parametrize(
    ("outputs", "quick", "plain"),
    [
        ([SOFTPLUS], "log1p_exp(-z.abs())", "log1p(np.exp(-np.abs(z)))"),
        ([SOFTPLUS, *SIGMOIDS], "torch.log1p(-torch.minimum(", "log1p(np.exp(-np.abs(z)))"),
        ([SOFTPLUS, SIGMOIDS[0]], "log1p_exp(-z.abs())", "log1p(np.exp(-np.abs(z)))"),
        ([MIXTURE], "mixture(torch.sigmoid(z), torch.sigmoid(-z), t)", "1.0 - t"),
        ([n.mul(SHARE, MIXTURE)], "mixture(", "1.0 - t"),
        (
            [n.add(n.mul(KEPT, SIGMOIDS[0]), n.mul(n.MINUS_ONE, SHARE, SIGMOIDS[1]))],
            "mixture(torch.sigmoid(z), -torch.sigmoid(-z), t)",
            "(1.0 - t)",
        ),
        (
            [n.add(n.mul(KEPT, SOFTPLUS), n.mul(SHARE, n.call("softplus", n.negate(LOGIT))))],
            "mixture(z.clamp(min=0.0), (-z).clamp(min=0.0), t) + log1p_exp(-z.abs())",
            "(1.0 - t)",
        ),
        ([n.power(LOGIT, n.MINUS_ONE)], "torch.reciprocal(z)", "1.0 / z"),
        ([n.mul(n.MINUS_ONE, n.power(LOGIT, n.MINUS_ONE))], "-torch.reciprocal(z)", "-1.0 / z"),
        ([n.power(NUMBER, n.MINUS_ONE)], "1.0 / c", "1.0 / c"),
        ([n.power(n.call("sin", LOGIT), n.const(2))], "torch.square(torch.sin(z))", "** 2"),
        (
            [n.add(n.mul(KEPT, LOGIT), n.mul(SHARE, SIGMOIDS[0]))],
            "(1.0 - t) * z",
            "(1.0 - t) * z",
        ),
    ],
    ids=[
        "a logarithm",
        "both signs",
        "one sign",
        "a mixture",
        "inside",
        "of slopes",
        "of ramps",
        "a reciprocal",
        "less a reciprocal",
        "of a number",
        "a square",
        "of what is unbounded",
    ],
)
def test_quicker_forms_are_for_frameworks_that_have_them(outputs, quick, plain):
    for backend, expected in ((TORCH, quick), (NUMPY, plain)):
        body = print_body(backend, outputs, ("n",), {}, ("z", "t", "c"))
        assert expected in "\n".join((*body.lines, *body.results)), (body.lines, body.results)


def test_a_logarithm_of_sigmoids_needs_no_mixture():
    """MindSpore has the one and not the other; where one sigmoid is NaN, so is its mirror image."""
    body = print_body(MINDSPORE, (n.call("softplus", LOGIT), *SIGMOIDS), ("n",), {}, ("z",))
    code = "\n".join((*body.lines, *body.results))
    assert "sigmoids(z)" in code, code
    assert "- log1p(-ops.minimum(" in code, code


def test_an_entry_that_is_read_by_comparing_is_so_in_a_quicker_form() -> None:
    """An index would read the first rows where the body has other axes than the index."""
    z, t = n.leaf("z", ("i", "d")), n.leaf("t", ("j", "d"))
    sides = (n.call("softplus", each) for each in (z, n.negate(z)))
    first, second = (n.mul(*pair) for pair in zip((n.subtract(n.ONE, t), t), sides, strict=True))
    entry = n.pick(n.add(first, second), "j", n.position("i"))
    body = print_body(TORCH, (entry,), ("i", "j", "d"), {}, ("z", "t"))
    code = "\n".join((*body.lines, *body.results))
    assert "mixture(" in code, code
    assert "pick(" not in code, code


@pytest.mark.parametrize("backend", [NUMPY, TORCH], ids=lambda backend: backend.name)
def test_a_product_takes_the_place_of_an_array_that_nobody_reads_after_it(backend):
    """What is put into the product is computed after it."""
    axis, given = ("axis",), ("x", "y", "index")
    exps, other, index = n.call("exp", n.leaf("x", axis)), n.leaf("y", axis), n.leaf("index", ())
    sums, later = (n.reduce_axes("sum", each, axis) for each in (exps, n.mul(exps, other)))
    inverse = n.divide(n.ONE, sums)
    for factor, value, last in (
        (sums, n.negate(sums), True),
        (sums, later, False),  # reads the array
        (inverse, n.negate(sums), False),  # is printed as a quotient
        (other, n.negate(sums), False),  # has the array's shape, and may be computed after it
    ):
        graph = n.put(n.mul(exps, factor), "axis", index, value)
        body = print_body(backend, (graph,), axis, {}, given, calls=frozenset(("put",)), keep=True)
        assert ("times_into" in str(body)) == last


def test_a_gradient_takes_in_what_it_is_given_unless_that_is_computed_from_the_value() -> None:
    x, index, upstream = n.leaf("x", RANK), n.leaf("index", ("n",), "label"), n.leaf("g", ("n",))
    value = n.fold_at("nll_at", "c", x, index)
    excess = n.make("excess_at", (x, index), ("c",), frozenset(RANK))
    for factors, last in (
        ((upstream,), "gradient"),
        ((upstream, n.const(2)), "gradient"),
        ((upstream, x), "gradient"),  # the entries stay
        ((n.call("exp", value), upstream), "excess"),
        ((n.leaf("number", ()),), "excess"),  # has no rows
        ((x,), "excess"),
    ):
        body = print_body(
            TORCH, (value, n.mul(*factors, excess)), RANK, {}, ("x", "index", "g", "number")
        )
        assert f"label_cross_entropy_and_{last}(" in str(body)
    roots = (value, n.mul(upstream, excess), excess)  # it is needed alone, too
    body = print_body(TORCH, roots, RANK, {}, ("x", "index", "g"))
    assert "label_cross_entropy_and_excess(" in str(body)


def test_quotients_by_several_are_by_their_product():
    z, t, c = (n.leaf(name, ("n",)) for name in "ztc")
    inverse = n.mul(n.power(z, n.MINUS_ONE), n.power(t, n.MINUS_ONE))
    sums = n.mul(n.add(z, t), n.power(n.add(c, z), n.MINUS_ONE))
    expected = {
        TORCH: ("torch.reciprocal(z * t)", "c / (z * t)", "(z + t) / (c + z)"),
        MINDSPORE: ("divide(1.0, z * t)", "divide(c, z * t)", "divide(z + t, c + z)"),
        NUMPY: ("1.0 / (z * t)", "c / (z * t)", "(z + t) / (c + z)"),
    }
    for backend, codes in expected.items():
        for root, code in zip((inverse, n.mul(c, inverse), sums), codes, strict=True):
            body = print_body(backend, (root,), ("n",), {}, ("z", "t", "c"))
            assert body.results == (code,), backend.name


def test_one_entry_of_each_row_is_placed_unless_its_mask_is_needed_anyway():
    index, value, x = n.leaf("index", ("n",), "label"), n.leaf("value", ("n",)), n.leaf("x", RANK)
    one_hot = n.one_hot("c", index, value)
    other = n.select(one_hot.args[0], x, n.ONE)
    for roots, words in (
        ((one_hot,), ("placed(value, index, dim=1, size=x.shape[1])",)),
        ((one_hot, other), ("select(", "select(")),
        ((n.one_hot("c", index, n.mul(value, x)),), ("select(",)),
    ):
        body = print_body(TORCH, (*roots, x), RANK, {}, ("index", "value", "x"))
        assert all(map(str.startswith, body.results, words))
        assert len(body.lines) == len(roots) - 1  # the mask that two share
