"""The folder of specs on the command line, as an argument or, as it was first, by ``--specs``."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import click

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
DEFAULT = Path("specs")
HINT = "'[SPECS]'"

specs_argument = click.argument("specs", type=FOLDER, default=DEFAULT)
specs_option = click.option("--specs", type=FOLDER, help="The same as SPECS.")


def parted(words: Sequence[str], option: Path | None) -> tuple[tuple[str, ...], Path]:
    """Return the words before the folder of specs, and that: the last word, if it is a folder."""
    names, last = tuple(words), words[-1] if words else ""
    if _is_path(last):
        if option is not None:
            raise click.UsageError(f"the folder of specs is given twice, as {option} and {last}.")
        names, option = names[:-1], _existing(last)
    for name in names:
        if _is_path(name):
            raise click.UsageError(f"the folder of specs comes last, and once; got {name}.")
    return names, option or _existing(str(DEFAULT))


def _is_path(word: str) -> bool:
    """Say whether a word is a folder, or is written like one that is not there."""
    return bool(word) and ("/" in word or os.path.isdir(word))


def _existing(text: str) -> Path:
    if not os.path.isdir(text):
        raise click.BadParameter(f"Directory {text!r} does not exist.", param_hint=HINT)
    return Path(text)


__all__ = ["FOLDER", "parted", "specs_argument", "specs_option"]
