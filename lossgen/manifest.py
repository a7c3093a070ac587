"""What lossgen wrote into a package: path and sha256 of each file, in ``.lossgen.json``.

The manifest tells a file that lossgen may replace from one that a person has edited. While files
are being replaced a second one, the journal, lists the old and the new hashes, so that a build that
was killed half-way leaves nothing that looks edited by hand.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path, PurePosixPath

from lossgen.errors import OutputError

MANIFEST = ".lossgen.json"
JOURNAL = ".lossgen.journal.json"
TEMPORARY = ".lossgen-tmp"  # what the names of files end in that are not yet in their place
ROOT = "__init__.py"

Hashes = dict[str, frozenset[str]]


def normalised(data: bytes) -> bytes:
    """Return the data with Unix line endings: a checkout that converts them has edited nothing."""
    return data.replace(b"\r\n", b"\n")


def digest(data: bytes) -> str:
    """Return the sha256 of the data, whatever its line endings."""
    return sha256(normalised(data)).hexdigest()


def manifest(digests: Mapping[str, str]) -> bytes:
    """Return the text of the manifest of files with these digests."""
    return _dumped(digests)


def journal(before: Hashes, digests: Mapping[str, str]) -> bytes:
    """Return the text of the journal: every hash that a file may have until the build ends."""
    after = {path: frozenset([found]) for path, found in digests.items()}
    paths = before.keys() | after.keys()
    nothing: frozenset[str] = frozenset()
    return _dumped(
        {path: sorted(before.get(path, nothing) | after.get(path, nothing)) for path in paths}
    )


def known_hashes(folder: Path) -> Hashes:
    """Return the hashes that lossgen may have written, for each path in this package.

    Raises:
        OutputError: the manifest is damaged, for example by an unresolved merge.
    """
    known: Hashes = {}
    for name in (MANIFEST, JOURNAL):
        for path, hashes in _entries(folder / name).items():
            known[path] = known.get(path, frozenset()) | hashes
    return known


def is_inside(path: str) -> bool:
    """Tell whether a path, relative to a package, stays in it."""
    pure = PurePosixPath(path)
    plain = bool(pure.parts) and not pure.is_absolute() and ".." not in pure.parts
    return plain and "\\" not in path and ":" not in path and pure.as_posix() == path


def _entries(file: Path) -> Hashes:
    try:
        found = json.loads(file.read_bytes())
    except FileNotFoundError:
        return {}
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or not all(map(_is_entry, found.items())):
        raise OutputError(
            file.as_posix(),
            "is damaged",
            "restore it (or resolve the merge), or write it anew with --force",
        )
    return {
        path: frozenset([hashes] if isinstance(hashes, str) else hashes)
        for path, hashes in found.items()
    }


def _is_entry(item: tuple[str, object]) -> bool:
    path, hashes = item
    several = isinstance(hashes, list) and all(isinstance(entry, str) for entry in hashes)
    return is_inside(path) and (several or isinstance(hashes, str))


def _dumped(entries: Mapping[str, object]) -> bytes:
    return f"{json.dumps(entries, indent=2, sort_keys=True)}\n".encode()


__all__ = [
    "JOURNAL",
    "MANIFEST",
    "ROOT",
    "TEMPORARY",
    "Hashes",
    "digest",
    "is_inside",
    "journal",
    "known_hashes",
    "manifest",
    "normalised",
]
