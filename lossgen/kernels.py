"""The functions of a generated module, printed for a backend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from lossgen.backends import Backend
from lossgen.common import find_common
from lossgen.contents import (
    PARTIALS,
    STEP,
    Contents,
    contents,
    partial_names,
    step_roots,
    sums_first,
    total_names,
    written,
)
from lossgen.memory import remembered
from lossgen.nodes import Node
from lossgen.printer import Body, print_body
from lossgen.program import Program
from lossgen.signatures import argument_annotation, describe, is_number, result_annotation


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
    sums = ("sums",) if sums_first(program, backend) else ()
    common = ("common",) if find_common(program, backend) is not None else ()
    kinds = (*sums, *common, *backend.kernels)
    return tuple(_kernel(program, backend, kind, suffix) for kind in kinds)


def _kernel(program: Program, backend: Backend, kind: str, suffix: str) -> Kernel:
    held = contents(program, kind, backend)
    names = [argument.name for argument in program.arguments]
    if kind == "common":
        names = [name for name in names if any(name in root.reads for root in held.roots)]
    arguments = [*held.before, *names, *held.after]
    body = _kernel_body(program, backend, kind, held, arguments)
    single, array = kind in ("value", "tangent"), backend.array or ""
    entry = result_annotation(program, kind, array, body, chosen=held.chosen)
    lines = (*_unpackings(program, backend, kind, suffix, arguments), *body.lines)
    returned = _returned(body.results, single=single)
    if lines and lines[-1].startswith(f"{returned} = "):  # returned as it comes, without names
        lines, returned = lines[:-1], lines[-1].removeprefix(f"{returned} = ")
    return Kernel(
        f"_{kind}{suffix}",
        tuple(KernelArgument(x, argument_annotation(program, backend, x)) for x in arguments),
        describe(program, kind),
        tuple(f"{rule.name}: {rule.formula}" for rule in program.rules if kind == "value"),
        lines,
        returned,
        array if single or not array else f"tuple[{entry}, ...]",
        body.helpers,
    )


def _kernel_body(
    program: Program, backend: Backend, kind: str, held: Contents, arguments: Sequence[str]
) -> Body:
    if not held.roots:
        return Body((), (), ())
    roots = written(program, backend, kind, held.roots)
    results = _result_names(program, kind)[: len(roots)]
    others = [argument.name for argument in program.wrt[1:]]
    always = len(results) - len(others)  # the first gradient, and a value beside it
    wanted = [""] * always + others if held.chosen else ()
    step = step_roots(program, backend) if kind in ("sums", *STEP) else ()
    reserved = [*arguments, *results]
    body = printed(program, backend, roots, reserved, results, wanted, step, held.names)
    if backend.tensors_only and held.before:
        body = _of_tensors(body, backend, held.before[0])
    return body


def _unpackings(
    program: Program, backend: Backend, kind: str, suffix: str, arguments: Sequence[str]
) -> list[str]:
    """Return the lines that come first: what is given, or computed before, under its names."""
    lines = []
    if kind in STEP and sums_first(program, backend):
        names = ", ".join(argument.name for argument in program.arguments)
        lines.append(_unpacked(total_names(program), f"_sums{suffix}({names})"))
    if PARTIALS in arguments and program.partials:
        lines.append(_unpacked(partial_names(program), PARTIALS))
    return lines


def _unpacked(words: tuple[str, ...], code: str) -> str:
    return f"{_returned(words, single=False)} = {code}"


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


def _of_tensors(body: Body, backend: Backend, like: str) -> Body:
    """Make tensors of results that are numbers: the framework differentiates nothing else."""
    results = tuple(
        backend.inexact.format(result, like=like) if is_number(result) else result
        for result in body.results
    )
    return replace(body, results=results)


def _returned(results: tuple[str, ...], *, single: bool) -> str:
    if single or len(results) > 1:
        return ", ".join(results)
    return f"({results[0]},)" if results else "()"


def printed(
    program: Program,
    backend: Backend,
    outputs: Sequence[Node],
    arguments: Sequence[str],
    results: Sequence[str] = (),
    wanted: Sequence[str] = (),
    step: Sequence[Node] = (),
    names: Sequence[tuple[Node, str]] = (),
) -> Body:
    """Return graphs of a program as lines, and what they are called in the end."""
    reserved = [*arguments, *partial_names(program)] if PARTIALS in arguments else arguments
    return _body(
        backend,
        tuple(outputs),
        program.order,
        (*program.names.items(), *names),
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
