"""The cases and parts of a loss, as strings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sympy

from lossgen.backends import Backend
from lossgen.compile import compile_case
from lossgen.kernels import Kernel, partial_names, print_denominator, print_kernels
from lossgen.language import Tensor
from lossgen.loss import Case, Loss
from lossgen.options import Option, case_options, shape_words
from lossgen.program import Program
from lossgen.shapes import prepare


@dataclass(frozen=True, slots=True)
class ModuleCase:
    """One case of a loss.

    Attributes:
        suffix: what its names end in, empty where the loss has one case only.
        condition: when it applies, empty for the last.
        function: the name of the private function of the case.
        arguments: the case's own arguments.
        doubtful: labels may be unknown when they are checked, and then spoil their rows later.
    """

    suffix: str
    condition: str
    function: str
    arguments: tuple[str, ...]
    options: tuple[Option, ...]
    kernels: tuple[Kernel, ...]
    kernel_names: tuple[str, ...]
    kernel_arguments: tuple[str, ...]
    wrt: tuple[str, ...]
    inputs: tuple[str, ...]
    partials: tuple[str, ...]
    intake: tuple[str, ...]
    prepare: tuple[str, ...]
    shape: str
    folded: str
    denominator: str
    doubtful: bool
    output: str


@dataclass(frozen=True, slots=True)
class ModulePart:
    """A named part of the loss, or the whole under an empty name."""

    name: str
    cases: tuple[ModuleCase, ...]
    arguments: tuple[str, ...]


def make_part(loss: Loss, name: str, cases: Sequence[Case], backend: Backend) -> ModulePart:
    """Return a named part of a loss, or the whole under an empty name."""
    suffixes = _suffixes(cases)
    found = tuple(
        _case(loss, case, suffix, name, backend, last=k == len(cases) - 1)
        for k, (case, suffix) in enumerate(zip(cases, suffixes, strict=True))
    )
    order = [argument for case in found for argument in case.arguments]
    return ModulePart(name, found, tuple(dict.fromkeys(order)))


def _suffixes(cases: Sequence[Case]) -> list[str]:
    """Name cases by what tells them apart: labels or probabilities, smoothed or not."""
    words: list[str] = []
    for case in cases:
        kinds = {tensor.kind for tensor in Loss("One", case).tensors()}
        word = "" if len(cases) == 1 else "_labels" if "label" in kinds else "_dense"
        if word in words:
            word += "_general" if f"{word}_general" not in words else f"_{len(words)}"
        words.append(word)
    return words


def _case(
    loss: Loss, case: Case, suffix: str, part: str, backend: Backend, *, last: bool
) -> ModuleCase:
    program = compile_case(loss, case)
    one = Loss("One", case.without_condition())
    tensors, parameters = _in_call_order(loss, one), one.parameters()
    ready = prepare(
        tensors,
        parameters,
        program.axes,
        backend.intake,
        doubts=backend.doubts,
        batch=backend.operations["batch"],
    )
    prefix = f"_{part}" if part else ""
    kernels = print_kernels(program, backend, prefix + suffix)
    below = print_denominator(program, backend, prefix + suffix)
    names = [tensor.name for tensor in tensors] + [parameter.name for parameter in parameters]
    return ModuleCase(
        suffix=prefix + suffix,
        condition="" if last else _condition(loss, case),
        function=f"{prefix}{suffix}_loss",
        arguments=tuple(names),
        options=case_options(tensors, parameters, backend),
        kernels=tuple(kernels) if below is None else (*kernels, below),
        kernel_names=tuple(kernel.name for kernel in kernels),
        kernel_arguments=tuple(argument.name for argument in program.arguments),
        wrt=tuple(argument.name for argument in program.wrt),
        inputs=tuple(t.name for t in tensors if t.kind == "float"),
        partials=partial_names(program) if "partials" in backend.kernels else (),
        intake=ready.lines[: bool(backend.intake)],
        prepare=ready.lines[bool(backend.intake) :],
        shape=ready.shape,
        folded=ready.folded,
        denominator=_denominator_call(program, tensors, below, backend.detached),
        doubtful=backend.doubts and any(tensor.kind == "label" for tensor in tensors),
        output=shape_words(Tensor("", program.axes)) if program.axes else "scalar",
    )


def _in_call_order(loss: Loss, one: Loss) -> tuple[Tensor, ...]:
    return tuple(sorted(one.tensors(), key=lambda tensor: (tensor.kind == "weight", tensor.order)))


def _denominator_call(
    program: Program, tensors: Sequence[Tensor], below: Kernel | None, detached: str
) -> str:
    """Return the call of the denominator; without weights the entries are counted."""
    if below is None:
        return "None"
    names = [argument.name for argument in below.arguments]
    moving = {argument.name for argument in program.wrt}
    given = (detached.format(name) if name in moving else name for name in names)
    call = f"{below.name}({', '.join(given)})"
    absent = [
        t.name for t in tensors if t.name in names and t.kind == "weight" and t.axes == ("...",)
    ]
    return (
        f"None if isinstance({absent[0]}, float) else {call}"
        if absent and len(absent) == len(names)
        else call
    )


def _condition(loss: Loss, case: Case) -> str:
    """Return when a case applies, as Python."""
    words = []
    labels = [t.name for t in Loss("One", case).tensors() if t.kind == "label"]
    dense = {t.name for t in loss.tensors() if t.kind == "float"}
    if labels and labels[0] in dense:
        words.append(f"is_integer({labels[0]})")
    if isinstance(case.when, sympy.Equality):
        symbol, value = case.when.args
        words.append(f"is_number({symbol}, {float(value)!r})")
    elif case.when is not None:
        words.append(str(case.when))
    return " and ".join(words)
