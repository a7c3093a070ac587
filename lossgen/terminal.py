"""What a build shows while it runs and in the end; rich is imported when there is something."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
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


def _console() -> Console:
    from rich.console import Console

    return Console(highlight=False, soft_wrap=True)


def show_changes(changes: tuple[Change, ...], out: Path) -> None:
    """Print a line for each file that was changed."""
    from rich.text import Text

    console = _console()
    for change in changes:
        console.print(
            Text.assemble((change.verb, COLOURS[change.verb]), f" {(out / change.path).as_posix()}")
        )


def show_difference(difference: str) -> None:
    """Print a diff in its colours."""
    from rich.text import Text

    console = _console()
    for line in difference.split("\n")[:-1]:
        console.print(Text(line, DIFF_COLOURS.get(line[:1], "")))


__all__ = ["COLOURS", "Bar", "show_changes", "show_difference"]
