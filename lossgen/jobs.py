"""Run a folder of specs and render what changed, in this process or spread over several."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from lossgen.errors import FaultySpecsError, Found, LossgenError, SpecError, gather
from lossgen.record import Unit
from lossgen.states import State, spec_files
from lossgen.texts import Content, put_all, text_in
from lossgen.workers import made_of

if TYPE_CHECKING:
    from lossgen.loss import Loss
    from lossgen.name_faults import Named

Package = dict[str, Content]
Face = tuple[tuple[tuple[str, str], ...], frozenset[str]]
Advance = Callable[[int, int], object]


@dataclass(frozen=True, slots=True)
class Rendered:
    """What a folder of specs gives.

    Attributes:
        losses: how many there are.
        packages: the text of every file that may have changed, ``{backend: {path: text}}``.
        units: what each file of specs gave, also of those that were not run again.
        read: the state of every file that was read.
    """

    losses: int
    packages: dict[str, Package]
    units: Mapping[str, Unit] = field(default_factory=dict)
    read: Mapping[str, State] = field(default_factory=dict)


def load(specs: Path) -> tuple[Loss, ...]:
    """Load the losses of a folder, sorted by name.

    Raises:
        FaultySpecsError: any spec has a fault.
        LossgenError: there are no losses.
    """
    from lossgen.check import check_file
    from lossgen.load import load_specs
    from lossgen.name_faults import Named
    from lossgen.verbatim import verbatim

    with verbatim():
        loaded = load_specs(specs)
        found = [check_file(one.losses, one.faults) for one in loaded]
    losses = [loss for one in loaded for loss in one.losses]
    _refuse(specs, found, [Named(loss.name, loss.function, loss.source) for loss in losses])
    return tuple(sorted(losses, key=lambda loss: loss.function))


def _no_loss(specs: Path) -> LossgenError:
    return LossgenError(f"{specs} declares no loss; write a spec, as specs/README.md shows.")


def render(
    specs: Path,
    backends: Sequence[str],
    jobs: int,
    advance: Advance,
    known: Mapping[str, Unit],
    shared: Mapping[str, Face],
    home: Path,
) -> Rendered:
    """Render the losses for these backends.

    Args:
        specs: the folder.
        backends: their names.
        jobs: how many processes to use.
        advance: called with how many files of specs are done, and of how many.
        known: what some files of specs give, which are not run.
        shared: what packages have shared files for that need not be rendered for the same.
        home: a folder of its own for the texts, which would be many to hold.

    Raises:
        FaultySpecsError: all faults, each once although several backends may meet it.
        LossgenError: there are no losses.
    """
    folder, units = specs.resolve(), dict(known)
    listed = spec_files(str(folder))
    wanted = [source for source in listed if source not in units]
    paths: dict[str, list[str]] = {name: [] for name in backends}
    read: dict[str, State] = {}
    found: list[Found] = []
    loose: list[str] = []
    for done, made in enumerate(made_of(folder, wanted, backends, jobs, found), 1):
        units[made.source] = made.unit
        read |= made.read
        for name, texts in made.texts.items():
            paths[name] += put_all(home / name, texts)
        loose += ["/".join(place) for place in made.loose]
        found.append(made.found)
        advance(done, len(wanted))
    units = {source: units[source] for source in listed}
    _refuse(specs, found, _named(units))
    for name in backends:
        shown = face(units, name)
        if shared.get(name) != shown:
            files = put_all(home / name, _shared(name, shown, folder.name))
            loose += [f"{name}/{path}" for path in files]
            paths[name] += files
    return Rendered(losses(units), _formatted(home, paths, loose), units, read)


def face(units: Mapping[str, Unit], backend: str) -> Face:
    """Return what the shared files of a package depend on: its losses and what they call."""
    exports = sorted(pair for unit in units.values() for pair in unit.losses)
    called = {name for unit in units.values() for name in unit.called[backend]}
    return tuple(exports), frozenset(called)


def losses(units: Mapping[str, Unit]) -> int:
    """Return how many losses some files of specs give."""
    return sum(len(unit.losses) for unit in units.values())


def _named(units: Mapping[str, Unit]) -> list[Named]:
    from lossgen.name_faults import Named

    return [
        Named(name, function, source)
        for source, unit in units.items()
        for function, name in unit.losses
    ]


def _refuse(specs: Path, found: Sequence[Found], named: Sequence[Named]) -> None:
    """Raise what is wrong, if anything is."""
    from lossgen.name_faults import duplicates

    if faults := gather(found, duplicates(named)):
        raise FaultySpecsError(faults)
    if not named:
        raise _no_loss(specs)


def _shared(name: str, found: Face, specs: str) -> dict[str, str]:
    from lossgen.render import render_shared

    try:
        return render_shared(name, found[1], found[0], specs)
    except SpecError as fault:
        raise FaultySpecsError((fault,)) from fault


def _formatted(
    home: Path, paths: Mapping[str, Sequence[str]], loose: Sequence[str]
) -> dict[str, Package]:
    if any(paths.values()):
        from lossgen.render import format_files

        format_files(str(home), loose)
    return {
        name: {path: text_in(home / name / path) for path in sorted(listed)}
        for name, listed in paths.items()
    }


__all__ = ["Face", "Rendered", "face", "load", "losses", "render"]
