"""What a spec reads while it runs: the files it opens, and the modules it imports.

What it imports from its own folder is forgotten afterwards: each spec runs as if it were alone, so
that none depends on another, and another folder may use the same names.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.util import source_from_cache
from pathlib import Path

from lossgen.resources import PACKAGE

# What stands there changes with the release of a package, by which a build knows it.
INSTALLED = ("site-packages", "dist-packages")
OWN = (str(PACKAGE), *(sysconfig.get_paths()[key] for key in ("stdlib", "platstdlib")))


class _Watch:
    """What is watched at the moment; a hook of Python's cannot be taken back."""

    def __init__(self) -> None:
        self.hooked = False
        self.opened: set[str] | None = None
        self.sought: set[str] = set()
        self.before: set[str] = set()

    def hook(self, event: str, arguments: tuple[object, ...]) -> None:
        """Note what is opened or sought for import."""
        if self.opened is None:
            return
        if event == "open" and isinstance(arguments[0], str | bytes | os.PathLike):
            self.opened.add(os.path.abspath(os.fsdecode(arguments[0])))
        elif event == "import":
            name = str(arguments[0]).partition(".")[0]
            if name not in sys.modules:
                self.sought.add(name)


_watch = _Watch()


@contextmanager
def watched(folder: Path) -> Iterator[set[str]]:
    """Add to a set, by the end, the paths of all files on which what runs depends.

    Among them are files that are not there, but would be imported if they were.
    """
    read: set[str] = set()
    if not _watch.hooked:
        sys.addaudithook(_watch.hook)
        _watch.hooked, _watch.before = True, set(sys.modules)
    known, kept = set(sys.modules), sys.dont_write_bytecode
    _watch.opened, _watch.sought = set(), set()
    sys.dont_write_bytecode = True  # one that is a second old could be mistaken for a new one
    try:
        yield read
    finally:
        opened, _watch.opened = _watch.opened, None
        sys.dont_write_bytecode = kept
        read |= {path for path in map(_source, opened or ()) if not _is_installed(path)}
        read |= set(_candidates(folder))
        read |= {path for name in sys.modules.keys() - _watch.before for path in _foreign(name)}
        for name in sys.modules.keys() - known:
            if _is_inside(name, folder):
                del sys.modules[name]


def _source(path: str) -> str:
    if path.endswith(".pyc") and "__pycache__" in path:
        return source_from_cache(path)
    return path


def _is_installed(path: str) -> bool:
    return path.startswith(OWN) or not set(INSTALLED).isdisjoint(Path(path).parts)


def _candidates(folder: Path) -> Iterator[str]:
    """Yield where a module that was sought would have been found first."""
    for name in _watch.sought:
        yield str(folder / f"{name}.py")
        yield str(folder / name / "__init__.py")


def _foreign(name: str) -> Iterator[str]:
    """Yield the file of a module that is nobody's release."""
    path = getattr(sys.modules.get(name), "__file__", None)
    if path and not _is_installed(path):
        yield path


def _is_inside(name: str, folder: Path) -> bool:
    module = sys.modules.get(name)
    path = getattr(module, "__path__", ())  # some modules answer to any name with anything
    places = [getattr(module, "__file__", None), *(path if isinstance(path, Iterable) else ())]
    return any(place and Path(place).is_relative_to(folder) for place in places)


__all__ = ["watched"]
