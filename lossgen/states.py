"""Whether files are as they were: by what stat says, and by what they hold where that has changed.

A time stamp has a grain: who changes a file twice within it leaves one stamp. A file that is
younger than the grain is therefore known by what it holds alone, and read again the next time.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Iterator
from hashlib import sha256

# The digest of a file and, if it is old enough, its times in ns, its size and its inode.
State = tuple[str, int, int, int, int] | tuple[str]

ABSENT: State = ("absent",)
SPECIAL: State = ("special",)  # a folder or a device, which has no content to speak of
GRAIN = 50_000_000  # ns; kernels stamp files every 1 to 10 ms
COARSE = 2_000_000_000  # ns; where stamps are whole seconds, as on FAT


def content(data: bytes) -> str:
    """Return the sha256 of the data."""
    return sha256(data).hexdigest()


def state_of(
    path: str, known: State | None = None, digest: Callable[[bytes], str] = content
) -> State:
    """Return the state of a file, which is read only if stat does not show it as it was known."""
    try:
        found = os.stat(path)
        times = found.st_mtime_ns, found.st_ctime_ns
        if known is not None and known[1:] == (*times, found.st_size, found.st_ino):
            return known
        if not stat.S_ISREG(found.st_mode):
            return SPECIAL
        with open(path, "rb") as file:
            held = digest(file.read())
    except OSError:
        return ABSENT
    grain = GRAIN if times[0] % 1_000_000_000 else COARSE
    if time.time_ns() - max(times) < grain:
        return (held,)
    return (held, *times, found.st_size, found.st_ino)


def let_age() -> None:
    """Wait until what was just written is older than the grain of its time stamp."""
    time.sleep(1.2e-9 * GRAIN)


def files_below(folder: str, suffix: str = "", unless: str = "__pycache__") -> Iterator[str]:
    """Yield the paths of files below a folder, but for folders of one name, in no order."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False) and not entry.name.endswith(suffix or "/"):
                if entry.name != unless:
                    yield from files_below(entry.path, suffix, unless)
            elif entry.name.endswith(suffix):
                yield entry.path


def spec_files(folder: str) -> tuple[str, ...]:
    """Return the files of specs below a folder, relative to it, in the order of their parts."""
    start = len(folder.rstrip(os.sep)) + 1
    found = (path[start:].split(os.sep) for path in files_below(folder, ".py"))
    return tuple("/".join(parts) for parts in sorted(found) if not parts[-1].startswith("_"))


__all__ = ["ABSENT", "State", "content", "files_below", "let_age", "spec_files", "state_of"]
