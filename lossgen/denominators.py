"""What a mean divides by, as strings: counts, sums of weights, sizes."""

from __future__ import annotations

from collections.abc import Sequence

from lossgen import conditions
from lossgen.backends import Backend
from lossgen.kernels import Kernel, KernelArgument, printed
from lossgen.language import Tensor
from lossgen.loss import Case, Loss
from lossgen.program import Program
from lossgen.shapes import prepared_name
from lossgen.signatures import argument_annotation, read_by

DOCS = {
    "denominator": "Return what the mean divides by.",
    "mass": "Return how much each entry counts in the mean.",
}


def print_denominator(program: Program, backend: Backend, suffix: str) -> Kernel | None:
    """Return the function of what the mean divides by, of just the arguments it needs.

    Where that is a sum over the entries, the function gives what each of them adds to it.
    """
    kind, root = ("denominator", program.denominator)
    if program.mass is not None:
        kind, root = ("mass", program.mass)
    if root is None:
        return None
    names = read_by(program, root)
    body = printed(program, backend, (root,), names)
    kinds = {argument.name: argument.kind for argument in program.given}
    weighted = all(kinds[name] == "weight" for name in names)  # without weights it is not called
    arguments = tuple(
        KernelArgument(
            name, backend.array or "" if weighted else argument_annotation(program, backend, name)
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


def denominator_suffixes(
    cases: Sequence[Case], programs: Sequence[Program], suffixes: Sequence[str]
) -> list[tuple[str, bool]]:
    """Return for each case what the name of its denominator ends in, and whether it is its own.

    Of cases that have one in common it is the first one's, and named without a dialect, unless
    another is named like this already.
    """
    counts = [(program.mass, program.denominator) for program in programs]
    taken: dict[tuple[str, bool], object] = {}
    found = []
    for k, count in enumerate(counts):
        first = counts.index(count)
        suffix = suffixes[first]
        if any(count) and counts.count(count) > 1:
            word = suffix.removesuffix(f"_{conditions.dialect_of(cases[first].when)}")
            kind = (word, count[0] is not None)
            suffix = word if taken.setdefault(kind, count) == count else suffix
        found.append((suffix, first == k))
    return found


def by_batch(loss: Loss, first: Tensor) -> str:
    """Return what comes before the denominator of a mean where there are means over the batch."""
    if "batchmean" not in loss.reductions():
        return ""
    return f'leading_size({first.name}) if reduction == "batchmean" else '


def denominator_call(
    program: Program, tensors: Sequence[Tensor], below: Kernel | None, detached: str
) -> str:
    """Return the call of the denominator; without weights the entries are counted."""
    if below is None:
        return "None"
    names = [argument.name for argument in below.arguments]
    moving = {argument.name for argument in program.wrt}
    factor = "" if program.weight is None else program.weight.name
    prepared = {tensor.name: prepared_name(tensor, factor) for tensor in tensors}
    values = [prepared.get(name, name) for name in names]
    given = (
        detached.format(value) if name in moving else value
        for name, value in zip(names, values, strict=True)
    )
    if names == [factor]:
        return _of_factor(below, factor, next(t.optional for t in tensors if t.name == factor))
    call = f"{below.name}({', '.join(given)})"
    if gives_back(below):
        call = prepared.get(below.returns, below.returns)
    absent = [prepared[t.name] for t in tensors if t.name in names and prepared[t.name] != t.name]
    if not absent or len(absent) != len(names):
        return call
    return f"None if isinstance({absent[0]}, float) else {call}"


def _of_factor(below: Kernel, factor: str, optional: bool) -> str:
    """Return the call of a denominator that is made of the factor alone, which may be absent."""
    if gives_back(below):
        return factor
    call = f"{below.name}({factor})"
    return f"None if {factor} is None else {call}" if optional else call


def gives_back(below: Kernel) -> bool:
    """Say whether the function would just give its argument back."""
    return not below.lines and below.returns in {argument.name for argument in below.arguments}


def left(program: Program, below: Kernel | None) -> set[str]:
    """Return the arguments that nothing reads before the kernel does."""
    read = {argument.name for argument in below.arguments} if below is not None else set()
    return {argument.name for argument in program.arguments} - read
