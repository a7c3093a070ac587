"""What a build would change in the output folder; nothing here writes.

A file is left alone if it holds the new text already, whatever its line endings. It is replaced, or
removed when it has become stale, only if it is still what lossgen wrote. Anything else is refused.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path

from lossgen.errors import OutputError
from lossgen.manifest import (
    MANIFEST,
    Hashes,
    digest,
    is_inside,
    journal,
    known_hashes,
    manifest,
    normalised,
)

ROOT = "__init__.py"
ROOT_TEXT = b'"""Losses written by lossgen, one package for each framework."""\n'

REMEDY = "put it right, or choose another folder with --out"

Packages = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Change:
    """One file that is created (``old`` is None), replaced, or removed (``new`` is None)."""

    path: str
    old: bytes | None
    new: bytes | None

    @property
    def verb(self) -> str:
        """What happens to the file."""
        if self.old is None:
            return "created"
        return "removed" if self.new is None else "changed"

    def diff(self, root: str) -> str:
        """Return the change as a unified diff, the path given below ``root``."""
        path = f"{root}/{self.path}"
        lines = unified_diff(
            _lines(self.old),
            _lines(self.new),
            "/dev/null" if self.old is None else f"a/{path}",
            "/dev/null" if self.new is None else f"b/{path}",
        )
        return "".join(
            line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
            for line in lines
        )


@dataclass(frozen=True, slots=True)
class PackagePlan:
    """What a build would change in one backend's package.

    Attributes:
        changes: the files, and last the manifest.
        journal: what to write before the files, for a build that is killed.
    """

    backend: str
    changes: tuple[Change, ...]
    journal: bytes


@dataclass(frozen=True, slots=True)
class Plan:
    """What a build would change, and the files it must not touch without ``--force``.

    Attributes:
        refusals: pairs of a path and the reason.
    """

    root: tuple[Change, ...]
    packages: tuple[PackagePlan, ...]
    refusals: tuple[tuple[str, str], ...]

    @property
    def changes(self) -> tuple[Change, ...]:
        """All files that would change, manifests included."""
        return self.root + tuple(change for package in self.packages for change in package.changes)


def plan(packages: Packages, out: Path, *, force: bool = False) -> Plan:
    """Compare rendered packages, ``{backend: {path: text}}``, with the output folder.

    Raises:
        OutputError: the folder, or a damaged manifest in it (unless ``force``), cannot be read.
    """
    refusals: list[tuple[str, str]] = []
    planned = []
    for backend, texts in sorted(packages.items()):
        files = {path: normalised(text.encode()) for path, text in sorted(texts.items())}
        _check_paths(backend, files)
        known = _known(out / backend, force)
        _check_links(out / backend, known)
        changes = list(_changes(backend, files, known, out))
        refusals += _refusals(changes, known, out, backend)
        listing = manifest(files)
        name = f"{backend}/{MANIFEST}"
        old = _read(out / name)
        if old is None or normalised(old) != listing:
            changes.append(Change(name, old, listing))
        planned.append(PackagePlan(backend, tuple(changes), journal(known, files)))
    root = () if _read(out / ROOT) is not None else (Change(ROOT, None, ROOT_TEXT),)
    return Plan(root, tuple(planned), tuple(refusals))


def _changes(
    backend: str, files: Mapping[str, bytes], known: Hashes, out: Path
) -> Iterator[Change]:
    for path in sorted(files.keys() | known.keys()):
        name = f"{backend}/{path}"
        old, new = _read(out / name), files.get(path)
        if (old if old is None else normalised(old)) != new:
            yield Change(name, old, new)


def _refusals(
    changes: list[Change], known: Hashes, out: Path, backend: str
) -> Iterator[tuple[str, str]]:
    for change in changes:
        hashes = known.get(change.path.removeprefix(f"{backend}/"))
        if change.old is None or (hashes and digest(change.old) in hashes):
            continue
        reason = "was edited by hand" if hashes else "was not written by lossgen"
        if change.new is None:
            reason += " and is generated no longer"
        yield (out / change.path).as_posix(), reason


def _known(folder: Path, force: bool) -> Hashes:
    try:
        return known_hashes(folder)
    except OutputError:
        if not force:
            raise
        return {}
    except OSError as error:
        raise _unreadable(folder, error) from error


def _read(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unreadable(file, error) from error


def _unreadable(path: Path, error: OSError) -> OutputError:
    problem = f"cannot be read ({error.strerror})"
    return OutputError(path.as_posix(), problem, REMEDY)


def _check_paths(backend: str, files: Mapping[str, bytes]) -> None:
    for path in (backend, *files):
        if not is_inside(path):
            raise OutputError(path, "leaves its package", f"mend the renderer of {backend}")


def _check_links(package: Path, known: Hashes) -> None:
    """Refuse to follow a link out of the package: what is listed there may be another's file."""
    home = package.resolve()
    for path in known:
        if "/" in path and not (package / path).parent.resolve().is_relative_to(home):
            problem = "stands in the manifest and leads out of its package"
            raise OutputError((package / path).as_posix(), problem, "remove the link")


def _lines(data: bytes | None) -> list[str]:
    text = "" if data is None else normalised(data).decode(errors="replace")
    return list(io.StringIO(text, newline="\n"))


__all__ = ["REMEDY", "Change", "PackagePlan", "Packages", "Plan", "plan"]
