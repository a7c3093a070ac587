"""What a build owes to the tools: lossgen's own files, and which releases of others there are.

All of it is found without importing anything, so that a build with nothing to do stays quick.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable

from lossgen.resources import PACKAGE, templates_path
from lossgen.states import files_below

# Their releases reach the output. A folder of metadata names the release; where there is none, as
# for a checkout on the path, the time of this file stands for it.
TOOLS = ("sympy/release.py", "mpmath/__init__.py", "jinja2/__init__.py", "ruff/__init__.py")
METADATA = (".dist-info", ".egg-info", ".egg-link", ".pth")


def environment() -> str:
    """Return Python, the packages that are installed, and the tools, as one text."""
    lines = [sys.version, sys.prefix]
    for folder in dict.fromkeys(filter(os.path.isdir, sys.path)):
        with os.scandir(folder) as entries:
            found = [entry for entry in entries if entry.name.endswith(METADATA)]
        lines += sorted(f"{entry.path} {entry.stat().st_mtime_ns}" for entry in found)
    return "\n".join([*lines, *map(_tool, TOOLS)])


def _tool(name: str) -> str:
    for folder in sys.path:
        try:
            found = os.stat(os.path.join(folder, name))
        except OSError:
            continue
        return f"{folder}/{name}: {found.st_mtime_ns} {found.st_size}"
    return f"{name}: none"


def own_folders() -> tuple[str, ...]:
    """Return the folders of lossgen itself: its code and its templates."""
    return tuple(dict.fromkeys((str(PACKAGE), str(templates_path()))))


def files_of(folders: Iterable[str]) -> tuple[str, ...]:
    """Return the files in folders of tools, in their order."""
    found = {path for folder in folders for path in _files(folder)}
    return tuple(sorted(found))


def _files(folder: str) -> Iterable[str]:
    return files_below(folder) if os.path.isdir(folder) else (folder,)


__all__ = ["environment", "files_of", "own_folders"]
