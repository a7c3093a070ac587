"""The functions that every generated package shares, printed from the expansions in `expand`."""

from __future__ import annotations

from dataclasses import dataclass

from lossgen import nodes as n
from lossgen.backends import Backend
from lossgen.composites import EXPANSIONS
from lossgen.expand import FUNCTIONS
from lossgen.nodes import Node
from lossgen.printer import Body, print_body

DOCS = {
    "log_cosh": "Return log(cosh(x)); cosh overflows for large |x| and rounds to 1 for small.",
    "sech2": "Return 1 / cosh(x)**2, also where 1 - tanh(x)**2 has no digits left.",
    "unit": "Return x / y, and 0 where y is 0.",
    "norm": "Return the Euclidean norm over an axis, scaled so that no square overflows.",
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
    "rest": "Return, for every entry, the sum of the others over an axis.",
}
KEEPS_AXIS = {
    "direction",
    "softmax",
    "cosoftmax",
    "nll",
    "excess_at",
    "excess",
    "rest",
    "centred",
    "softmax_tangent",
}
ELEMENTWISE = {"log_cosh", "sech2", "unit"}


@dataclass(frozen=True, slots=True)
class Function:
    """A printed function of the package."""

    name: str
    arguments: tuple[str, ...]
    doc: str
    lines: tuple[str, ...]
    result: str
    helpers: tuple[str, ...]


def shared_functions(backend: Backend) -> tuple[Function, ...]:
    """Return all composite operations as functions of x, of y or an index, and of an axis."""
    return tuple(_function(backend, op) for op in sorted(FUNCTIONS, key=FUNCTIONS.__getitem__))


def _function(backend: Backend, op: str) -> Function:
    arguments, node = _signature(op)
    names = [argument for argument in arguments if argument != "axis"]
    body: Body = print_body(
        backend,
        (EXPANSIONS[op](node),),
        ("axis",),
        {},
        (*arguments,),
        calls=frozenset(),
        keep=op not in ELEMENTWISE,
    )
    lines, (result,) = body.lines, body.results
    if "index" in names:
        lines = (f"index = {backend.operations['unsqueeze'].format('index')}", *lines)
    if op not in KEEPS_AXIS | ELEMENTWISE:
        receiver = f"({result})" if backend.operations["squeeze"].startswith("{0}.") else result
        result = backend.operations["squeeze"].format(receiver)
    return Function(FUNCTIONS[op], arguments, DOCS[op], lines, result, body.helpers)


def _signature(op: str) -> tuple[tuple[str, ...], Node]:
    x, y = n.leaf("x", ("axis",)), n.leaf("y", ("axis",))
    if op in ELEMENTWISE:
        args = (x, y) if op == "unit" else (x,)
        return tuple(arg.axis for arg in args), n.call(op, *args)
    if op in ("nll_at", "excess_at"):
        return ("x", "index", "axis"), n.make(
            op, (x, n.leaf("index", (), "label")), ("axis",), ("axis",)
        )
    args = (x, y) if op in ("xent", "excess", "centred", "softmax_tangent") else (x,)
    axes = ("axis",) if op in KEEPS_AXIS else ()
    return (*(arg.axis for arg in args), "axis"), n.make(op, args, ("axis",), axes)
