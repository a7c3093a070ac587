"""What a build shows: a bar while it runs, which rich draws, and in the end what it did."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from lossgen.plan import Change
    from lossgen.verifying import Report

COLOURS = {"created": "green", "changed": "yellow", "removed": "red"}
DIFF_COLOURS = {"+": "green", "-": "red", "@": "cyan"}

VERDICTS = {"passed": "green", "known": "yellow", "failed": "red"}
NUMBERS = ("value", "gradient", "second", "agreement")
FLAGS = ("finite", "nan", "dtype_kept")
PIPE_WIDTH = 1000  # a pipe has no width, so nothing is cut off there


class Bar:
    """The progress of a build, shown in a terminal from when there is any."""

    def __init__(self, title: str = "Deriving and rendering", quiet: bool = False) -> None:
        self._title, self._quiet = title, quiet
        self._progress: Progress | None = None
        self._task: TaskID | None = None

    def __call__(self, done: int, total: int) -> None:
        """Show how many files of specs are done."""
        if self._quiet or not sys.stdout.isatty():
            return
        if self._progress is None or self._task is None:
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
            self._progress = Progress(*columns, transient=True)
            self._progress.start()
            self._task = self._progress.add_task(self._title, total=total)
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


def show_report(report: Report) -> None:
    """Print the table of a conformance run, what fails, and what is missing."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)
    if not console.is_terminal:
        console.width = PIPE_WIDTH
    table = Table(box=None, pad_edge=False)
    for heading in ("loss", "backend", "dtype", *NUMBERS, *FLAGS, "modes", ""):
        table.add_column(heading, no_wrap=True, justify="right" if heading in NUMBERS else "left")
    for row in report.rows:
        cells = [row["loss"], row["backend"], row["dtype"]]
        cells += [f"{float(row[name]):.3g}" for name in NUMBERS]
        cells += ["yes" if row[name] else "NO" for name in FLAGS]
        cells.append(
            " ".join(name if same else f"{name}:NO" for name, same in row["modes"].items())
        )
        verdict = "failed" if not row["passed"] else "known" if row["known"] else "passed"
        table.add_row(*cells, Text(verdict, VERDICTS[verdict]))
    console.print(table)
    for row in report.rows:
        for kind in ("faults", "known"):
            for text in row[kind]:
                place = f"{row['loss']}, {row['backend']}, {row['dtype']}"
                console.print(Text(f"{'known: ' if kind == 'known' else ''}{place}: {text}"))
    for name, reason in report.missing.items():
        console.print(Text(f"{name} is missing: {reason}"))


def show_summary(report: Report) -> None:
    """Print, as a table in Markdown, the largest errors of each backend and dtype."""
    click.echo("| backend | dtype | losses | value | gradient | second derivative | not finite |")
    click.echo("|---|---|---|---|---|---|---|")
    for backend, dtype in dict.fromkeys((row["backend"], row["dtype"]) for row in report.rows):
        rows = [row for row in report.rows if (row["backend"], row["dtype"]) == (backend, dtype)]
        finite = [row for row in rows if row["finite"]]
        cells = [_worst(finite, name) for name in NUMBERS[:3]]
        lost = ", ".join(row["loss"] for row in rows if not row["finite"])
        click.echo(f"| {' | '.join((backend, dtype, str(len(rows)), *cells, lost))} |")


def _worst(rows: Sequence[Mapping[str, Any]], name: str) -> str:
    row = max(rows, key=lambda row: float(row[name]))
    return f"{float(row[name]):.2g} {row['loss']}"


__all__ = ["COLOURS", "Bar", "show_changes", "show_difference", "show_report", "show_summary"]
