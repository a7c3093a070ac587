"""What takes long both in a loss and in its gradient: found once, where a framework keeps it.

It is computed before either, as constants to the framework's differentiation: the derivatives of
the loss and of its gradient are formulas, which know what it depends on.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lossgen import nodes as n
from lossgen.backends import Backend
from lossgen.bounds import bounded
from lossgen.code import FOUND
from lossgen.expand import CHOICES, DEFAULT_WORDS, FUNCTIONS, PAIRS, Expansion
from lossgen.logistics import quicker
from lossgen.memory import remembered
from lossgen.names import is_taken
from lossgen.nodes import Node
from lossgen.program import Program
from lossgen.rewrite import substitute

LONG = frozenset(("exp", "expm1", "log", "log1p", "log1p_exp", "sigmoid", "tanh", "erf"))
READABLE = ("float", "label", "integer")  # kinds of arguments that are what they are declared


@dataclass(frozen=True, slots=True)
class Common:
    """What a loss and its gradient have in common, and what they are, given that.

    Attributes:
        roots, words: the results, and what they are called.
        arguments: what they are computed from.
        value, gradients: the loss and its gradient, given them.
        names: words for nodes of these.
    """

    roots: tuple[Node, ...]
    words: tuple[str, ...]
    arguments: tuple[str, ...]
    value: Node
    gradients: tuple[Node, ...]
    names: tuple[tuple[Node, str], ...]


@dataclass(frozen=True, slots=True)
class FoundFirst:
    """How common results are found: by which kernel, what they are called, what it is given."""

    kernel: str
    words: tuple[str, ...]
    given: tuple[str, ...]


def find_common(program: Program, backend: Backend) -> Common | None:
    """Return what is computed before a loss and its gradient, None where that is nothing."""
    if not backend.common:
        return None
    names = tuple((argument.name, argument.kind) for argument in program.arguments)
    words = tuple(program.names.items())
    return _found(backend, program.order, (program.output, *program.gradients), words, names)


def found_first(
    program: Program, backend: Backend, kernel: str, prepared: Mapping[str, str]
) -> FoundFirst:
    """Return how a kernel of common results is called, given the names that arguments then have."""
    common = find_common(program, backend)
    if common is None:
        return FoundFirst("", (), ())
    read = [argument for argument in program.arguments if argument.name in common.arguments]
    names = [(prepared.get(argument.name, argument.name), argument.kind) for argument in read]
    # Numbers and labels are constants anyway.
    constants = (backend.common.format(x) if kind == "float" else x for x, kind in names)
    return FoundFirst(kernel, common.words, tuple(constants))


@remembered
def _found(
    backend: Backend,
    order: tuple[str, ...],
    roots: tuple[Node, ...],
    names: tuple[tuple[Node, str], ...],
    arguments: tuple[tuple[str, str], ...],
) -> Common | None:
    expansion = Expansion(frozenset(FUNCTIONS) | CHOICES.intersection(backend.operations))
    whole = expansion.expand(*bounded(roots))
    words = expansion.words | {expansion.expand(node)[0]: word for node, word in names}
    whole, words = quicker(whole, words, (), backend)
    both = _in_both(whole, frozenset(name for name, kind in arguments if kind in READABLE))
    table, known = {}, {"upstream", *(name for name, _ in arguments)}
    for node in n.walk(*whole):
        if node in both:
            axes = tuple(axis for axis in order if axis in node.axes)
            table[node] = n.leaf(_word(node, words.get(node), known), axes, FOUND)
    value, *gradients = (substitute(root, table) for root in whole)
    read = set(n.walk(value, *gradients))
    kept = {node: leaf for node, leaf in table.items() if leaf in read}
    if not kept:
        return None
    needed = frozenset[str]().union(*(node.reads for node in kept))
    return Common(
        tuple(kept),
        tuple(leaf.name for leaf in kept.values()),
        tuple(name for name, _ in arguments if name in needed),
        value,
        tuple(gradients),
        tuple((substitute(node, table), word) for node, word in words.items() if node not in table),
    )


def _in_both(roots: Sequence[Node], given: frozenset[str]) -> set[Node]:
    """Return what takes long in both the first root and the others, computed of what is given."""
    value, *gradients = roots
    nodes, others = tuple(n.walk(value)), tuple(n.walk(*gradients))
    both = {node for node in set(nodes).intersection(others) if _takes_long(node)}
    for first, second in PAIRS:  # values and gradients that one function gives together
        slopes = {(node.args, node.attrs): node for node in others if node.op == second}
        for node in nodes:
            slope = slopes.get((node.args, node.attrs)) if node.op == first else None
            if slope is not None and node.args[0].op == "leaf":
                both |= {node, slope}
    return {node for node in both if node.reads <= given}


def _takes_long(node: Node) -> bool:
    """Say whether a node takes long, entry by entry."""
    if node.op not in LONG or not node.axes:
        return False
    return all(inner.op not in n.AXIS_OPERATIONS for inner in n.walk(node))


def _word(node: Node, word: str | None, known: set[str]) -> str:
    """Return what a result is called: the author's word, or what it is of what."""
    if word is None or is_taken(word):
        (inner, *others) = node.args
        plain = inner.op == "leaf" and not others and node.op in ("exp", "log", "sigmoid", "tanh")
        word = f"{node.op}_{inner.name}" if plain else DEFAULT_WORDS.get(node.op, node.op)
        word = f"{word}_term" if is_taken(word) else word
    candidates = itertools.chain([word], (f"{word}_{k}" for k in itertools.count(2)))
    name = next(each for each in candidates if each not in known and not is_taken(each))
    known.add(name)
    return name


__all__ = ["Common", "FoundFirst", "find_common", "found_first"]
