"""A case of labels where each of them counts and no class has a weight: its formula is shorter."""

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


def plain_case(case: Case, program: Program) -> Case | None:
    """Return the case without labels to ignore and weights, if a mean then counts the entries.

    Weights that are read but at labels alone go: elsewhere, ones are as quick, and no other words.

    Args:
        case: a case of a loss.
        program: its program.
    """
    absent = absent_weights(case)
    if program.mass is None or program.weight is not None or not (absent and all(compared(case))):
        return None
    refs = {ref for e in case.expressions() for ref in atoms(e, Ref) if ref.tensor.name in absent}
    picked = [pick for pick in atoms(case.value, Pick) if pick.args[0] in refs]
    table: dict[Basic, Basic] = dict.fromkeys(picked, Integer(1))
    value = replaced(case.value, table)

    def step(node: Node) -> Node:
        if node.op == "leaf" and node.name in absent:
            return n.ONE
        return node.args[1] if node.op == "select" and node.args[0] is program.valid else node

    if refs & value.free_symbols or transform((program.mass,), step) != (n.ONE,):
        return None
    return case.changed(value=value, valid=None, denominator=None)
