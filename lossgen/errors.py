"""What can be wrong on the user's side: each error is a sentence that says what to do instead.

None of it is a fault of lossgen's own: the command line shows the sentence and no traceback.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import FrozenInstanceError, dataclass, fields

LONGEST_QUOTE = 200


class LossgenError(Exception):
    """Something the user can put right."""


@dataclass(unsafe_hash=True)
class SpecError(LossgenError):
    """One fault of a spec, as a value: faults are collected, so that all are shown at once.

    Attributes:
        file: path of the spec relative to the specs folder.
        loss: the class name of the loss, empty where the fault is the file's.
        expression: the offending sub-expression, as text.
        problem: what is wrong, a phrase such as ``"unknown function besselj"``.
        remedy: what to write instead, an imperative such as ``"write it with exp and log"``.
    """

    file: str = ""
    loss: str = ""
    line: int | None = None
    expression: str | None = None
    problem: str = ""
    remedy: str = ""

    def __setattr__(self, name: str, value: object) -> None:
        """Let each field be set once; ``frozen=True`` would also forbid ``__traceback__``."""
        if name in self.__dict__ and not name.startswith("__"):
            raise FrozenInstanceError(f"cannot assign to field {name!r}")
        super().__setattr__(name, value)

    def __reduce__(self) -> tuple[type[SpecError], tuple[object, ...]]:
        return type(self), tuple(getattr(self, field.name) for field in fields(self))

    def at(self, *, file: str = "", loss: str = "", line: int | None = None) -> SpecError:
        """Return the fault with the parts of its place that its finder did not know filled in."""
        return SpecError(
            file=self.file or file,
            loss=self.loss or loss,
            line=line if self.line is None else self.line,
            expression=self.expression,
            problem=self.problem,
            remedy=self.remedy,
        )

    def __str__(self) -> str:
        file = self.file if self.line is None else f"{self.file or 'line'}:{self.line}"
        place = ", ".join(part for part in (file, self.loss) if part)
        quoted = f" in `{_shortened(self.expression)}`" if self.expression else ""
        remedy = f"; {self.remedy.rstrip('.')}" if self.remedy else ""
        sentence = f"{self.problem.rstrip('.')}{quoted}{remedy}."
        return _clean(f"{place}: {sentence}" if place else sentence)


@dataclass(frozen=True, slots=True)
class Found:
    """What is wrong with one file of specs.

    Attributes:
        faults: of the file, and of its losses.
        unused: what it declares in vain; said only where the file has no other fault.
        refused: what backends cannot write; said only where no file has another fault.
    """

    faults: tuple[SpecError, ...] = ()
    unused: tuple[SpecError, ...] = ()
    refused: tuple[SpecError, ...] = ()


def gather(files: Iterable[Found], between: Iterable[SpecError]) -> tuple[SpecError, ...]:
    """Return what to say of some files, with the faults that lie between them, each once."""
    files = tuple(files)
    faults = [*(fault for file in files for fault in file.faults), *between]
    faulty = {fault.file for fault in faults}
    unused = [fault for file in files for fault in file.unused]
    faults += [fault for fault in unused if fault.file not in faulty]
    refused = [fault for file in files for fault in file.refused]
    return tuple(dict.fromkeys(faults or refused))


class FaultySpecsError(LossgenError):
    """All faults of a folder of specs."""

    def __init__(self, faults: tuple[SpecError, ...]) -> None:
        super().__init__(faults)
        self.faults = faults

    def __str__(self) -> str:
        return "\n".join(str(fault) for fault in self.faults)


class OutputError(LossgenError):
    """The output folder cannot be used as it is."""

    def __init__(self, path: str, problem: str, remedy: str) -> None:
        super().__init__(path, problem, remedy)

    def __str__(self) -> str:
        path, problem, remedy = self.args
        return f"{path} {problem}; {remedy}."


class LockedError(LossgenError):
    """Another build is writing to the same folder."""

    def __init__(self, path: str) -> None:
        super().__init__(path)

    def __str__(self) -> str:
        return (
            f"{self.args[0]} is being written by another build; wait for its end and build again."
        )


class HandEditedError(LossgenError):
    """Files stand in the way whose content would be lost.

    Attributes:
        refusals: pairs of a path and why it is kept, such as ``"was edited by hand"``.
    """

    def __init__(self, refusals: tuple[tuple[str, str], ...]) -> None:
        super().__init__(refusals)
        self.refusals = refusals

    def __str__(self) -> str:
        lines = [f"{path} {reason}" for path, reason in self.refusals]
        remedy = "move what you want to keep (an edit belongs in the spec or in a template)"
        return "\n".join([*lines, f"Nothing was written: {remedy}, or write over it with --force."])


def _clean(text: str) -> str:
    """Return a sentence on one line, without what a terminal would obey."""
    line = text.translate(dict.fromkeys(map(ord, "\n\r\t"), " "))
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line)


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_QUOTE else f"{line[:LONGEST_QUOTE]} ..."


__all__ = [
    "FaultySpecsError",
    "Found",
    "HandEditedError",
    "LockedError",
    "LossgenError",
    "OutputError",
    "SpecError",
    "gather",
]
