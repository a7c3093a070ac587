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

from lossgen.manifest import MANIFEST, ROOT, Hashes, digest, journal, manifest, normalised
from lossgen.reading import NOTHING, Kept, check_kept, check_links, check_paths, known, read
from lossgen.texts import Content, Text, held

ROOT_TEXT = '"""Losses written by lossgen, one package for each framework."""\n'

Packages = Mapping[str, Mapping[str, Content]]


@dataclass(frozen=True, slots=True)
class Change:
    """One file that is created (``old`` is None), replaced, or removed (``new`` is None)."""

    path: str
    old: Text | None
    new: Text | None

    @property
    def verb(self) -> str:
        """What happens to the file."""
        if self.old is None:
            return "created"
        return "removed" if self.new is None else "changed"

    def report(self, out: Path) -> str:
        """Return the change as a unified diff, or in a line where there is but one side of it."""
        if self.old is None or self.new is None:
            word = "missing" if self.old is None else "stale"
            return f"{word}: {(out / self.path).as_posix()}\n"
        path = f"{out.as_posix().lstrip('/')}/{self.path}"
        lines = unified_diff(_lines(self.old), _lines(self.new), f"a/{path}", f"b/{path}")
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


def plan(packages: Packages, out: Path, *, force: bool = False, kept: Kept = NOTHING) -> Plan:
    """Compare rendered packages, ``{backend: {path: text}}``, with the output folder.

    Args:
        packages: the text of each file.
        out: the output folder.
        force: whether to replace what is not lossgen's.
        kept: the state of further files of each package, which stay as they are.

    Raises:
        MovedError: one of these is not what it was.
        OutputError: the folder, or a damaged manifest in it (unless ``force``), cannot be read.
    """
    refusals: list[tuple[str, str]] = []
    planned = []
    for backend, texts in sorted(packages.items()):
        files = {path: held(text) for path, text in sorted(texts.items())}
        still = kept.get(backend, {})
        check_paths(backend, files)
        check_kept(out / backend, still)
        listed = known(out / backend, force)
        check_links(out / backend, listed)
        others = {path: hashes for path, hashes in listed.items() if path not in still}
        changes = list(_changes(backend, files, others, out))
        refusals += _refusals(changes, listed, out, backend)
        digests = {path: text.digest for path, text in files.items()}
        digests |= {path: state[0] for path, state in still.items()}
        listing = held(manifest(digests).decode())
        name = f"{backend}/{MANIFEST}"
        old = _found(out / name)
        if old is None or old.digest != listing.digest:
            changes.append(Change(name, old, listing))
        planned.append(PackagePlan(backend, tuple(changes), journal(listed, digests)))
    root = () if read(out / ROOT) is not None else (Change(ROOT, None, held(ROOT_TEXT)),)
    return Plan(root, tuple(planned), tuple(refusals))


def _changes(backend: str, files: Mapping[str, Text], known: Hashes, out: Path) -> Iterator[Change]:
    for path in sorted(files.keys() | known.keys()):
        name = f"{backend}/{path}"
        old, new = _found(out / name), files.get(path)
        if (old and old.digest) != (new and new.digest):
            yield Change(name, old, new)


def _found(file: Path) -> Text | None:
    """Return what a file holds now, to be read from it again, or None if there is none."""
    data = read(file)
    return None if data is None else Text(digest(data), file)


def _refusals(
    changes: list[Change], known: Hashes, out: Path, backend: str
) -> Iterator[tuple[str, str]]:
    for change in changes:
        hashes = known.get(change.path.removeprefix(f"{backend}/"))
        if change.old is None or (hashes and change.old.digest in hashes):
            continue
        reason = "was edited by hand" if hashes else "was not written by lossgen"
        if change.new is None:
            reason += " and is generated no longer"
        yield (out / change.path).as_posix(), reason


def _lines(held: Text) -> list[str]:
    text = normalised(held.read()).decode(errors="replace")
    return list(io.StringIO(text, newline="\n"))


__all__ = ["Change", "PackagePlan", "Packages", "Plan", "plan"]
