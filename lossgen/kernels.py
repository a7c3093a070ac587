"""The functions of a generated module: which graphs each one holds, printed for a backend."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

from lossgen import nodes as n
from lossgen.apart import better_chosen
from lossgen.backends import Backend
from lossgen.bounds import bounded
from lossgen.code import TOTAL
from lossgen.language import ELLIPSIS, PYTHON
from lossgen.memory import remembered
from lossgen.names import is_taken
from lossgen.nodes import Node
from lossgen.printer import Body, print_body
from lossgen.products import gathered
from lossgen.program import Program, tangent_name
from lossgen.rewrite import substitute

DOCS = {
    "sums": "Return what is summed over the samples first.",
    "value": "Return the unreduced loss.",
    "gradient": "Return the gradient by {wrt}, given that of the loss.",
    "value_and_gradient": "Return the loss and, as far as wanted, its gradient by {wrt}.",
    "tangent": "Return the derivative of the loss along the tangents.",
    "curvature": "Return the derivative of the gradient along the tangents.",
    "hessian_diagonal": "Return the diagonal of the Hessian by {wrt}.",
    "partials": "Return the coefficients of the tangents.",
    "partials_tangent": "Return the derivatives of the coefficients along the tangents.",
    "denominator": "Return what the mean divides by.",
    "mass": "Return how much each entry counts in the mean.",
}
STEP = ("value", "partials")  # what a compiler finds in both, it computes once
WANTED = "wanted"  # the argument that says which gradients to compute
LINE = 90  # what a docstring of one line holds


@dataclass(frozen=True, slots=True)
class KernelArgument:
    """An argument of a kernel and its annotation, empty where the backend has none."""

    name: str
    annotation: str


@dataclass(frozen=True, slots=True)
class Kernel:
    """A printed kernel."""

    name: str
    arguments: tuple[KernelArgument, ...]
    doc: str
    comments: tuple[str, ...]
    lines: tuple[str, ...]
    returns: str
    annotation: str
    helpers: tuple[str, ...]


def print_kernels(program: Program, backend: Backend, suffix: str) -> tuple[Kernel, ...]:
    """Return the kernels that a backend needs, in the order in which they should stand."""
    kinds = ("sums", *backend.kernels) if sums_first(program, backend) else backend.kernels
    return tuple(_kernel(program, backend, kind, suffix) for kind in kinds)


def sums_first(program: Program, backend: Backend) -> bool:
    """Say whether sums over samples are a kernel, whose results the gradient's is given."""
    return backend.sums and program.totals is not None


def _kernel(program: Program, backend: Backend, kind: str, suffix: str) -> Kernel:
    names = [argument.name for argument in program.arguments]
    tangents = [tangent_name(argument.name) for argument in program.wrt]
    outputs, before, after = _parts(program, kind, backend, tangents)
    arguments = [*before, *names, *after]
    comments = (
        tuple(f"{rule.name}: {rule.formula}" for rule in program.rules) if kind == "value" else ()
    )
    single, chosen = kind in ("value", "tangent"), after[-1:] == [WANTED]
    array = backend.array or ""
    if not outputs:
        body = Body((), (), ())
    else:
        outputs = _written(program, backend, kind, outputs)
        results = _result_names(program, kind)[: len(outputs)]
        others = [argument.name for argument in program.wrt[1:]]
        always = len(results) - len(others)  # the first gradient, and a value beside it
        wanted = [""] * always + others if chosen else ()
        step = _step(program, backend) if kind in ("sums", *STEP) else ()
        body = _printed(program, backend, outputs, [*arguments, *results], results, wanted, step)
        if backend.tensors_only and before:
            body = _of_tensors(body, backend, before[0])
    lines = body.lines
    if "partials" in arguments:
        words = partial_names(program)
        lines = (_unpacked(words, "partials"), *lines) if words else lines
    if kind in STEP and sums_first(program, backend):
        call = f"_sums{suffix}({', '.join(names)})"
        lines = (_unpacked(total_names(program), call), *lines)
    wrt = _listed(
        [argument.name for argument in program.wrt if argument.axes or kind != "hessian_diagonal"]
    )
    doc = DOCS[kind].format(wrt=wrt)
    entries = _entries(program, kind, array, body, chosen=chosen)
    return Kernel(
        f"_{kind}{suffix}",
        tuple(KernelArgument(name, _annotation(program, backend, name)) for name in arguments),
        doc if len(doc) <= LINE else DOCS[kind].format(wrt="each differentiable argument"),
        comments,
        lines,
        _returned(body.results, single=single),
        array if single or not array else f"tuple[{entries}, ...]",
        body.helpers,
    )


def _written(
    program: Program, backend: Backend, kind: str, outputs: Sequence[Node]
) -> tuple[Node, ...]:
    """Return the graphs of a kernel as they are printed, where entries may not count."""
    if backend.masks_inputs and kind not in ("value", "sums"):  # nothing differentiates these
        mask = _masked_outputs if kind == "partials" else _guarded
        outputs = mask(program, outputs)
    return bounded(tuple(outputs))


def _step(program: Program, backend: Backend) -> tuple[Node, ...]:
    """Return what a step of training computes, where value and slopes are kernels of their own."""
    if not set(STEP) <= set(backend.kernels):
        return ()
    kinds = ("sums", *STEP) if sums_first(program, backend) else STEP
    parts = ((kind, _parts(program, kind, backend, [])[0]) for kind in kinds)
    return tuple(root for kind, found in parts for root in _written(program, backend, kind, found))


def _unpacked(words: Sequence[str], code: str) -> str:
    return f"{', '.join(words)}{',' if len(words) == 1 else ''} = {code}"


def _result_names(program: Program, kind: str) -> list[str]:
    stems = {
        "gradient": "grad",
        "value_and_gradient": "grad",
        "curvature": "change",
        "hessian_diagonal": "diagonal",
    }
    if kind == "sums":
        return list(total_names(program))
    if kind not in stems:
        return []
    names = [f"{stems[kind]}_{argument.name}" for argument in program.wrt]
    return ["loss", *names] if kind == "value_and_gradient" else names


def _is_number(result: str) -> bool:
    return result.removeprefix("-").replace(".", "", 1).isdigit()


def _of_tensors(body: Body, backend: Backend, like: str) -> Body:
    """Make tensors of results that are numbers: the framework differentiates nothing else."""
    results = tuple(
        backend.inexact.format(result, like=like) if _is_number(result) else result
        for result in body.results
    )
    return replace(body, results=results)


def _entries(program: Program, kind: str, array: str, body: Body, *, chosen: bool) -> str:
    """Return the annotation of results; one that is the same everywhere may be a plain number."""
    plain = any(map(_is_number, body.results))
    if chosen:
        return f"{array} | float | None" if plain else f"{array} | None"
    if kind == "sums":
        return array
    if kind == "partials":  # one of parameters alone is a number where they are
        inputs = (a for a in program.arguments if a.axes and a.kind != "weight")
        arrays = {argument.name for argument in inputs}
        plain |= not all(
            any(node.op == "leaf" and node.name in arrays for node in n.walk(partial))
            for partial in program.partials
        )
    return f"{array} | float" if plain else array


def _returned(results: tuple[str, ...], *, single: bool) -> str:
    if single or len(results) > 1:
        return ", ".join(results)
    return f"({results[0]},)" if results else "()"


def _parts(
    program: Program, kind: str, backend: Backend, tangents: list[str]
) -> tuple[Sequence[Node], list[str], list[str]]:
    """Return the graphs of a kernel, and its arguments before and after those of the program."""
    if kind in STEP:
        own = (program.output,) if kind == "value" else program.partials
        if sums_first(program, backend):
            own = tuple(_of_totals(program, root) for root in own)
        return own, [], []
    if kind == "gradient":
        return program.gradients, ["upstream"], []
    if kind == "sums" and program.totals is not None:
        return program.totals.sums, [], []
    if kind == "value_and_gradient":
        roots = [program.output, *program.gradients]
        if not sums_first(program, backend):
            return roots, ["upstream"], [WANTED]
        given = [*total_names(program), WANTED]
        return [_of_totals(program, root) for root in roots], ["upstream"], given
    if kind == "hessian_diagonal":
        return program.diagonals, ["upstream"], []
    if kind == "curvature":
        chosen = [WANTED] if "value_and_gradient" in backend.kernels else []
        return program.curvatures, ["upstream"], [*tangents, *chosen]
    if kind == "partials_tangent":
        return program.partial_tangents, [], tangents
    if kind == "tangent" and "partials" in backend.kernels:
        return (_linear(program, backend),), ["partials"], tangents
    if kind == "tangent":
        return (program.tangent,), [], tangents
    raise KeyError(f"unknown kernel {kind!r}, known are {', '.join(sorted(DOCS))}")


def total_names(program: Program) -> tuple[str, ...]:
    """Return a word for each sum over samples, the author's if there is one and it is free."""
    taken = [argument.name for argument in program.arguments]
    words: list[str] = []
    for node in program.totals.sums if program.totals is not None else ():
        word = program.names.get(node, "sums")
        word = "sums" if is_taken(word) else word
        candidates = itertools.chain([word], (f"{word}_{k}" for k in itertools.count(2)))
        words.append(next(name for name in candidates if name not in (*taken, *words)))
    return tuple(words)


def _of_totals(program: Program, root: Node) -> Node:
    """Return a graph that is given the sums over samples."""
    sums = program.totals.sums if program.totals is not None else ()
    table = {
        node: n.leaf(word, program.sorted_axes(node.axes), TOTAL)
        for node, word in zip(sums, total_names(program), strict=True)
    }
    return substitute(root, table)


def partial_names(program: Program) -> tuple[str, ...]:
    """Return a word for each partial: ``by_input`` where it multiplies the tangent of input.

    Elsewhere it has the author's word, if there is one.
    """
    taken = [argument.name for argument in program.arguments]
    words = list(taken)
    known = {partial: program.names.get(partial, "coefficient") for partial in program.partials}
    for node in n.walk(program.linear):
        if node.op == "mul" and not known.keys().isdisjoint(node.args):
            moving = [a for a in node.args if a.op == "leaf" and a.name.startswith("d_")]
            if len(moving) == 1:
                word = f"by_{str(moving[0].attrs[0])[2:]}"
                known |= dict.fromkeys(known.keys() & set(node.args), word)
    for word in known.values():
        count = sum(
            w == word or (w.startswith(f"{word}_") and w[len(word) + 1 :].isdigit()) for w in words
        )
        words.append(word if not count else f"{word}_{count + 1}")
    return tuple(words[len(taken) :])


def _linear(program: Program, backend: Backend) -> Node:
    table = {
        partial: n.leaf(name, program.sorted_axes(partial.axes))
        for partial, name in zip(program.partials, partial_names(program), strict=True)
    }
    linear = gathered(substitute(program.linear, table), frozenset(table.values()))
    if "entry" not in backend.operations or not better_chosen(program):
        return linear
    picks = (node for node in n.walk(linear) if node.op == "pick" and n.is_const(node.args[1]))
    return substitute(
        linear, {pick: n.make("entry", pick.args, pick.attrs, pick.axes) for pick in picks}
    )


def _masked_outputs(program: Program, outputs: Sequence[Node]) -> tuple[Node, ...]:
    """Make slopes 0 where an input does not count, rather than the input, if they have its axes.

    What is masked last costs no pass of its own before a reduction.
    """
    valid = program.valid
    if valid is None:
        return tuple(outputs)
    inside = _guarded(program, outputs)
    return tuple(
        outside
        if masked is outside
        else n.select(valid, outside, n.ZERO)
        if valid.axes <= outside.axes
        else masked
        for outside, masked in zip(outputs, inside, strict=True)
    )


def _guarded(program: Program, outputs: Sequence[Node]) -> tuple[Node, ...]:
    """Read 0 where an input does not count, so that nothing there can be infinite."""
    if program.valid is None:
        return tuple(outputs)
    table: dict[Node, Node] = {program.valid: program.valid}  # what counts, the inputs say as given
    for argument in program.wrt:
        own = n.leaf(argument.name, argument.axes)
        if argument.axes and program.valid.axes <= own.axes:
            table[own] = n.select(program.valid, own, n.ZERO)
    return tuple(substitute(output, table) for output in outputs)


def _printed(
    program: Program,
    backend: Backend,
    outputs: Sequence[Node],
    arguments: Sequence[str],
    results: Sequence[str] = (),
    wanted: Sequence[str] = (),
    step: Sequence[Node] = (),
) -> Body:
    reserved = [*arguments, *partial_names(program)] if "partials" in arguments else arguments
    return _body(
        backend,
        tuple(outputs),
        program.order,
        tuple(program.names.items()),
        tuple(reserved),
        tuple(results),
        tuple(program.homes.items()),
        tuple(wanted),
        tuple(step),
    )


@remembered
def _body(
    backend: Backend,
    outputs: tuple[Node, ...],
    order: tuple[str, ...],
    names: tuple[tuple[Node, str], ...],
    reserved: tuple[str, ...],
    results: tuple[str, ...],
    homes: tuple[tuple[str, tuple[str, int, int]], ...],
    wanted: tuple[str, ...],
    step: tuple[Node, ...],
) -> Body:
    """Return what is printed, which several cases may share, and losses that are alike."""
    return print_body(
        backend,
        outputs,
        order,
        dict(names),
        reserved,
        result_names=results,
        homes=dict(homes),
        wanted=wanted,
        step=step,
    )


def print_denominator(program: Program, backend: Backend, suffix: str) -> Kernel | None:
    """Return the function of what the mean divides by, of just the arguments it needs.

    Where that is a sum over the entries, the function gives what each of them adds to it.
    """
    kind, root = ("denominator", program.denominator)
    if program.mass is not None:
        kind, root = ("mass", program.mass)
    if root is None:
        return None
    below = list(n.walk(root))
    used = {node.name for node in below if node.op == "leaf"}
    read = {axis for node in below if node.op == "leaf" for axis in node.view}
    sizes = {node.axis for node in below if node.op == "size"}
    used |= {program.homes[axis][0] for axis in sizes - read}
    names = [argument.name for argument in program.given if argument.name in used]
    body = _printed(program, backend, (root,), names)
    kinds = {argument.name: argument.kind for argument in program.given}
    weighted = all(kinds[name] == "weight" for name in names)  # without weights it is not called
    arguments = tuple(
        KernelArgument(
            name, backend.array or "" if weighted else _annotation(program, backend, name)
        )
        for name in names
    )
    return Kernel(
        f"_{kind}{suffix}",
        arguments,
        DOCS[kind],
        (),
        body.lines,
        body.results[0],
        backend.array or "",
        body.helpers,
    )


def _annotation(program: Program, backend: Backend, name: str) -> str:
    if backend.array is None:
        return ""
    if name == WANTED:
        return "frozenset[str]"
    if name == "partials":
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


def _listed(names: Sequence[str]) -> str:
    quoted = [f"`{name}`" for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"
