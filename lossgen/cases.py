"""The cases and parts of a loss, as strings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from lossgen import conditions, denominators
from lossgen.apart import better_apart
from lossgen.backends import Backend
from lossgen.chunks import chunk_size, rows_of
from lossgen.common import found_first
from lossgen.compile import compile_case, with_results
from lossgen.contents import partial_names, sums_first
from lossgen.endings import ending
from lossgen.entries import filled_axes
from lossgen.kernels import print_kernels
from lossgen.keywords import Result, shape_words
from lossgen.language import ELLIPSIS, Tensor
from lossgen.loss import Case, Loss, alone
from lossgen.options import case_options, chunk_options
from lossgen.plain import compared, ignored, inner_weights, plain_case
from lossgen.program import Program
from lossgen.shapes import prepare, prepared_name
from lossgen.sharing import ModuleCase, ModulePart, merged
from lossgen.work import is_shorter


def make_part(loss: Loss, name: str, cases: Sequence[Case], backend: Backend) -> ModulePart:
    """Return a named part of a loss, or the whole under an empty name."""
    drafts = list(_drafts(loss, cases))
    found = merged([_with_plain(loss, draft, name, backend) for draft in drafts])
    order = [argument for case in found for argument in case.arguments]
    return ModulePart(name, tuple(found), tuple(dict.fromkeys(order)))


@dataclass(frozen=True, slots=True)
class _Draft:
    """A case with its program and its name.

    ``owner`` is the name of the case whose formula it shares, ``below`` that of what its mean
    divides by, which the first of those writes that have it in common.
    """

    case: Case
    program: Program
    suffix: str
    owner: str
    below: str
    writes: bool
    last: bool


def _drafts(loss: Loss, cases: Sequence[Case]) -> Iterator[_Draft]:
    """Yield the cases; dialects that differ in the denominator alone share a formula."""
    suffixes = _suffixes(cases)
    programs = [compile_case(loss, case) for case in cases]
    formulas = [(p.output, p.valid, p.arguments) for p in programs]
    owners = dict(zip(formulas, suffixes, strict=True))  # the last one's name: dialects come first
    below = denominators.denominator_suffixes(cases, programs, suffixes)
    for k, (case, program, suffix) in enumerate(zip(cases, programs, suffixes, strict=True)):
        yield _Draft(case, program, suffix, owners[formulas[k]], *below[k], k == len(cases) - 1)


def _suffixes(cases: Sequence[Case]) -> list[str]:
    """Name cases by what tells them apart: their condition, labels or probabilities."""
    words: list[str] = []
    has_labels = ["label" in {t.kind for t in alone(case).tensors()} for case in cases]
    for case, labels in zip(cases, has_labels, strict=True):
        if case.name:
            words.append(f"_{case.name}")
        else:
            kind = "_labels" if labels and not all(has_labels) else ""
            words.append(f"{kind}{conditions.word(case.when)}")
    return words


def _with_plain(loss: Loss, draft: _Draft, part: str, backend: Backend) -> ModuleCase:
    """Return a case, with its shorter form where the backend may look whether that applies."""
    made = _case(loss, draft, part, backend)
    if not backend.plain or loss.chunked or draft.owner != draft.suffix:
        return made
    case = plain_case(draft.case, draft.program)
    if case is None:
        return made
    program, counts = compile_case(loss, case), draft.case.valid is not None
    if not counts and not is_shorter(program, draft.program, backend):
        return made
    suffix = f"{draft.suffix}_plain"
    short = replace(draft, case=case, program=program, suffix=suffix, owner=suffix, below=suffix)
    labels, ignore = compared(draft.case) if counts else ("", "")
    return replace(
        made,
        plain=_case(loss, short, part, backend),
        absent=inner_weights(draft.case, draft.program),
        counted=f"all_count({labels}, {ignore})" if ignore else "",
    )


def _case(loss: Loss, draft: _Draft, part: str, backend: Backend) -> ModuleCase:
    case, program = draft.case, draft.program
    one = alone(case.without_condition())
    inner = alone(with_results(case, loss.names).without_condition())
    given, tensors, parameters = _in_call_order(one), _in_call_order(inner), one.parameters()
    factor = "" if program.weight is None else program.weight.name
    chunk, axis = chunk_options(loss, backend), "".join(axis for axis, _ in loss.chunked)
    prefix = f"_{part}" if part else ""
    owner, suffix = f"{prefix}{draft.owner}", f"{prefix}{draft.suffix}"
    kernels = print_kernels(program, backend, owner) if owner == suffix else ()
    below = denominators.print_denominator(program, backend, f"{prefix}{draft.below}")
    below_call = denominators.denominator_call(program, tensors, below, backend.detached)
    written = below is not None and draft.writes and not denominators.gives_back(below)
    batch = denominators.by_batch(loss, tensors[0])
    names = [tensor.name for tensor in given] + [parameter.name for parameter in parameters]
    ready = prepare(
        tensors,
        inner.parameters(),
        program.axes,
        backend.intake,
        doubts=backend.doubts,
        batch=backend.operations["batch"],
        bring=backend.bring,
        ignored=ignored(case),
        factor=factor,
        given=given,
        late=denominators.left(program, below) if backend.merges else (),
        labelled=[t.name for t in loss.tensors() if t.kind == "label"],
        filled=filled_axes(program),
    )
    prepared = {tensor.name: prepared_name(tensor, factor) for tensor in tensors}
    return ModuleCase(
        suffix=suffix,
        kernel=f"_kernel{owner}",
        shared=owner != suffix,
        condition="" if draft.last else _condition(loss, case),
        function=f"{suffix}_loss",
        arguments=(*names, *(option.name for option in chunk)),
        options=(*case_options(given, parameters, backend), *chunk),
        kernels=kernels if below is None or not written else (*kernels, below),
        kernel_names=tuple(f"_{kind}{owner}" for kind in backend.kernels),
        kernel_arguments=tuple(argument.name for argument in program.arguments),
        kernel_axes=tuple(" ".join(argument.axes) for argument in program.arguments),
        loss_axes=" ".join(program.declared_axes),
        rows=_cuts(program, backend),
        scales=program.scales,
        sums=f"_sums{owner}" if sums_first(program, backend) else "",
        common=found_first(program, backend, f"_common{owner}", prepared),
        summed=" ".join(program.totals.axes) if program.totals is not None else "",
        kernel_values=tuple(prepared.get(a.name, a.name) for a in program.arguments),
        wrt=tuple(argument.name for argument in program.wrt),
        inputs=tuple(t.name for t in given if t.kind == "float" and not t.is_option),
        optional=tuple(t.name for t in given if t.kind == "float" and t.is_option),
        partials=partial_names(program) if "partials" in backend.kernels else (),
        intake=tuple(line.code for line in ready.lines[: bool(backend.intake)]),
        results=tuple(Result(t.name, t.call) for t in tensors if t.call is not None),
        statements=ready.lines[bool(backend.intake) :],
        shape=ready.shape,
        folded=ready.folded,
        weight=factor,
        axes=program.axes,
        endings=(ending(case, below_call, batch, tensors[0].name, program),),
        chunk=chunk_size(program, chunk[0].name, axis) if chunk else "",
        chunks=rows_of(program, axis) if chunk else None,
        doubtful=backend.doubts and any(tensor.classes for tensor in tensors),
        apart="partials" in backend.kernels and better_apart(program),
        output="" if conditions.dialect_of(case.when) else _output(program, given[0]),
    )


def _cuts(program: Program, backend: Backend) -> str:
    """Return the axes along which it pays to cut: not where entries are just read and placed."""
    if program.is_idle and "placed" in backend.operations:
        return ""
    return " ".join(rows.axis for rows in program.rows if program.can_cut(rows))


def _in_call_order(one: Loss) -> tuple[Tensor, ...]:
    return tuple(sorted(one.tensors(), key=lambda tensor: (tensor.kind == "weight", tensor.order)))


def _output(program: Program, first: Tensor) -> str:
    if first.axes == program.axes == (ELLIPSIS,):
        return f"that of {first.name}"
    return shape_words(Tensor("", program.axes), first.batch) if program.axes else "scalar"


def _condition(loss: Loss, case: Case) -> str:
    """Return when a case applies, as Python."""
    words = []
    labels = [t.name for t in alone(case).tensors() if t.kind == "label"]
    dense = {t.name for t in loss.tensors() if t.kind == "float"}
    if labels and labels[0] in dense:
        words.append(f"is_integer({labels[0]})")
    if case.when is not None:
        words.append(conditions.as_python(case.when))
    return " and ".join(words)
