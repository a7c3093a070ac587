"""The command line: options in, sentences out. What it calls is imported when it is called.

SymPy takes a while to import, and ``--help`` and a mistyped option have no use for it.
"""

from __future__ import annotations

import shlex
from collections import Counter
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from lossgen import jobs as work
from lossgen.errors import LossgenError
from lossgen.plan import Change
from lossgen.write import check as compare
from lossgen.write import write

COLOURS = {"created": "green", "changed": "yellow", "removed": "red"}
DIFF_COLOURS = {"+": "green", "-": "red", "@": "cyan"}

PIPE_WIDTH = 1000  # a pipe has no width, so nothing is cut off there

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
specs_argument = click.argument("specs", type=FOLDER, default=Path("specs"))


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
    help="Render in this many processes.",
)
@click.option("--check", is_flag=True, help="Write nothing; show what would change, and exit 1.")
@click.option("--force", is_flag=True, help="Write over files that were edited by hand.")
def build(
    specs: Path, out: Path, backends: tuple[str, ...], jobs: int, check: bool, force: bool
) -> None:
    """Write the losses of SPECS as one package for each framework."""
    if out.resolve().is_relative_to(specs.resolve()):
        raise LossgenError(
            f"{out} lies in {specs}, where it would be read as specs; choose an --out beside it."
        )
    names = _backends(backends)
    console = Console(highlight=False, soft_wrap=True)
    with _progress(console) as progress:
        task = progress.add_task("Deriving and rendering", total=len(names))
        rendered = work.render(specs, names, jobs, lambda: progress.advance(task))
    if check:
        difference, needs_force = compare(rendered.packages, out)
        _refuse(console, difference, _accepting(specs, out, backends, needs_force))
    changes = () if check else write(rendered.packages, out, force=force)
    for change in changes:
        console.print(
            Text.assemble((change.verb, COLOURS[change.verb]), f" {(out / change.path).as_posix()}")
        )
    console.print(Text(_summary(rendered, out, changes)))


@main.command("list")
@specs_argument
@click.option("--markdown", is_flag=True, help="Write a page with formulas and parameters.")
def list_losses(specs: Path, markdown: bool) -> None:
    """List the losses of SPECS."""
    if markdown:
        from lossgen.catalogue import catalogue

        click.echo(catalogue(work.load(specs)), nl=False)
        return
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = PIPE_WIDTH
    table = Table(box=None, pad_edge=False)
    for heading in ("class", "function", "summary"):
        table.add_column(heading, no_wrap=heading != "summary")
    for loss in work.load(specs):
        table.add_row(*map(Text, (loss.name, loss.function, loss.summary)))
    console.print(table)


@main.command()
@click.argument("name")
@specs_argument
def show(name: str, specs: Path) -> None:
    """Show the loss NAME (of the class or the function) of SPECS.

    Its formula, the program made of it, and the gradient.
    """
    losses = {key: loss for loss in work.load(specs) for key in (loss.function, loss.name)}
    if name not in losses:
        near = get_close_matches(name, losses, n=1)
        hint = f"did you mean {near[0]}?" if near else "lossgen list shows those there are."
        raise LossgenError(f"{specs} declares no loss {name}; {hint}")
    from lossgen.show import describe

    click.echo(describe(losses[name]))


def _backends(wanted: tuple[str, ...]) -> tuple[str, ...]:
    from lossgen.backends import names

    for name in wanted:
        if name not in names():
            near = get_close_matches(name.lower(), names(), n=1)
            hint = f"did you mean {near[0]}, of" if near else "there are"
            raise LossgenError(f"there is no backend {name!r}; {hint} {', '.join(names())}.")
    return tuple(dict.fromkeys(wanted)) or tuple(names())


def _progress(console: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def _refuse(console: Console, difference: str, command: str) -> None:
    """Show a difference, and exit with status 1 if there is one."""
    for line in difference.split("\n")[:-1]:
        console.print(Text(line, DIFF_COLOURS.get(line[:1], "")))
    if difference:
        raise LossgenError(
            f"the output is not what the specs give; to accept the difference:\n\n    {command}"
        )


def _accepting(specs: Path, out: Path, backends: tuple[str, ...], force: bool) -> str:
    """Return the command that makes a difference go away."""
    words = ["lossgen", "build", str(specs)]
    words += [] if out == Path("generated") else ["--out", str(out)]
    words += [word for name in backends for word in ("--backend", name)]
    return shlex.join([*words, "--force"] if force else words)


def _summary(rendered: work.Rendered, out: Path, changes: tuple[Change, ...]) -> str:
    counts = Counter(change.verb for change in changes)
    done = ", ".join(f"{counts[verb]} {verb}" for verb in COLOURS if counts[verb])
    losses = f"{rendered.losses} {'loss' if rendered.losses == 1 else 'losses'}"
    backends = (
        f"{len(rendered.packages)} {'backend' if len(rendered.packages) == 1 else 'backends'}"
    )
    return f"{losses}, {backends}: " + (f"{done} in {out}" if done else f"{out} is up to date")


__all__ = ["main"]
