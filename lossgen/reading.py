"""The output folder as it is found, and what is refused there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

from lossgen.errors import OutputError
from lossgen.manifest import Hashes, digest, is_inside, known_hashes
from lossgen.states import State, state_of

Kept = Mapping[str, Mapping[str, State]]
NOTHING: Kept = MappingProxyType({})
REMEDY = "put it right, or choose another folder with --out"


class MovedError(Exception):
    """A file that was to be kept is not what it was: another build has written since."""


def known(folder: Path, force: bool) -> Hashes:
    """Return the hashes that lossgen may have written; with ``force``, none if that is damaged."""
    try:
        return known_hashes(folder)
    except OutputError:
        if not force:
            raise
        return {}
    except OSError as error:
        raise _unreadable(folder, error) from error


def read(file: Path) -> bytes | None:
    """Return what a file holds, or None if there is none."""
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unreadable(file, error) from error


def _unreadable(path: Path, error: OSError) -> OutputError:
    problem = f"cannot be read ({error.strerror})"
    return OutputError(path.as_posix(), problem, REMEDY)


def check_paths(backend: str, files: Iterable[str]) -> None:
    """Refuse to write outside of the package."""
    for path in (backend, *files):
        if not is_inside(path):
            raise OutputError(path, "leaves its package", f"mend the renderer of {backend}")


def check_kept(package: Path, kept: Mapping[str, State]) -> None:
    """Raise `MovedError` if a file that stays is not what it was."""
    for path, state in kept.items():
        if state_of(f"{package}/{path}", state, digest)[0] != state[0]:
            raise MovedError(path)


def check_links(package: Path, known: Hashes) -> None:
    """Refuse to follow a link out of the package: what is listed there may be another's file."""
    home = package.resolve()
    for path in known:
        if "/" in path and not (package / path).parent.resolve().is_relative_to(home):
            problem = "stands in the manifest and leads out of its package"
            raise OutputError((package / path).as_posix(), problem, "remove the link")


__all__ = [
    "NOTHING",
    "REMEDY",
    "Kept",
    "MovedError",
    "check_kept",
    "check_links",
    "check_paths",
    "known",
    "read",
]
