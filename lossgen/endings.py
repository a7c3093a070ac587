"""How a case ends: a factor, an axis that goes, what a mean divides by; dialects that share it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from lossgen import conditions
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


def ending(case: Case, below: str, batch: str, first: str, program: Program) -> Ending:
    """Return the ending of a case.

    Args:
        case: the case.
        below: the call of its denominator.
        batch: what comes before that.
        first: the input whose first axis is that of the samples.
        program: the program of the case.
    """
    after, has_mass = case.after, program.mass is not None
    if after.by_sample:
        below, has_mass = f"leading_size({first})", False
    return Ending(
        tuple(filter(None, (conditions.dialect_of(case.when),))),
        "" if after.factor == 1.0 else repr(after.factor),
        f'("{after.fold}", {after.axis})' if after.fold else "None",
        mass=below if has_mass else "None",
        count=batch + ("None" if has_mass else below),
        weighs="" if after.weighs else "False",
    )


def also(endings: tuple[Ending, ...], another: Ending) -> tuple[Ending, ...]:
    """Return endings, the last one the usual, and another unless it is one of them."""
    if not another.changed(endings[-1]):
        return endings
    for place, ending in enumerate(endings[:-1]):
        if not another.changed(ending):
            both = replace(ending, dialects=ending.dialects + another.dialects)
            return (*endings[:place], both, *endings[place + 1 :])
    return (*endings[:-1], another, endings[-1])
