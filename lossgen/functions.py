"""The functions that every generated package shares, printed from the expansions in `expand`."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from functools import partial

from lossgen import nodes as n
from lossgen.backends import Backend
from lossgen.code import is_primary
from lossgen.composites import EXPANSIONS
from lossgen.expand import FUNCTIONS, PAIRS
from lossgen.nodes import Node
from lossgen.printer import Body, print_body

DOCS = {
    "log_cosh": "Return log(cosh(x)); cosh overflows for large |x| and rounds to 1 for small.",
    "gauss": "Return exp(-factor * x**2) for a power of two, with no digits lost in the square.",
    "exp_moment1": "Return the integral of s * exp(x * s) over s from 0 to 1, for abs(x) < 1.5.",
    "exp_moment2": "Return the integral of s**2 * exp(x * s) over s from 0 to 1, likewise.",
    "hypot1": "Return sqrt(1 + x**2), whose square may overflow.",
    "over_hypot1": "Return x / sqrt(1 + x**2).",
    "log1p_square": "Return log(1 + x**2), whose square may overflow.",
    "over_square1": "Return x / (1 + x**2).",
    "power1p": "Return (1 + x)**exponent.",
    "box_cox": "Return ((1 + x)**exponent - 1) / exponent, its limit where the exponent is 0.",
    "box_cox_slope": "Return the derivative of box_cox(x, exponent) by the exponent.",
    "box_cox_bend": "Return the second derivative of box_cox(x, exponent) by the exponent.",
    "digamma": "Return the derivative of the logarithm of the gamma function, for x > 0.",
    "trigamma": "Return the second derivative of the logarithm of the gamma function, for x > 0.",
    "sech2": "Return 1 / cosh(x)**2, also where 1 - tanh(x)**2 has no digits left.",
    "scaled_exp": "Return x * exp(y), also where exp(y) overflows.",
    "unit": "Return x / y, and 0 where y is 0.",
    "norm": "Return the Euclidean norm over an axis, scaled so that no square overflows.",
    "floored_norm": "Return sqrt(sum(x**2) + floor**2) over an axis, scaled likewise.",
    "p_norm": "Return the norm of an order over an axis, scaled so that no power overflows.",
    "signed_power": "Return sign(x) * abs(x)**exponent.",
    "power_slope": "Return the derivative of sign(x) * abs(x)**exponent; flat at 0 below 1.",
    "deviation": "Return x less its mean over an axis.",
    "direction": "Return x divided by its norm over an axis; the zero vector stays zero.",
    "softmax": "Return exp(x) / sum(exp(x)) over an axis.",
    "cosoftmax": "Return 1 - softmax(x), with all its digits where softmax is near 1.",
    "lse": "Return log(sum(exp(x))) over an axis; the largest term leaves the logarithm.",
    "nll": "Return logsumexp(x) - x, exact where one entry dominates.",
    "nll_at": "Return logsumexp(x) - x[index], exact where that entry dominates.",
    "xent": "Return the sum of y * (logsumexp(x) - x) over an axis.",
    "excess_at": "Return softmax(x) less 1 at the index: there, minus the sum of the others.",
    "excess": "Return softmax(x) * sum(y) - y, without cancelling where y is one entry.",
    "centred": "Return y less its entry where x is largest over an axis.",
    "softmax_tangent": "Return the change of softmax(x) along y, exact where one entry dominates.",
    "label_cross_entropy_and_excess": "Return label_cross_entropy(x, index) and its label_excess.",
    "cross_entropy_and_excess": "Return cross_entropy_with(x, y) and its excess_over.",
    "rest": "Return, for every entry, the sum of the others over an axis.",
}
KEEPS_AXIS = {
    *("deviation", "direction", "softmax", "cosoftmax", "nll", "excess_at", "excess", "rest"),
    *("centred", "softmax_tangent"),
}
POWERS = {"power1p", "box_cox", "box_cox_slope", "box_cox_bend"}
# Functions that other functions call.
NESTED = frozenset(("exp_moment1", "exp_moment2", "power1p"))
ELEMENTWISE = POWERS | {
    "exp_moment1",
    "exp_moment2",
    "hypot1",
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
class Function:
    """A printed function of the package."""

    name: str
    arguments: tuple[FunctionArgument, ...]
    doc: str
    lines: tuple[str, ...]
    results: tuple[str, ...]
    helpers: tuple[str, ...]


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
    op = ops[0]
    arguments = _signature(op)[0]
    own = {inner for inner in OWN if f"{inner}_along" in backend.operations}
    own |= {inner for inner, function in FUNCTIONS.items() if function in backend.helpers}
    body: Body = print_body(
        backend,
        tuple(EXPANSIONS[each](_signature(each)[1]) for each in ops),
        ("axis",),
        {},
        (*arguments,),
        calls=NESTED - {op} | own,
        keep=op not in ELEMENTWISE,
        result_names=("value", "excess")[: len(ops)],
    )
    lines = body.lines
    if "index" in arguments:
        lines = (f"index = {backend.operations['unsqueeze'].format('index')}", *lines)
    results = tuple(map(partial(_result, backend), ops, body.results))
    typed = tuple(FunctionArgument(name, _kind(op, name)) for name in arguments)
    around = " ".join((lines[0] if lines else "", *results))
    helpers = {name for name in backend.helpers if f"{name}(" in around} | {*body.helpers}
    helpers -= NESTED
    doc = DOCS[op if len(ops) == 1 else name]
    return Function(name, typed, doc, lines, results, tuple(sorted(helpers)))


def _result(backend: Backend, op: str, code: str) -> str:
    if op in KEEPS_AXIS | ELEMENTWISE:
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
    if op in ("nll_at", "excess_at"):
        return ("x", "index", "axis"), n.make(
            op, (x, n.leaf("index", (), "label")), ("axis",), ("axis",)
        )
    args = (x, y) if op in ("xent", "excess", "centred", "softmax_tangent") else (x,)
    axes = ("axis",) if op in KEEPS_AXIS else ()
    return (*(arg.axis for arg in args), "axis"), n.make(op, args, ("axis",), axes)
