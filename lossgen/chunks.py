"""What is computed some rows at a time: how many, and where arrays carry them, as strings."""

from __future__ import annotations

from dataclasses import dataclass

from lossgen.program import Program
from lossgen.rows import Rows


@dataclass(frozen=True, slots=True)
class RowPlaces:
    """Where the loss, each argument and each derivative carry the rows, None where they do not.

    ``axis`` names the rows, ``count`` is their number.
    """

    axis: str
    place: int
    places: tuple[int | None, ...]
    by: tuple[int | None, ...]
    count: str

    @property
    def record(self) -> str:
        """The record of the package's own that says so."""
        return f"Rows({self.place}, {self.places}, {self.by})"


def rows_of(program: Program, axis: str) -> RowPlaces:
    """Return where arrays carry the rows."""
    rows = _rows(program, axis)
    names = [argument.name for argument in program.arguments]
    by = tuple(rows.places[names.index(argument.name)] for argument in program.wrt)
    return RowPlaces(axis, rows.place, rows.places, by, _length(program, axis))


def chunk_size(program: Program, given: str, axis: str) -> str:
    """Return the call that says how many rows to compute at a time."""
    sizes = [
        " * ".join(_length(program, other) for other in width) or "1"
        for width in _rows(program, axis).widths
    ]
    width = sizes[0] if len(sizes) == 1 else f"max({', '.join(sizes)})"
    return f'chunk_rows("{given}", {given}, {width})'


def _rows(program: Program, axis: str) -> Rows:
    return next(rows for rows in program.rows if rows.axis == axis)


def _length(program: Program, axis: str) -> str:
    name, place, _ = program.homes[axis]
    return f"{name}.shape[{place}]"
