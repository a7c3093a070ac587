"""What of the last build is still as it was; found without SymPy, which takes a while to import."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from lossgen.manifest import JOURNAL, ROOT, TEMPORARY, digest
from lossgen.record import Record, Unit
from lossgen.states import State, spec_files, state_of
from lossgen.toolkit import environment, files_of


@dataclass(frozen=True, slots=True)
class Current:
    """What need not be built again.

    Attributes:
        whole: nothing need.
        fresh: some file was read because stat did not know it.
        record: the last build, with the state of all files as it is now.
        units: the files of specs that are as they were, with all that they read and gave.
        shared: the backends whose shared files are as they were.
    """

    whole: bool
    fresh: bool
    record: Record
    units: Mapping[str, Unit]
    shared: frozenset[str]


def current(record: Record, specs: Path, out: Path) -> Current | None:
    """Compare the files with the last build; None if lossgen itself is not what it was."""
    if record.environment != environment() or record.tools != files_of(record.folders):
        return None
    inputs = {path: state_of(path, old) for path, old in record.inputs.items()}
    if not _same(record.inputs, inputs, record.tools):
        return None
    outputs = {
        name: {path: state_of(f"{out}/{name}/{path}", old, digest) for path, old in package.items()}
        for name, package in record.outputs.items()
    }
    listed = spec_files(str(specs))
    units = {
        source: unit
        for source, unit in record.units.items()
        if _same(record.inputs, inputs, unit.needs)
        and all(_same(record.outputs[name], outputs[name], unit.paths) for name in outputs)
    }
    whole = tuple(record.units) == listed and len(units) == len(listed) and (out / ROOT).exists()
    losses = {path for unit in record.units.values() for path in unit.paths}
    shared = frozenset(
        name
        for name, package in outputs.items()
        if _same(record.outputs[name], package, package.keys() - losses)
    )
    whole = whole and len(shared) == len(outputs) and not any(_leftovers(out, outputs))
    fresh = inputs != record.inputs or outputs != record.outputs
    known = replace(record, inputs=inputs, outputs=outputs)
    there = {source: units[source] for source in listed if source in units}
    return Current(whole, fresh, known, there, shared)


def _same(old: Mapping[str, State], new: Mapping[str, State], paths: Iterable[str]) -> bool:
    return all(path in old and old[path][0] == new[path][0] for path in paths)


def _leftovers(out: Path, packages: Iterable[str]) -> Iterable[str]:
    """Yield what a build has left that was killed."""
    for name in packages:
        for file in os.listdir(out / name):
            if file == JOURNAL or file.endswith(TEMPORARY):
                yield file


__all__ = ["Current", "current"]
