"""A case as strings, and what the cases of dialects share with the plain ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from lossgen.chunks import RowPlaces
from lossgen.common import FoundFirst
from lossgen.endings import Ending, also
from lossgen.kernels import Kernel
from lossgen.keywords import Option, Result
from lossgen.shapes import Statement


@dataclass(frozen=True, slots=True)
class ModuleCase:
    """One case of a loss.

    Attributes:
        kernel_axes, loss_axes: the axes of the kernel's arguments and of the unreduced loss.
        rows: the axes along which the kernel's arguments may be cut into pieces.
        scales: whether the gradient just multiplies by that from above.
        sums, summed: the kernel of what is summed over samples first, and over which axes.
        common: how that is found which both the loss and its gradient take long to compute.
        kernel_values: the names under which the call has the kernel's arguments.
        suffix: what its names end in, empty where the loss has one case only.
        kernel: what to call with the case's arguments; ``shared`` with a case before it.
        condition: when it applies, empty for the last.
        function: the name of the private function of the case.
        arguments: the case's own arguments.
        inputs, optional: what it differentiates by for callers; the latter may be absent.
        chunk: how many entries of an axis to compute at a time, empty where all are at once.
        chunks: where the unreduced loss has that axis, and each argument of the kernel.
        results: what functions of the caller's give, from which the kernel goes on.
        weight: what the loss is multiplied by, entry by entry, or empty.
        endings: what follows the kernel; dialects that differ in that alone share the rest.
        output: the shape of the unreduced loss, empty for a dialect.
        doubtful: labels may be unknown when they are checked, and then spoil their rows later.
        apart: the loss and its slopes had better share nothing, where a compiler decides that.
        plain: the shorter form of the case where labels are ``counted`` and weights ``absent``.
    """

    suffix: str
    kernel: str
    shared: bool
    condition: str
    function: str
    arguments: tuple[str, ...]
    options: tuple[Option, ...]
    kernels: tuple[Kernel, ...]
    kernel_names: tuple[str, ...]
    kernel_arguments: tuple[str, ...]
    kernel_axes: tuple[str, ...]
    kernel_values: tuple[str, ...]
    loss_axes: str
    rows: str
    scales: bool
    sums: str
    summed: str
    common: FoundFirst
    wrt: tuple[str, ...]
    inputs: tuple[str, ...]
    optional: tuple[str, ...]
    partials: tuple[str, ...]
    intake: tuple[str, ...]
    results: tuple[Result, ...]
    statements: tuple[Statement, ...]
    shape: str
    folded: str
    weight: str
    axes: tuple[str, ...]
    endings: tuple[Ending, ...]
    chunk: str
    chunks: RowPlaces | None
    doubtful: bool
    apart: bool
    output: str
    plain: ModuleCase | None = None
    absent: tuple[str, ...] = ()
    counted: str = ""

    @property
    def formulas(self) -> tuple[ModuleCase, ...]:
        """The case and its shorter form: what there are kernels for."""
        return (self,) if self.plain is None else (self, self.plain)

    @property
    def lines(self) -> tuple[str, ...]:
        """The statements before the kernel is called."""
        return (*self.intake, *(result.line for result in self.results), *self.prepare)

    @property
    def prepare(self) -> tuple[str, ...]:
        """The statements that bring arguments to the form that the kernel expects."""
        return tuple(statement.code for statement in self.statements)

    @property
    def handed(self) -> tuple[str, ...]:
        """What the kernel is called with."""
        common = f"*{self.common.kernel}({', '.join(self.common.given)})"
        return (*self.kernel_values, common) if self.common.words else self.kernel_values

    @property
    def applies(self) -> str:
        """When the shorter form does."""
        dialect = "dialect is None" if self.chooses else ""
        absent = (f"{name} is None" for name in self.absent)
        return " and ".join(filter(None, (dialect, *absent, self.counted)))

    @property
    def weights(self) -> tuple[str, ...]:
        """The statements that prepare what the shorter form does without."""
        return tuple(code for code, tensor in self.statements if tensor in self.absent)

    @property
    def others(self) -> tuple[str, ...]:
        """The statements that prepare all else."""
        return tuple(code for code, tensor in self.statements if tensor not in self.absent)

    @property
    def counts(self) -> tuple[str, ...]:
        """What the means divide by, where it is no sum of masses."""
        return tuple(each.count for each in self.endings)

    @property
    def chooses(self) -> bool:
        """Whether the case ends in several ways, so that its function is told the dialect."""
        return len(self.endings) > 1

    def but_for_ending(self, plain: ModuleCase) -> bool:
        """Say whether a dialect's case does the same as a plain one before its ending."""
        steps = (
            "kernel",
            "options",
            "kernel_values",
            "lines",
            "shape",
            "folded",
            "weight",
        )
        return all(getattr(self, step) == getattr(plain, step) for step in steps)

    def joined(self, plain: ModuleCase) -> ModuleCase:
        """Return a plain case that ends as this one does in its dialect."""
        kernels = (*plain.kernels, *self.kernels)
        return replace(plain, kernels=kernels, endings=also(plain.endings, self.endings[0]))


@dataclass(frozen=True, slots=True)
class ModulePart:
    """A named part of the loss, or the whole under an empty name."""

    name: str
    cases: tuple[ModuleCase, ...]
    arguments: tuple[str, ...]


def merged(cases: Sequence[ModuleCase]) -> list[ModuleCase]:
    """Return the cases; a dialect whose cases differ in their endings alone joins the plain ones.

    Each dialect has one case for each plain case, in their order, and the plain ones come last.
    """
    plain = [case for case in cases if not case.endings[0].dialects]
    apart: list[ModuleCase] = []
    for start in range(0, len(cases) - len(plain), len(plain)):
        block = cases[start : start + len(plain)]
        pairs = list(zip(block, plain, strict=True))
        if all(case.but_for_ending(other) for case, other in pairs):
            plain = [case.joined(other) for case, other in pairs]
        else:
            apart += block
    return _sharing(apart, plain)


def _sharing(apart: list[ModuleCase], plain: list[ModuleCase]) -> list[ModuleCase]:
    """Return the cases; a dialect's derivative that is just a plain one is not printed again."""
    if not apart:
        return plain
    owners = {_body(kernel): kernel.name for case in plain for kernel in case.kernels}
    found = []
    for case in apart:
        others = (kernel for kernel in case.kernels if kernel.name != case.kernel_names[0])
        same = {k.name: owners[_body(k)] for k in others if _body(k) in owners}
        kernels = tuple(kernel for kernel in case.kernels if kernel.name not in same)
        names = tuple(same.get(name, name) for name in case.kernel_names)
        own = case.common.kernel
        common = replace(case.common, kernel=same.get(own, own))
        found.append(replace(case, kernels=kernels, kernel_names=names, common=common))
    return found + plain


def _body(kernel: Kernel) -> Kernel:
    return replace(kernel, name="")
