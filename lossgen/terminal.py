"""What a build shows: a bar while it runs, which rich draws, and in the end what it did."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from lossgen.plan import Change

COLOURS = {"created": "green", "changed": "yellow", "removed": "red"}
DIFF_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


class Bar:
    """The progress of a build, shown in a terminal from when there is any."""

    def __init__(self) -> None:
        self._progress: Progress | None = None
        self._task: TaskID | None = None

    def __call__(self, done: int, total: int) -> None:
        """Show how many files of specs are done."""
        if not sys.stdout.isatty():
            return
        if self._progress is None or self._task is None:
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
            self._progress = Progress(*columns, transient=True)
            self._progress.start()
            self._task = self._progress.add_task("Deriving and rendering", total=total)
        self._progress.update(self._task, completed=done)

    def close(self) -> None:
        """Take the bar away."""
        if self._progress is not None:
            self._progress.stop()


def show_changes(changes: tuple[Change, ...], out: Path) -> None:
    """Print a line for each file that was changed."""
    for change in changes:
        path = (out / change.path).as_posix()
        click.echo(f"{_coloured(change.verb, COLOURS[change.verb])} {path}")


def show_difference(difference: str) -> None:
    """Print a diff in its colours."""
    for line in difference.split("\n")[:-1]:
        click.echo(_coloured(line, DIFF_COLOURS.get(line[:1])))


def _coloured(text: str, colour: str | None) -> str:
    """Return the text in a colour, which is left out again where the output is no terminal."""
    return click.style(text, colour) if colour and not os.environ.get("NO_COLOR") else text


__all__ = ["COLOURS", "Bar", "show_changes", "show_difference"]
