"""The signature of a kernel: its docstring, and annotations of what it takes and returns."""

from __future__ import annotations

from collections.abc import Sequence

from lossgen import nodes as n
from lossgen.backends import Backend
from lossgen.contents import PARTIALS, WANTED
from lossgen.language import ELLIPSIS, PYTHON
from lossgen.nodes import Node
from lossgen.printer import Body
from lossgen.program import Program

DOCS = {
    "sums": "Return what is summed over the samples first.",
    "common": "Return what takes long both in the loss and in its gradient.",
    "value": "Return the unreduced loss.",
    "gradient": "Return the gradient by {wrt}, given that of the loss.",
    "value_and_gradient": "Return the loss and, as far as wanted, its gradient by {wrt}.",
    "tangent": "Return the derivative of the loss along the tangents.",
    "curvature": "Return the derivative of the gradient along the tangents.",
    "hessian_diagonal": "Return the diagonal of the Hessian by {wrt}.",
    "partials": "Return the coefficients of the tangents.",
    "partials_tangent": "Return the derivatives of the coefficients along the tangents.",
}
LINE = 90  # what a docstring of one line holds


def describe(program: Program, kind: str) -> str:
    """Return the docstring of a kernel."""
    named = [x.name for x in program.wrt if x.axes or kind != "hessian_diagonal"]
    doc = DOCS[kind].format(wrt=_listed(named))
    return doc if len(doc) <= LINE else DOCS[kind].format(wrt="each differentiable argument")


def argument_annotation(program: Program, backend: Backend, name: str) -> str:
    """Return the annotation of an argument, empty where the backend has none."""
    if backend.array is None:
        return ""
    if name == WANTED:
        return "frozenset[str]"
    if name == PARTIALS:
        return f"tuple[{backend.array}, ...]"
    number = f"{backend.array} | float"
    argument = program.named.get(name)
    if argument is None or argument.kind == "label":
        return backend.array
    exact = argument.kind == "static" and backend.tensors_only
    if argument.kind in PYTHON and argument.kind != "float" and not exact:
        return PYTHON[argument.kind]
    absent = argument.kind == "weight" and argument.axes == (ELLIPSIS,)  # is then the number 1
    plain = not argument.axes and not backend.tensors_only
    return number if absent or plain else backend.array


def result_annotation(program: Program, kind: str, array: str, body: Body, *, chosen: bool) -> str:
    """Return the annotation of each result; one that is the same everywhere may be a number."""
    plain = any(map(is_number, body.results))
    if chosen:
        return f"{array} | float | None" if plain else f"{array} | None"
    if kind in ("sums", "common"):
        return array
    if kind == "partials":  # one of parameters alone is a number where they are
        inputs = (a for a in program.arguments if a.axes and a.kind != "weight")
        arrays = {argument.name for argument in inputs}
        plain |= not all(
            any(node.op == "leaf" and node.name in arrays for node in n.walk(partial))
            for partial in program.partials
        )
    return f"{array} | float" if plain else array


def is_number(result: str) -> bool:
    """Say whether what is returned is a number as it stands."""
    return result.removeprefix("-").replace(".", "", 1).isdigit()


def read_by(program: Program, root: Node) -> list[str]:
    """Return the arguments that a graph reads, or of which it needs the size."""
    below = list(n.walk(root))
    used = {node.name for node in below if node.op == "leaf"}
    read = {axis for node in below if node.op == "leaf" for axis in node.view}
    sizes = {node.axis for node in below if node.op == "size"}
    used |= {program.homes[axis][0] for axis in sizes - read}
    return [argument.name for argument in program.given if argument.name in used]


def _listed(names: Sequence[str]) -> str:
    quoted = [f"`{name}`" for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"
