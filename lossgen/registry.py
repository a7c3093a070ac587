"""Which backends there are: lossgen's own, and those that other packages announce."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from importlib.metadata import entry_points
from importlib.util import find_spec
from itertools import chain
from pathlib import Path

from lossgen.backends import BUILT_IN, Backend
from lossgen.errors import LossgenError

GROUP = "lossgen.backends"


def find(name: str) -> Backend:
    """Return a backend: one of lossgen's own, or an entry point of ``lossgen.backends``.

    Only this one is loaded, so that a package that cannot be is nobody else's trouble.
    """
    if name in BUILT_IN:
        return BUILT_IN[name]
    (entry,) = entry_points(group=GROUP, name=name)
    found: Backend = entry.load()
    return found


def foreign_folders(chosen: Iterable[str]) -> tuple[Path, ...]:
    """Return where backends of other packages have their code and their templates."""
    return tuple(chain.from_iterable(map(_folders, (n for n in chosen if n not in BUILT_IN))))


def _folders(name: str) -> Iterable[Path]:
    (entry,) = entry_points(group=GROUP, name=name)
    found = find_spec(entry.module.partition(".")[0])
    if found is not None:
        places = found.submodule_search_locations or filter(None, [found.origin])
        yield from map(Path, places)
    try:
        yield from find(name).templates
    except Exception:  # importing may raise anything, which rendering explains
        return


def names() -> tuple[str, ...]:
    """Return the names of all backends, the built-in ones first, which nobody can replace."""
    others = {entry.name for entry in entry_points(group=GROUP)}
    return (*BUILT_IN, *sorted(others - BUILT_IN.keys()))


def chosen(wanted: Sequence[str]) -> tuple[str, ...]:
    """Return the backends that a user names, each once, or all.

    Raises:
        LossgenError: there is none of that name.
    """
    for name in wanted:
        if name not in names():
            near = get_close_matches(name.lower(), names(), n=1)
            hint = f"did you mean {near[0]}, of" if near else "there are"
            raise LossgenError(f"there is no backend {name!r}; {hint} {', '.join(names())}.")
    return tuple(dict.fromkeys(wanted)) or names()


__all__ = ["chosen", "find", "foreign_folders", "names"]
