"""A case as strings, and how it ends: a factor, an axis that goes, what a mean divides by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from lossgen import conditions
from lossgen.kernels import Kernel
from lossgen.keywords import Option, Result
from lossgen.loss import Case
from lossgen.program import Program

DIVIDES = ("mass", "count", "weighs")


@dataclass(frozen=True, slots=True)
class Ending:
    """How a case ends in some dialects, or without one, as Python.

    Attributes:
        dialects: their names, none for the loss as it stands.
        factor: what the unreduced loss is multiplied by, empty for 1.
        rows: how one of its axes goes, or ``"None"``.
        mass, count: what a mean divides by, or ``"None"``.
        weighs: ``"False"`` where weights of samples are no part of that, else empty.
    """

    dialects: tuple[str, ...]
    factor: str
    rows: str
    mass: str
    count: str
    weighs: str

    @property
    def condition(self) -> str:
        """When the case ends like this, empty where it does otherwise."""
        if len(self.dialects) > 1:
            return f"dialect in {self.dialects!r}".replace("'", '"')
        return "".join(f'dialect == "{name}"' for name in self.dialects)

    def given(self) -> tuple[tuple[str, str], ...]:
        """Return what is not as usual, by name."""
        words = {name: getattr(self, name) for name in ("factor", "rows", *DIVIDES)}
        return tuple((name, word) for name, word in words.items() if word not in ("", "None"))

    def changed(self, plain: Ending) -> tuple[tuple[str, str], ...]:
        """Return what differs from another ending, by name."""
        own, usual = dict(self.given()), {"factor": "1.0", "weighs": "True"}
        words = dict.fromkeys([*dict(plain.given()), *own])
        found = {word: own.get(word, usual.get(word, "None")) for word in words}
        return tuple((word, x) for word, x in found.items() if (word, x) not in plain.given())


def ending(case: Case, below: str, batch: str, program: Program) -> Ending:
    """Return the ending of a case, given the call of its denominator and what comes before it."""
    after, has_mass = case.after, program.mass is not None
    return Ending(
        tuple(filter(None, (conditions.dialect_of(case.when),))),
        "" if after.factor == 1.0 else repr(after.factor),
        f'("{after.fold}", {after.axis})' if after.fold else "None",
        mass=below if has_mass else "None",
        count=batch + ("None" if has_mass else below),
        weighs="" if after.weighs else "False",
    )


@dataclass(frozen=True, slots=True)
class ModuleCase:
    """One case of a loss.

    Attributes:
        kernel_axes, loss_axes: the axes of the kernel's arguments and of the unreduced loss.
        rows: the axes along which the kernel's arguments may be cut into pieces.
        scales: whether the gradient just multiplies by that from above.
        kernel_values: the names under which the call has the kernel's arguments.
        suffix: what its names end in, empty where the loss has one case only.
        kernel: what to call with the case's arguments; ``shared`` with a case before it.
        condition: when it applies, empty for the last.
        function: the name of the private function of the case.
        arguments: the case's own arguments.
        results: what functions of the caller's give, from which the kernel goes on.
        weight: what the loss is multiplied by, entry by entry, or empty.
        endings: what follows the kernel; dialects that differ in that alone share the rest.
        doubtful: labels may be unknown when they are checked, and then spoil their rows later.
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
    wrt: tuple[str, ...]
    inputs: tuple[str, ...]
    partials: tuple[str, ...]
    intake: tuple[str, ...]
    results: tuple[Result, ...]
    prepare: tuple[str, ...]
    shape: str
    folded: str
    weight: str
    axes: tuple[str, ...]
    endings: tuple[Ending, ...]
    doubtful: bool
    output: str

    @property
    def lines(self) -> tuple[str, ...]:
        """The statements before the kernel is called."""
        return (*self.intake, *(result.line for result in self.results), *self.prepare)

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
        return replace(plain, kernels=kernels, endings=_also(plain.endings, self.endings[0]))


@dataclass(frozen=True, slots=True)
class ModulePart:
    """A named part of the loss, or the whole under an empty name."""

    name: str
    cases: tuple[ModuleCase, ...]
    arguments: tuple[str, ...]


def _also(endings: tuple[Ending, ...], another: Ending) -> tuple[Ending, ...]:
    """Return endings, the last one the usual, and another unless it is one of them."""
    if not another.changed(endings[-1]):
        return endings
    for place, ending in enumerate(endings[:-1]):
        if not another.changed(ending):
            both = replace(ending, dialects=ending.dialects + another.dialects)
            return (*endings[:place], both, *endings[place + 1 :])
    return (*endings[:-1], another, endings[-1])


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
    return apart + plain
