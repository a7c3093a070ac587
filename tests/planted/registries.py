"""Faults for every entry of every registry: what is added there has its faults at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Any

import pytest
import selections
import test_printed
from fault import Fault

from lossgen import nodes as n
from lossgen.backends import NUMPY
from lossgen.composites import EXPANSIONS
from lossgen.nodes import Node
from lossgen.partials import PARTIALS
from lossgen.rules import RULES, Rule

TWICE = n.const(2)
WRONG: dict[str, Callable[[Node], Node]] = {
    "sign": n.negate,
    "factor": lambda node: n.mul(TWICE, node),
}


def partial_faults() -> Iterator[Fault]:
    """Derivatives of elementwise operations, by each argument."""
    for op, slopes in PARTIALS.items():
        for place in _places(op):
            for kind, wrong in WRONG.items():
                spoilt = partial(_spoilt, slopes, place, wrong)
                yield Fault(
                    "partials",
                    f"{op} by argument {place}",
                    kind,
                    lambda patch, op=op, spoilt=spoilt: patch.setitem(PARTIALS, op, spoilt),
                    partial(selections.derivatives, op),
                )


def _places(op: str) -> list[int]:
    """Return the arguments that have a slope which is not 0 by its rule."""
    args = [n.leaf(name, ("n",)) for name in "xyz"]
    for count in (1, 2, 3):
        with suppress(IndexError, TypeError, ValueError):  # it wants more of them
            slopes = PARTIALS[op](n.call(op, *args[:count]))
            return [k for k, slope in enumerate(slopes) if not n.is_const(slope, 0)]
    raise ValueError(f"{op} takes more than three arguments")


def _spoilt(
    slopes: Callable[[Node], tuple[Node, ...]], place: int, wrong: Callable[[Node], Node], y: Node
) -> tuple[Node, ...]:
    return tuple(wrong(s) if k == place else s for k, s in enumerate(slopes(y)))


def rule_faults() -> Iterator[Fault]:
    """Stable forms: one that is wrong, and one that is never taken."""
    kinds: dict[str, Callable[[Rule], Callable[[Node], Node | None]]] = {
        kind: partial(_wrongly, wrong) for kind, wrong in WRONG.items()
    }
    kinds["never applied"] = lambda rule: lambda node: None
    for k, rule in enumerate(RULES):
        for kind, spoil in kinds.items():
            yield Fault(
                "rules",
                rule.name,
                kind,
                partial(_plant_rule, k, replace(rule, apply=spoil(rule))),
                partial(selections.rules, rule.name),
            )


def _wrongly(wrong: Callable[[Node], Node], rule: Rule) -> Callable[[Node], Node | None]:
    def apply(node: Node) -> Node | None:
        found = rule.apply(node)
        return None if found is None else wrong(found)

    return apply


def _plant_rule(k: int, spoilt: Rule, patch: pytest.MonkeyPatch) -> None:
    changed = (*RULES[:k], spoilt, *RULES[k + 1 :])
    for module in ("lossgen.rules", "test_rules"):
        patch.setattr(f"{module}.RULES", changed)


def expansion_faults() -> Iterator[Fault]:
    """Composite operations spelled in primitive ones."""
    for op, expansion in EXPANSIONS.items():
        for kind, wrong in WRONG.items():
            spoilt = _after(wrong, expansion)
            yield Fault(
                "expansions",
                op,
                kind,
                lambda patch, op=op, spoilt=spoilt: patch.setitem(EXPANSIONS, op, spoilt),
                partial(selections.expansions, op),
            )


def _after(wrong: Callable[[Node], Node], expansion: Any) -> Callable[[Node], Node]:
    def spoilt(node: Node) -> Node:
        found: Node = expansion(node)
        if found.op in n.BOOLEAN:
            return n.call("not", found)
        return wrong(found)

    return spoilt


def printer_faults() -> Iterator[Fault]:
    """What the record of NumPy says of how to write an operation."""
    for op, text in NUMPY.operations.items():
        for kind, wrong in _misspelled(text):
            table = MappingProxyType({**NUMPY.operations, op: wrong})
            backend = replace(test_printed.BACKEND, operations=table)
            yield Fault(
                "printer",
                op,
                kind,
                lambda patch, backend=backend: patch.setattr(test_printed, "BACKEND", backend),
                selections.printed,
                wrong,
            )


def _misspelled(text: str) -> Iterator[tuple[str, str]]:
    sign = "~" if text.startswith(("(", "~")) else "-"
    yield "sign", f"({sign}{text})"
    for one, other in (("{0}", "{1}"), ("{1}", "{2}")):
        if one in text and other in text and not _commutes(text) and sign == "-":
            yield "operand", text.replace(one, "{}").replace(other, one).replace("{}", other)
    if "{axis}" in text and "along" not in text:
        yield "axis", text.replace(", {axis}", "").replace("{axis}", "")


def _commutes(text: str) -> bool:
    """Say whether it is all the same which operand comes first."""
    return any(word in text for word in ("imum(", "at_least(", "at_most("))


def faults() -> Iterator[Fault]:
    """Yield a fault or more for every entry."""
    yield from partial_faults()
    yield from rule_faults()
    yield from expansion_faults()
    yield from printer_faults()
