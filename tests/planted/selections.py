"""Tests of the suite, called as functions: those that must see a fault of some kind."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache

import test_derive
import test_digits
import test_printed
import test_rules
from fault import Test
from mpmath import mp

from lossgen import nodes as n
from lossgen.nodes import Node
from lossgen.program import Program

# What each test of a derivative compares with difference quotients.
STEPS = {
    "gradient": ("gradients",),
    "curvature": ("gradients", "curvatures"),
    "hessian_diagonal": ("diagonals",),
    "tangent": ("tangent",),
    "coefficients_of_the_tangent": ("partials", "partial_tangents"),
}
EVERYTHING = ("gradients", "curvatures", "diagonals", "tangent")
Graphs = tuple[object, ...]


def _graphs(program: Program, steps: Iterable[str]) -> Graphs:
    """Return what is derived; graphs of one meaning are one object."""
    return (program.output, *(getattr(program, step) for step in steps))


@cache
def _right(name: str) -> Program:
    """Return the program of a graph, derived without any fault."""
    program = test_derive.program_of(test_derive.GRAPHS[name])
    for steps in STEPS.values():
        _graphs(program, steps)
    return program


def _derivative(step: str, name: str) -> Test:
    right = _graphs(_right(name), STEPS[step])

    def test() -> None:
        with mp.workdps(test_derive.DIGITS):
            found = _graphs(test_derive.point(name).program, STEPS[step])
            if found != right:  # it passes where the fault changes nothing
                getattr(test_derive.TestDerivatives(), f"test_{step}")(name)

    return f"test_derive {step}[{name}]", test


@cache
def _operations(name: str) -> frozenset[str]:
    """Return the operations of a graph, of its gradient and of what that becomes."""
    program = _right(name)
    roots = (program.value, *program.gradients, *program.curvatures)
    return frozenset(node.op for node in n.walk(*roots))


def derivatives(*operations: str, first: str = "gradient") -> Iterator[Test]:
    """Yield tests of derivatives, of graphs with these operations or else of all.

    Args:
        operations: those that graphs, their gradients or what becomes of them have.
        first: the step that comes before the others.
    """
    graphs = test_derive.GRAPHS
    fitting = [name for name in graphs if not operations or set(operations) & _operations(name)]
    fitting.sort(key=lambda name: len(_operations(name)))
    for step in sorted(STEPS, key=lambda step: step != first):
        yield from (_derivative(step, name) for name in fitting)
        if step == first:
            yield from map(_masked, range(len(_MASKED)))
    yield from map(_kinked, test_derive.KINKS)
    for test in SINGLE:
        yield f"test_derive {test.__name__}", _in_digits(test)
    yield from map(_digits_of_a_row, test_digits.ROWS)


SINGLE = (
    test_derive.test_erf_has_the_slope_of_its_formula,
    test_derive.test_an_exponent_of_zero_has_a_finite_gradient,
    test_derive.test_a_row_that_does_not_count_has_no_entry_of_its_own,
)


def _in_digits(test: Callable[[], None]) -> Callable[[], None]:
    def run() -> None:
        with mp.workdps(test_derive.DIGITS):
            test()

    return run


@cache
def _digits_of_a_row(name: str) -> Test:
    value = test_digits.ROWS[name]
    right = _graphs(test_derive.program_of(value), ("diagonals",))

    def test() -> None:
        if _graphs(test_derive.program_of(value), ("diagonals",)) != right:
            test_digits.test_a_second_derivative_keeps_its_digits(name)

    return f"test_digits row[{name}]", test


(_MARK,) = test_derive.TestValid.test_are_masked.pytestmark
_MASKED: list[Node] = _MARK.args[1]


@cache
def _masked(place: int) -> Test:
    value = _MASKED[place]
    right = _graphs(test_derive.TestValid().point(value).program, EVERYTHING)

    def test() -> None:
        with mp.workdps(test_derive.DIGITS):
            if _graphs(test_derive.TestValid().point(value).program, EVERYTHING) != right:
                test_derive.TestValid().test_are_masked(value)

    return f"test_derive masked[{place}]", test


@cache
def _kinked(name: str) -> Test:
    value = test_derive.KINKS[name][0]
    right = _graphs(test_derive.program_of(value), EVERYTHING)

    def test() -> None:
        with mp.workdps(test_derive.DIGITS):
            if _graphs(test_derive.program_of(value), EVERYTHING) != right:
                test_derive.test_kinks(name)

    return f"test_derive kinks[{name}]", test


def rules(*names: str) -> Iterator[Test]:
    """Yield tests of rewrite rules, of these or of all."""
    for rule in test_rules.RULES:
        for k, node in enumerate(test_rules.BEFORE[rule.name]):
            if not names or rule.name in names:
                yield f"test_rules {rule.name}[{k}]", _applies(rule.name, node)
    for name in test_rules.OTHERS:
        yield (
            f"test_rules others[{name}]",
            lambda name=name: test_rules.test_no_rule_touches_what_only_looks_like_it(name),
        )


def _applies(name: str, node: Node) -> object:
    def test() -> None:
        (rule,) = (rule for rule in test_rules.RULES if rule.name == name)
        test_rules.test_a_rule_applies_and_keeps_the_value(rule, node)

    return test


def expansions(*operations: str) -> Iterator[Test]:
    """Yield tests of expansions, of these operations or of all."""
    for op, nodes in test_rules.COMPOSITES.items():
        for k, node in enumerate(nodes):
            if not operations or op in operations:
                yield (
                    f"test_rules expansion[{op} {k}]",
                    lambda node=node: test_rules.test_an_expansion_keeps_the_value(node),
                )
    for name, (node, _) in test_digits.SCALARS.items():
        if not operations or node.op in operations:
            yield (
                f"test_digits composite[{name}]",
                lambda name=name: test_digits.test_a_composite_keeps_its_digits(name),
            )


def printed() -> Iterator[Test]:
    """Yield tests of what is printed, as NumPy runs it."""
    yield "test_printed condition", test_printed.test_a_condition_of_three_is_printed_whole
    yield "test_printed quotients", test_printed.test_quotients_by_several_are_by_their_product
    for name in test_printed.ALONE:
        yield (
            f"test_printed alone[{name}]",
            lambda name=name: test_printed.test_a_printed_node_is_computed(name),
        )
    for name in test_printed.GRAPHS:
        yield (
            f"test_printed [{name}]",
            lambda name=name: test_printed.test_printed_kernels_compute_the_graph(name),
        )
