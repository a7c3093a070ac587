"""Tests of the suite, called as functions: those that must see a fault of some kind."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import test_derive
import test_rules
from fault import Test
from mpmath import mp

from lossgen import nodes as n
from lossgen.nodes import Node

STEPS = ("gradient", "curvature", "hessian_diagonal", "tangent", "coefficients_of_the_tangent")


def _derivative(step: str, name: str) -> Test:
    def test() -> None:
        test_derive.point.cache_clear()
        with mp.workdps(test_derive.DIGITS):
            getattr(test_derive.TestDerivatives(), f"test_{step}")(name)

    return f"test_derive {step}[{name}]", test


@cache
def _operations(name: str) -> frozenset[str]:
    """Return the operations of a graph, of its gradient and of what that becomes."""
    program = test_derive.program_of(test_derive.GRAPHS[name])
    roots = (program.value, *program.gradients, *program.curvatures)
    return frozenset(node.op for node in n.walk(*roots))


def derivatives(*operations: str, first: str = STEPS[0]) -> Iterator[Test]:
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
            yield from _masked()
    yield from (
        (f"test_derive kinks[{name}]", lambda name=name: test_derive.test_kinks(name))
        for name in test_derive.KINKS
    )


def _masked() -> Iterator[Test]:
    (mark,) = test_derive.TestValid.test_are_masked.pytestmark
    for value in mark.args[1]:

        def test(value: Node = value) -> None:
            with mp.workdps(test_derive.DIGITS):
                test_derive.TestValid().test_are_masked(value)

        yield "test_derive masked", test


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
