"""From graphs to text: one printer, which a backend's record tells how to spell."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lossgen import nodes as n
from lossgen.axis_spelling import AxisSpelling
from lossgen.backends import Backend
from lossgen.code import ATOM, Text, is_negative_leaf
from lossgen.expand import CHOICES, DEFAULT_WORDS, FUNCTIONS, NAMES, Expansion
from lossgen.layout import operands
from lossgen.logistics import quicker
from lossgen.memory import remembered
from lossgen.nodes import Node
from lossgen.page import Page, page
from lossgen.pairs import SIGMOIDS, Pair, find_pairs, first_needed
from lossgen.sections import Section, Sections
from lossgen.sparse import placed
from lossgen.upstreams import taken_in

LONG = 64


@dataclass(frozen=True, slots=True)
class Body:
    """A printed function body: assignments, what it returns, the runtime's functions it calls."""

    lines: tuple[str, ...]
    results: tuple[str, ...]
    helpers: tuple[str, ...]


def print_body(
    backend: Backend,
    outputs: Sequence[Node],
    order: Sequence[str],
    names: Mapping[Node, str],
    reserved: Sequence[str],
    *,
    calls: frozenset[str] = frozenset(FUNCTIONS),
    keep: bool = False,
    result_names: Sequence[str] = (),
    homes: Mapping[str, tuple[str, int, int]] | None = None,
    wanted: Sequence[str] = (),
    step: Sequence[Node] = (),
) -> Body:
    """Print graphs as statements.

    Args:
        backend: how to spell.
        outputs: the results.
        order: all axes in the order in which arrays carry them.
        names: the author's words for nodes.
        reserved: names that temporaries must not take.
        calls: composite operations that are functions of the package.
        result_names: words for the results, where several are long.
        keep: reductions keep their axis, which is the variable ``axis``.
        homes: where the length of an axis can be read that nothing printed has.
        wanted: for each result a word that is looked up in the variable ``wanted`` before it is
            computed, or an empty one for what is always computed.
        step: the results of all bodies that run together, the outputs among them: what several
            compute is written alike, so that a compiler finds it.
    """
    expansion = Expansion(_either(calls, CHOICES.intersection(backend.operations)))
    whole = expansion.expand(*(step or outputs))
    words = dict(expansion.words)
    for node, name in names.items():
        words[expansion.expand(node)[0]] = name
    whole, words = quicker(whole, words, wanted, backend)
    if "placed" in backend.operations:
        whole, words = placed(whole, words)
    if "times_into" in backend.operations:
        whole, words = taken_in(whole, words)
    own = page(
        whole,
        tuple(order),
        tuple(map(bool, wanted)),
        keep=keep,
        asked=tuple(map(step.index, outputs)) if step else None,
    )
    taken = set(reserved)
    printer = _Printer(backend, tuple(order), words, taken, own, dict(homes or {}), keep, wanted)
    return printer.body(result_names)


@remembered
def _either(one: frozenset[str], other: frozenset[str]) -> frozenset[str]:
    """Return what is in one or the other: the same object each time, which is compared at once."""
    return one | other


class _Printer(AxisSpelling):
    """Decides what gets a name, and writes the statements."""

    def __init__(
        self,
        backend: Backend,
        order: tuple[str, ...],
        words: dict[Node, str],
        taken: set[str],
        own: Page,
        places: dict[str, tuple[str, int, int]],
        keep: bool,
        wanted: Sequence[str],
    ) -> None:
        super().__init__(backend, order, keep=keep)
        self.words, self.taken = words, taken
        self.functions = _either(NAMES, backend.helpers)
        self.roots, self.nodes, self.uses = own.roots, own.nodes, own.uses
        self.ordinals, self.aligned, self.floats = own.ordinals, own.aligned, own.floats
        self.places = places | dict(own.places)
        self.sections = Sections(self.roots, operands, wanted)
        self.pairs: dict[Node, Pair] = {}
        self.spared: set[Node] = set()  # what a pair makes needless
        self.lines: list[str] = []
        self.assigned: dict[tuple[str, Section], str] = {}

    def body(self, result_names: Sequence[str]) -> Body:
        helpers = self.backend.helpers
        self.pairs = find_pairs(self.nodes, lambda node: not self.sections.of(node), helpers)
        self.spared = {node.args[0] for _, node, name in self.pairs.values() if name == SIGMOIDS}
        for node in self.nodes:
            if node not in self.text:
                self._emit(node)
        results = [self.text[root].code for root in self.roots]
        for k, name in enumerate(result_names if len(results) > 1 else ()):
            if name and not self.sections.is_open(k) and len(results[k]) > LONG // 2:
                self.lines.append(f"{name} = {results[k]}")
                results[k] = name
        self.sections.close(result_names, results, self.lines)
        return Body(tuple(self.lines), tuple(results), tuple(sorted(self.called)))

    def _emit(self, node: Node) -> None:
        if node in self.pairs:
            self._emit_pair(*self.pairs[node])
            return
        text = self._print(node)
        if self._is_trivial(node) or not self._needs_name(node, text):
            self.text[node] = text
            return
        self.text[node] = Text(self._assigned(node, text.code))

    def _emit_pair(self, first: Node, second: Node, name: str) -> None:
        if first not in self.text:
            for node in first_needed(second, self.nodes, self.text):
                self._emit(node)
            code = self._composite(second if second.args[2:] else first, name).code
            self.text |= {node: Text(self._name(node)) for node in (first, second)}
            self.lines.append(f"{self.text[first].code}, {self.text[second].code} = {code}")

    def _assigned(self, node: Node, code: str) -> str:
        """Return the name of a value; under other names of its axes, an array is the same."""
        section = self.sections.of(node)
        for known in self.sections.around(section):
            if (code, known) in self.assigned:
                return self.assigned[code, known]
        name = self.assigned[code, section] = self._name(node)
        self.sections.lines(section, self.lines).append(f"{name} = {code}")
        return name

    def _is_trivial(self, node: Node) -> bool:
        if node.op in ("leaf", "const", "size"):
            return True
        once = self.uses[node] - (node in self.spared) == 1
        return is_negative_leaf(node) and (once or not node.axes)

    def _needs_name(self, node: Node, text: Text) -> bool:
        if node in self.roots and self.uses[node] == 1:
            return False
        return (
            self.uses[node] > 1
            or len(text.code) > LONG
            or (node in self.aligned and text.level != ATOM)
        )

    def _name(self, node: Node) -> str:
        word = self.words.get(node)
        if word is None:
            word = DEFAULT_WORDS.get(node.op, "mask" if node.op in n.BOOLEAN else node.op)
            if is_negative_leaf(node):
                word = f"neg_{node.args[1].name}"
            elif node.op in ("abs", "sign", "exp", "sigmoid", "log1p"):
                inner = self.text.get(node.args[0], Text("")).code  # a mirror image's comes later
                word = f"{node.op}_{inner}" if re.fullmatch(r"[a-z_]+", inner) else word
            elif node.op == "maximum" and any(arg.op == "minimum" for arg in node.args):
                word = "clamped"
            elif node.op == "mul" and any(
                arg.op == "leaf" and arg.attrs[0] == "upstream" for arg in node.args
            ):
                word = "slope"
        elif word in ("length", "direction"):
            word = f"{next(iter(node.reads))}_{word}" if len(node.reads) == 1 else word
        candidates = itertools.chain([word], (f"{word}_{k}" for k in itertools.count(2)))
        name = next(c for c in candidates if c not in self.taken and c not in self.functions)
        self.taken.add(name)
        return name
