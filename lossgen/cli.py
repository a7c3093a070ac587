"""The command line: options in, sentences out. What it calls is imported when it is called.

SymPy takes a while to import, and ``--help`` and a mistyped option have no use for it.
"""

from __future__ import annotations

import os
import shlex
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import click

from lossgen import building
from lossgen.auditing import audit
from lossgen.building import Order, Result
from lossgen.errors import LossgenError
from lossgen.folders import FOLDER, parted, specs_argument, specs_option
from lossgen.terminal import COLOURS, PIPE_WIDTH, Bar, show_changes, show_difference


def _folder(text: str | Path) -> Path:
    """Return the path; an empty one would be this very folder."""
    if not str(text):
        raise click.BadParameter("it is empty; write the name of a folder.")
    return Path(text)


class Commands(click.Group):
    """Commands whose user errors are shown as sentences, with exit status 1."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except LossgenError as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="lossgen")
def main() -> None:
    """Write loss functions for several frameworks from their formulas."""


@main.command()
@specs_argument
@click.option(
    "--out",
    type=_folder,
    metavar="DIR",
    default=Path("generated"),
    show_default=True,
    help="The folder to write to.",
)
@click.option(
    "--backend",
    "backends",
    multiple=True,
    metavar="NAME",
    help="Build this backend only, and touch no other; may be repeated.",
)
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Work in this many processes.",
)
@click.option("--check", is_flag=True, help="Write nothing; show what would change, and exit 1.")
@click.option("--force", is_flag=True, help="Build all of it, also over edits by hand.")
@click.option("--with-tests", is_flag=True, help="Write a file beside each package to check it.")
@click.option("--no-verify", is_flag=True, help="Do not compare the losses with exact arithmetic.")
def build(
    specs: Path,
    out: Path,
    backends: tuple[str, ...],
    jobs: int,
    check: bool,
    force: bool,
    no_verify: bool,
    with_tests: bool,
) -> None:
    """Write the losses of SPECS as one package for each framework."""
    if out.resolve().is_relative_to(specs.resolve()):
        raise LossgenError(
            f"{out} lies in {specs}, where it would be read as specs; choose an --out beside it."
        )
    order = Order(
        specs, out, backends, jobs, check, force, not no_verify and _verifies(), with_tests
    )
    with closing(Bar()) as bar:
        result = building.build(order, bar)
    if no_verify:
        click.echo("Warning: nothing was verified, as --no-verify asks.", err=True)
    if result.difference:
        show_difference(result.difference)
        command = _accepting(order, result.needs_force)
        raise LossgenError(
            f"the output is not what the specs give; to accept the difference:\n\n    {command}"
        )
    if result.changes:
        show_changes(result.changes, out)
    click.echo(_summary(result, out))


@main.command()
@click.argument("words", nargs=-1, metavar="[NAME]... [SPECS]")
@specs_option
@click.option("--generated", type=FOLDER, default=Path("generated"), show_default=True)
@click.option("--backend", "backends", multiple=True, help="Verify this package only; repeatable.")
@click.option(
    "--python",
    "interpreters",
    multiple=True,
    metavar="BACKEND=PATH",
    help="Run a backend in another Python, which has its framework; repeatable.",
)
@click.option("--json", "file", metavar="FILE", help="Write JSON to a file, or to - (no table).")
@click.option("--summary", is_flag=True, help="Print the largest errors alone, as Markdown.")
def verify(
    words: tuple[str, ...],
    specs: Path | None,
    generated: Path,
    backends: tuple[str, ...],
    interpreters: tuple[str, ...],
    file: str | None,
    summary: bool,
) -> None:
    """Compare the generated losses of SPECS, or those of a NAME, with exact arithmetic.

    In every framework that can be imported, at points drawn from what the specs declare. The exit
    status is 1 if anything is further off than promised.
    """
    from lossgen.terminal import show_report, show_summary
    from lossgen.verifying import Request
    from lossgen.verifying import verify as run

    names, folder = parted(words, specs)
    pairs = [text.partition("=") for text in interpreters]
    for backend, _, path in pairs:
        if not path:
            raise LossgenError(f"--python {backend} names no Python; write --python torch=PATH.")
    chosen = {backend: path for backend, _, path in pairs}
    with closing(Bar("Verifying", quiet=file == "-")) as bar:
        report = run(Request(folder, generated, names, backends, chosen), bar)
    if file == "-":
        click.echo(report.as_json(), nl=False)
    else:
        if file:
            Path(file).write_text(report.as_json(), encoding="utf-8")
        (show_summary if summary else show_report)(report)
    if not report.passed:
        raise SystemExit(1)


main.add_command(audit)


def _verifies() -> bool:
    """Say whether builds verify: a suite of tests that builds may have said that none does."""
    return os.environ.get("LOSSGEN_VERIFY") != "0"


@main.command("list")
@specs_argument
@click.option("--markdown", is_flag=True, help="Write a page with formulas and parameters.")
def list_losses(specs: Path, markdown: bool) -> None:
    """List the losses of SPECS."""
    from lossgen.jobs import load

    if markdown:
        from lossgen.catalogue import catalogue

        click.echo(catalogue(load(specs)), nl=False)
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = PIPE_WIDTH
    table = Table(box=None, pad_edge=False)
    for heading in ("class", "function", "summary"):
        table.add_column(heading, no_wrap=heading != "summary")
    for loss in load(specs):
        table.add_row(*map(Text, (loss.name, loss.function, loss.summary)))
    console.print(table)


@main.command()
@click.argument("name")
@specs_argument
def show(name: str, specs: Path) -> None:
    """Show the loss NAME (of the class or the function) of SPECS.

    Its formula, the program made of it, and the gradient.
    """
    from lossgen.jobs import load

    losses = {key: loss for loss in load(specs) for key in (loss.function, loss.name)}
    if name not in losses:
        from difflib import get_close_matches

        near = get_close_matches(name, losses, n=1)
        hint = f"did you mean {near[0]}?" if near else "lossgen list shows those there are."
        raise LossgenError(f"{specs} declares no loss {name}; {hint}")
    from lossgen.show import describe

    click.echo(describe(losses[name]))


def _accepting(order: Order, force: bool) -> str:
    """Return the command that makes a difference go away."""
    words = ["lossgen", "build", str(order.specs)]
    words += [] if order.out == Path("generated") else ["--out", str(order.out)]
    words += [word for name in order.backends for word in ("--backend", name)]
    words += ["--with-tests"] if order.tests else []
    return shlex.join([*words, "--force"] if force else words)


def _summary(result: Result, out: Path) -> str:
    counts = Counter(change.verb for change in result.changes)
    done = ", ".join(f"{counts[verb]} {verb}" for verb in COLOURS if counts[verb])
    losses = f"{result.losses} {'loss' if result.losses == 1 else 'losses'}"
    backends = f"{result.backends} {'backend' if result.backends == 1 else 'backends'}"
    return f"{losses}, {backends}: " + (f"{done} in {out}" if done else f"{out} is up to date")


__all__ = ["main"]
