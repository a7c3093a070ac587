"""One build: what is current stays, the rest is rendered, compared or written, and recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from lossgen import jobs as work
from lossgen.current import Current, current
from lossgen.manifest import MANIFEST, digest
from lossgen.memory import collected_seldom
from lossgen.reading import Kept, MovedError
from lossgen.record import Place, Record, place
from lossgen.states import State, let_age, state_of
from lossgen.texts import held
from lossgen.toolkit import environment, files_of, own_folders

if TYPE_CHECKING:
    from lossgen.plan import Change

NEVER = {MANIFEST, "test_values.py"}  # what is made anew whenever anything is


@dataclass(frozen=True, slots=True)
class Order:
    """What a build is asked for.

    Attributes:
        backends: those that were named, or none for all.
        check: compare, and write nothing.
        force: trust no record, and write over what was edited.
        verify: compare what was derived with exact arithmetic, and write only what is right.
        tests: write a file beside each package that checks it.
    """

    specs: Path
    out: Path
    backends: tuple[str, ...]
    jobs: int = 1
    check: bool = False
    force: bool = False
    verify: bool = False
    tests: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """What a build did.

    Attributes:
        difference: what a check found, as a diff.
        needs_force: whether the difference takes ``--force`` to write.
    """

    losses: int
    backends: int
    changes: tuple[Change, ...] = ()
    difference: str = ""
    needs_force: bool = False


def build(order: Order, advance: work.Advance) -> Result:
    """Build, calling ``advance`` with how many files of specs are done, and of how many.

    Raises:
        LossgenError: what is wrong with the specs or the output.
    """
    where = place(order.specs, order.out, order.backends, order.verify, order.tests)
    last = where.load() if where and not order.force else None
    found = current(last, order.specs, order.out) if last else None
    if where and found and found.whole:
        if found.fresh:
            where.save(found.record)
        return Result(work.losses(found.units), len(found.record.outputs))
    try:
        return _build(order, found, where, advance)
    except MovedError:
        return _build(order, None, where, advance)


def _build(
    order: Order, found: Current | None, where: Place | None, advance: work.Advance
) -> Result:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as home, collected_seldom():
        return _build_in(Path(home), order, found, where, advance)


def _build_in(
    home: Path, order: Order, found: Current | None, where: Place | None, advance: work.Advance
) -> Result:
    from lossgen.registry import chosen
    from lossgen.write import check, write

    names, tools = chosen(order.backends), _tools(order.backends)
    known = found.units if found else {}
    faces = {name: work.face(found.record.units, name) for name in found.shared} if found else {}
    rendered = work.render(order.specs, names, order.jobs, advance, known, faces, home)
    kept = _kept(found, rendered) if found else {}
    if order.verify:
        from lossgen.locking import verify

        sources = [source for source in rendered.units if source not in known]
        verify(order.specs, sources, order.jobs, advance)
    if order.tests:
        from lossgen.testing import tests

        for name, texts in tests(order.specs, names).items():
            rendered.packages[name].update(texts)
    counts = rendered.losses, len(names)
    if order.check:
        difference, needs_force = check(rendered.packages, order.out, kept=kept)
        result = Result(*counts, (), difference, needs_force)
    else:
        changes = write(rendered.packages, order.out, force=order.force, kept=kept)
        result = Result(*counts, changes)
    if where and rendered.units and not result.difference:
        _save(where, tools, order.out, found, rendered, kept)
    return result


def _tools(backends: tuple[str, ...]) -> Record:
    """Return a record of nothing but the tools, as they are now."""
    from lossgen.registry import chosen, foreign_folders

    folders = dict.fromkeys([*own_folders(), *map(str, foreign_folders(chosen(backends)))])
    files = files_of(folders)
    inputs = {path: state_of(path) for path in files}
    return Record(environment(), tuple(folders), files, inputs, {}, {})


def _kept(found: Current, rendered: work.Rendered) -> Kept:
    """Return the files of each package that were not rendered, as they are."""
    ours = {path for unit in found.units.values() for path in unit.paths}
    losses = {path for unit in found.record.units.values() for path in unit.paths}
    return {
        name: {
            path: state
            for path, state in package.items()
            if path in ours or (path not in losses | NEVER and not _has_shared(rendered, name))
        }
        for name, package in found.record.outputs.items()
    }


def _has_shared(rendered: work.Rendered, name: str) -> bool:
    return "__init__.py" in rendered.packages[name]


def _save(
    where: Place,
    tools: Record,
    out: Path,
    found: Current | None,
    rendered: work.Rendered,
    kept: Kept,
) -> None:
    """Record the build, unless a file is no longer what was read or written."""
    needs = {path for unit in rendered.units.values() for path in unit.needs}
    before: dict[str, State] = dict(tools.inputs)
    before |= {path: found.record.inputs[path] for path in needs - rendered.read.keys() if found}
    before |= rendered.read
    let_age()
    inputs = {path: state_of(path, state) for path, state in before.items()}
    outputs = {
        name: _written(out / name, rendered, kept.get(name, {})) for name in rendered.packages
    }
    same = all(state[0] == before[path][0] for path, state in inputs.items())
    if same and all(package is not None for package in outputs.values()):
        packages = {name: package for name, package in outputs.items() if package is not None}
        where.save(replace(tools, inputs=inputs, outputs=packages, units=rendered.units))


def _written(
    package: Path, rendered: work.Rendered, kept: Mapping[str, State]
) -> dict[str, State] | None:
    """Return the state of the files of a package, or None if one is not as it was written."""
    texts = rendered.packages[package.name]
    before = dict(kept) | {path: (held(text).digest,) for path, text in texts.items()}
    states = {path: state_of(f"{package}/{path}", old, digest) for path, old in before.items()}
    if any(state[0] != before[path][0] for path, state in states.items()):
        return None
    return states | {MANIFEST: state_of(f"{package}/{MANIFEST}", None, digest)}


__all__ = ["Order", "Result", "build"]
