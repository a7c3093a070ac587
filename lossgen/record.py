"""What the last build read and wrote, so that the next one does only what has changed.

A record stands in the user's cache, never in the output. It says nothing that cannot be found out
anew: without it, or with one that is damaged, everything is built.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from lossgen.cache import cache_folder
from lossgen.states import State

VERSION = 1
LIFETIME = 90 * 24 * 3600.0  # seconds after which nobody will come back to a record


@dataclass(frozen=True, slots=True)
class Unit:
    """One file of specs.

    Attributes:
        losses: pairs of the function and the class.
        needs: the files on which it depends.
        called: the shared functions that its losses call, for each backend.
    """

    losses: tuple[tuple[str, str], ...]
    needs: tuple[str, ...]
    called: Mapping[str, tuple[str, ...]]

    @property
    def paths(self) -> tuple[str, ...]:
        """The files that it gives in each package."""
        return tuple(f"_{function}.py" for function, _ in self.losses)


@dataclass(frozen=True, slots=True)
class Record:
    """A build as it was.

    Attributes:
        environment: Python and the releases of the tools.
        folders: where lossgen and the backends stand.
        tools: the files in these folders.
        inputs: the state of every file that was read, by its path.
        outputs: the state of every file in each package, by its path in the output folder.
        units: what each file of specs gave, by its path in the folder of specs.
    """

    environment: str
    folders: tuple[str, ...]
    tools: tuple[str, ...]
    inputs: Mapping[str, State]
    outputs: Mapping[str, Mapping[str, State]]
    units: Mapping[str, Unit]


@dataclass(frozen=True, slots=True)
class Place:
    """Where the record of a build stands: one for each choice of folders and backends."""

    file: Path

    def load(self) -> Record | None:
        """Return the record, or None if there is none that can be used."""
        try:
            version, held = json.loads(self.file.read_bytes())
            if version != VERSION:
                return None
            units = {
                source: Unit(tuple(map(tuple, one["losses"])), tuple(one["needs"]), one["called"])
                for source, one in held["units"].items()
            }
            return replace(
                Record(**held),
                folders=tuple(held["folders"]),
                tools=tuple(held["tools"]),
                inputs=_states(held["inputs"]),
                outputs={name: _states(package) for name, package in held["outputs"].items()},
                units=units,
            )
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return None

    def save(self, record: Record) -> None:
        """Write the record, and remove those of long ago; without a cache, do nothing."""
        temporary = self.file.with_suffix(f".{os.getpid()}.tmp")
        with suppress(OSError):
            self.file.parent.mkdir(parents=True, exist_ok=True)
            try:
                temporary.write_text(json.dumps((VERSION, asdict(record))), encoding="utf-8")
                os.replace(temporary, self.file)
            finally:
                temporary.unlink(missing_ok=True)
            for other in self.file.parent.glob("*.*"):
                if time.time() - other.stat().st_mtime > LIFETIME:
                    other.unlink(missing_ok=True)


def _states(listed: Mapping[str, list[Any]]) -> dict[str, State]:
    return {path: (state[0], *state[1:]) for path, state in listed.items()}


def place(
    specs: Path, out: Path, backends: tuple[str, ...], verified: bool = True, tests: bool = False
) -> Place | None:
    """Return where the record of a build stands, of each kind its own, or None without a cache."""
    folder = cache_folder()
    if folder is None:
        return None
    words = (*(() if verified else ("--no-verify",)), *(("--with-tests",) if tests else ()))
    key = "\n".join((str(specs.resolve()), str(out.resolve()), *backends, *words))
    return Place(folder / f"{sha256(key.encode()).hexdigest()[:32]}.json")


__all__ = ["Place", "Record", "Unit", "place"]
