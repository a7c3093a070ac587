"""The functions that every generated package shares, printed from the expansions in `expand`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from functools import partial

from lossgen import nodes as n
from lossgen.backends import Backend
from lossgen.code import is_primary
from lossgen.composites import EXPANSIONS
from lossgen.descriptions import DOCS
from lossgen.expand import DEFAULT_WORDS, FUNCTIONS, PAIRS
from lossgen.near_composites import NEAR_EXPANSIONS, near_expansions
from lossgen.nodes import Node
from lossgen.printer import Body, print_body

POWERS = {"power1p", "box_cox", "box_cox_slope", "box_cox_bend"}
# Functions that other functions call.
NESTED = frozenset(("exp_moment1", "exp_moment2", "power1p"))
ELEMENTWISE = POWERS | {
    "exp_moment1",
    "exp_moment2",
    "hypot1",
    "hypot1m1",
    "over_hypot1",
    "log1p_square",
    "over_square1",
    "digamma",
    "gauss",
    "log_cosh",
    "power_slope",
    "sech2",
    "scaled_exp",
    "signed_power",
    "trigamma",
    "unit",
}
# What is a function of the runtime's where a framework has a better way than the expansion.
OWN = ("put", "length", "p_length")
# Where a backend's runtime can look at numbers, it says by this name whether all are near 0.
MODERATE = "are_moderate"
# What a function takes beside x, where that is a number.
NUMBERS = {
    "floored_norm": "floor",
    "p_norm": "order",
    "signed_power": "exponent",
    "power_slope": "exponent",
    "gauss": "factor",
    **dict.fromkeys(POWERS, "exponent"),
}
# What may be a parameter or a size, thus a number.
OPERANDS = {("unit", "y"), ("digamma", "x"), ("trigamma", "x")}


@dataclass(frozen=True, slots=True)
class FunctionArgument:
    """An argument of a shared function: an array, a number, either of them, or an axis.

    An operand is an array, and also a number where the framework's own functions take one.
    """

    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class Formula:
    """What a function does: its lines, and what it returns."""

    lines: tuple[str, ...]
    results: tuple[str, ...]
    helpers: frozenset[str]


@dataclass(frozen=True, slots=True)
class Function:
    """A printed function of the package; ``near`` is a shorter way for moderate entries."""

    name: str
    arguments: tuple[FunctionArgument, ...]
    doc: str
    first: tuple[str, ...]
    near: Formula | None
    general: Formula

    @property
    def lines(self) -> tuple[str, ...]:
        """Its statements in general."""
        return (*self.first, *self.general.lines)

    @property
    def results(self) -> tuple[str, ...]:
        """What it returns in general."""
        return self.general.results

    @property
    def helpers(self) -> frozenset[str]:
        """What it calls of the runtime."""
        near = frozenset[str]() if self.near is None else self.near.helpers | {MODERATE}
        return self.general.helpers | near


def shared_functions(backend: Backend, called: Set[str]) -> tuple[Function, ...]:
    """Return the composite operations that are called as functions, by name."""
    names: dict[str, tuple[str, ...]] = {name: (op,) for op, name in FUNCTIONS.items()}
    names |= {name: pair for pair, name in PAIRS.items()}
    found: dict[str, Function] = {}
    waiting = sorted((called & names.keys()) - backend.helpers)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = _function(backend, name, names[name])
            waiting += [inner for inner in sorted(NESTED) if f"{inner}(" in str(found[name])]
    return tuple(found[name] for name in sorted(found))


def _function(backend: Backend, name: str, ops: tuple[str, ...]) -> Function:
    op = ops[-1]  # which has the arguments of both
    arguments = _signature(op)[0]
    near = None
    if MODERATE in backend.helpers and all(each in NEAR_EXPANSIONS for each in ops):
        near = _formula(backend, ops, near_expansions(exact="exact_exp" in backend.operations))
    unsqueeze = backend.operations["unsqueeze"]
    rows = (word for word in ("index", "upstream") if word in arguments)
    first = tuple(f"{word} = {unsqueeze.format(word)}" for word in rows)
    typed = tuple(FunctionArgument(name, _kind(op, name)) for name in arguments)
    doc = DOCS[op if len(ops) == 1 else name]
    return Function(name, typed, doc, first, near, _formula(backend, ops, EXPANSIONS))


def _formula(
    backend: Backend, ops: tuple[str, ...], expansions: Mapping[str, Callable[[Node], Node]]
) -> Formula:
    op = ops[0]
    own = {inner for inner in OWN if f"{inner}_along" in backend.operations}
    own |= {inner for inner, function in FUNCTIONS.items() if function in backend.helpers}
    body: Body = print_body(
        backend,
        tuple(expansions[each](_signature(each)[1]) for each in ops),
        ("axis",),
        {},
        _signature(ops[-1])[0],
        calls=NESTED - {op} | own,
        keep=op not in ELEMENTWISE,
        result_names=("value", DEFAULT_WORDS.get(ops[-1], "excess"))[: len(ops)],
    )
    results = tuple(map(partial(_result, backend), ops, body.results))
    around = " ".join((body.lines[0] if body.lines else "", *results))
    helpers = {name for name in backend.helpers if f"{name}(" in around} | {*body.helpers}
    return Formula(body.lines, results, frozenset(helpers - NESTED))


def _result(backend: Backend, op: str, code: str) -> str:
    if op in n.KEEPS_AXIS | ELEMENTWISE:
        return code
    squeeze = backend.operations["squeeze"]
    bare = is_primary(code) or not squeeze.startswith("{0}.")
    return squeeze.format(code if bare else f"({code})")


def _kind(op: str, name: str) -> str:
    if name == "axis":
        return "axis"
    if op in POWERS and name == "exponent":
        return "either"
    if name == NUMBERS.get(op):
        return "number"
    if (op, name) in OPERANDS:
        return "operand"
    return "either" if op == "unit" else "array"


def _signature(op: str) -> tuple[tuple[str, ...], Node]:
    x, y = n.leaf("x", ("axis",)), n.leaf("y", ("axis",))
    if op in NUMBERS:
        given = (x, n.leaf(NUMBERS[op], ()))
        names = ("x", NUMBERS[op])
        if op in ELEMENTWISE:
            return names, n.call(op, *given)
        return (*names, "axis"), n.make(op, given, ("axis",), ())
    if op in ELEMENTWISE:
        args = (x, y) if op in ("unit", "scaled_exp") else (x,)
        return tuple(arg.axis for arg in args), n.call(op, *args)
    if op in n.AT_LABEL:
        rows = [n.leaf("index", (), "label"), n.leaf("upstream", ())][: 1 + (op == "grad_at")]
        node = n.make(op, (x, *rows), ("axis",), ("axis",))
        return ("x", *(leaf.name for leaf in rows), "axis"), node
    args = (x, y) if op in ("xent", "excess", "centred", "softmax_tangent") else (x,)
    axes = ("axis",) if op in n.KEEPS_AXIS else ()
    return (*(arg.axis for arg in args), "axis"), n.make(op, args, ("axis",), axes)
