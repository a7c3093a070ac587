"""Write rendered packages: all or nothing until the first file is replaced, then file by file.

Everything is first written to temporary siblings, so that a full disk or a missing permission is
met before anything has changed. Each file is then replaced atomically, the manifests last. A build
killed in between leaves every file old or new, and a journal from which the next build knows both.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from tempfile import gettempdir

from filelock import FileLock, Timeout

from lossgen.errors import HandEditedError, LockedError, OutputError
from lossgen.manifest import JOURNAL, MANIFEST, TEMPORARY
from lossgen.plan import Change, PackagePlan, Packages, Plan, plan
from lossgen.reading import NOTHING, REMEDY, Kept
from lossgen.texts import held

PATIENCE = 10.0  # seconds to wait for another build, which writes within one


def write(
    packages: Packages, out: Path, *, force: bool = False, kept: Kept = NOTHING
) -> tuple[Change, ...]:
    """Make the output folder hold these packages, ``{backend: {path: text}}``; return what changed.

    Packages of other backends are not touched, nor are files that are ``kept``.

    Raises:
        MovedError: a file that was to be kept is not what it was.
        HandEditedError: files would be lost that lossgen did not write, and ``force`` is not set.
        LockedError: another build is writing to the folder.
        OutputError: the folder cannot be read or written.
    """
    with _locked(out), _explained(out):
        found = plan(packages, out, force=force, kept=kept)
        if found.refusals and not force:
            raise HandEditedError(found.refusals)
        _apply(found, out)
    return found.changes


def check(packages: Packages, out: Path, *, kept: Kept = NOTHING) -> tuple[str, bool]:
    """Return what `write` would change, and whether it would need ``force``.

    That is a line for what is missing or stale, and a unified diff of each file that differs.
    """
    found = plan(packages, out, kept=kept)
    reports = [change.report(out) for change in found.root]
    for package in found.packages:
        folder = out / package.backend
        if folder.exists():
            reports += (change.report(out) for change in package.changes)
        else:
            reports.append(f"missing: {folder.as_posix()}/\n")
    return "".join(reports), bool(found.refusals)


def _apply(found: Plan, out: Path) -> None:
    for package in found.packages:
        _sweep(out / package.backend)
    changes = _in_order(found)
    staged: list[Path] = []
    made: list[Path] = []
    folders: set[Path] = set()
    try:
        for change in changes:
            if change.new is not None:
                folder = (out / change.path).parent
                made += _make_folder(folder) if folder not in folders else ()
                folders.add(folder)
                staged.append(_temporary(out / change.path))
                change.new.put(staged[-1])
    except BaseException:
        _discard(staged, made)
        raise
    try:
        for change in changes:
            _commit(change, out)
    except BaseException:
        _discard(staged, [])
        raise
    for package in found.packages:
        (out / package.backend / JOURNAL).unlink(missing_ok=True)


def _in_order(found: Plan) -> list[Change]:
    """Return the journals, then the files, then the manifests."""
    journals = [_journal(package) for package in found.packages if package.changes]
    manifests = [change for change in found.changes if change.path.endswith(f"/{MANIFEST}")]
    files = [change for change in found.changes if change not in manifests]
    return journals + files + manifests


def _journal(package: PackagePlan) -> Change:
    return Change(f"{package.backend}/{JOURNAL}", None, held(package.journal.decode()))


def _commit(change: Change, out: Path) -> None:
    file = out / change.path
    if change.new is None:
        file.unlink(missing_ok=True)
    else:
        os.replace(_temporary(file), file)


def _temporary(file: Path) -> Path:
    return file.with_name(f".{file.name}{TEMPORARY}")


def _make_folder(folder: Path) -> list[Path]:
    """Make a folder with its parents; return those that were not there, the outermost first."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    return missing[::-1]


def _discard(files: list[Path], folders: list[Path]) -> None:
    for file in files:
        with suppress(OSError):
            file.unlink(missing_ok=True)
    for folder in reversed(folders):
        with suppress(OSError):
            folder.rmdir()


def _sweep(folder: Path) -> None:
    """Remove the temporary files of a build that was killed."""
    for leftover in sorted(folder.rglob(f".*{TEMPORARY}")):
        leftover.unlink()


@contextmanager
def _locked(out: Path) -> Iterator[None]:
    """Hold the folder against other builds, by a file that stands elsewhere and goes in the end."""
    key = f"{getattr(os, 'getuid', int)()}\n{out.resolve()}"
    file = Path(gettempdir()) / f"lossgen-{sha256(key.encode()).hexdigest()[:16]}.lock"
    lock = FileLock(file)
    try:
        lock.acquire(timeout=PATIENCE)
    except Timeout:
        raise LockedError(out.as_posix()) from None
    except OSError as error:
        problem = f"cannot be opened to lock the build ({error.strerror})"
        raise OutputError(str(file), problem, "remove it, or set TMPDIR") from error
    try:
        yield
    finally:
        with suppress(OSError):  # Windows removes no file that is open
            file.unlink()  # while it is held: who waits for it sees that it has gone, and asks anew
        lock.release()


@contextmanager
def _explained(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        problem = f"cannot be written ({error.strerror}: {error.filename})"
        raise OutputError(out.as_posix(), problem, REMEDY) from error


__all__ = ["check", "write"]
