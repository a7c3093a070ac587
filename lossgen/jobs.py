"""Render every backend of a folder of specs, in this process or spread over several."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lossgen.errors import FaultySpecsError, LossgenError, SpecError

if TYPE_CHECKING:
    from lossgen.loss import Loss

Package = dict[str, str]
Outcome = Package | tuple[SpecError, ...]


@dataclass(frozen=True, slots=True)
class Rendered:
    """The text of every file, ``{backend: {path: text}}``, and of how many losses."""

    losses: int
    packages: dict[str, Package]


def load(specs: Path) -> tuple[Loss, ...]:
    """Load the losses of a folder.

    Raises:
        FaultySpecsError: any spec has a fault.
        LossgenError: there are no losses.
    """
    from lossgen.check import check_losses
    from lossgen.load import load_specs

    losses, faults = load_specs(specs)
    faults += check_losses(losses, faults)
    if faults:
        raise FaultySpecsError(faults)
    if not losses:
        raise LossgenError(f"{specs} declares no loss; write a spec, as specs/README.md shows.")
    return losses


def render(
    specs: Path, backends: Sequence[str], jobs: int, advance: Callable[[], object]
) -> Rendered:
    """Render the losses for these backends, calling ``advance`` after each.

    Raises:
        FaultySpecsError: all faults, each once although several backends may meet it.
        LossgenError: there are no losses.
    """
    losses = load(specs)
    packages: dict[str, Package] = {}
    faults: dict[SpecError, None] = {}
    for backend, outcome in zip(backends, _outcomes(specs, losses, backends, jobs), strict=True):
        if isinstance(outcome, tuple):
            faults.update(dict.fromkeys(outcome))
        else:
            packages[backend] = outcome
        advance()
    if faults:
        raise FaultySpecsError(tuple(faults))
    return Rendered(len(losses), packages)


def _outcomes(
    specs: Path, losses: tuple[Loss, ...], backends: Sequence[str], jobs: int
) -> Iterator[Outcome]:
    if min(jobs, len(backends)) == 1:
        for backend in backends:
            yield _outcome(losses, backend)
        return
    # Spawned, not forked: the processes then start alike on every platform, and inherit no lock.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(jobs, len(backends)), mp_context=context) as pool:
        yield from pool.map(_loaded_outcome, [specs] * len(backends), backends)


def _loaded_outcome(specs: Path, backend: str) -> Outcome:
    """Load the specs again, as symbols need not survive the way into another process."""
    return _outcome(load(specs), backend)


def _outcome(losses: tuple[Loss, ...], backend: str) -> Outcome:
    from lossgen.render import render_backend

    try:
        return render_backend(losses, backend)
    except SpecError as fault:
        return (fault,)
    except FaultySpecsError as several:
        return several.faults


__all__ = ["Rendered", "load", "render"]
