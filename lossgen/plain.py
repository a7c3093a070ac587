"""A case whose labels all count, or whose weights are left out: its formula is shorter."""

from __future__ import annotations

from sympy import Integer, Unequality
from sympy.core.basic import Basic

from lossgen import nodes as n
from lossgen.atoms import atoms
from lossgen.case import Case, replaced
from lossgen.language import ParameterSymbol, Pick, Ref
from lossgen.nodes import Node
from lossgen.program import Program
from lossgen.rewrite import transform


def ignored(case: Case) -> str:
    """Return the parameter that labels are compared with to be valid, or nothing."""
    symbols = set() if case.valid is None else case.valid.atoms(ParameterSymbol)
    names = sorted(s.parameter.name for s in symbols if s.parameter.kind == "integer")
    return names[0] if names else ""


def compared(case: Case) -> tuple[str, str]:
    """Return the labels that are compared with a parameter and this, where no more is asked."""
    label, other = case.valid.args if isinstance(case.valid, Unequality) else (None, None)
    if isinstance(label, Ref) and isinstance(other, ParameterSymbol):
        return label.tensor.name, other.parameter.name
    return "", ""


def absent_weights(case: Case) -> tuple[str, ...]:
    """Return the weights that a call may leave out, in order."""
    tensors = {ref.tensor for e in case.expressions() for ref in atoms(e, Ref)}
    return tuple(sorted(t.name for t in tensors if t.kind == "weight" and t.optional))


def inner_weights(case: Case, program: Program) -> tuple[str, ...]:
    """Return those of them that do not multiply the whole."""
    factor = "" if program.weight is None else program.weight.name
    return tuple(name for name in absent_weights(case) if name != factor)


def plain_case(case: Case, program: Program) -> Case | None:
    """Return the shorter case of a call that leaves its weights out, or None if there is none.

    Where labels may be ignored, it is that of labels which all count, if a mean then counts the
    entries.

    Args:
        case: a case of a loss.
        program: its program.
    """
    if case.valid is not None:
        return _counted_case(case, program)
    refs = _refs(case, inner_weights(case, program))
    if not refs or program.mass is not None:
        return None
    return case.changed(value=replaced(case.value, _ones(case, refs)))


def _counted_case(case: Case, program: Program) -> Case | None:
    """Return the case of labels that all count.

    Weights go that are read but at labels: elsewhere, ones are as quick, and no other words.
    """
    absent = absent_weights(case)
    if program.mass is None or program.weight is not None or not (absent and all(compared(case))):
        return None
    refs = _refs(case, absent)
    value = replaced(case.value, {pick: Integer(1) for pick in _picks(case, refs)})

    def step(node: Node) -> Node:
        if node.op == "leaf" and node.name in absent:
            return n.ONE
        return node.args[1] if node.op == "select" and node.args[0] is program.valid else node

    if refs & value.free_symbols or transform((program.mass,), step) != (n.ONE,):
        return None
    return case.changed(value=value, valid=None, denominator=None)


def _refs(case: Case, names: tuple[str, ...]) -> set[Ref]:
    return {ref for e in case.expressions() for ref in atoms(e, Ref) if ref.tensor.name in names}


def _picks(case: Case, refs: set[Ref]) -> list[Pick]:
    return [pick for pick in atoms(case.value, Pick) if pick.args[0] in refs]


def _ones(case: Case, refs: set[Ref]) -> dict[Basic, Basic]:
    return dict.fromkeys((*_picks(case, refs), *refs), Integer(1))
