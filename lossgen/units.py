"""One file of specs, from its losses to the text of each in every package."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lossgen.check import check_file
from lossgen.compile import forget
from lossgen.errors import FaultySpecsError, Found, SpecError
from lossgen.load import load_spec
from lossgen.loss import Loss
from lossgen.record import Unit
from lossgen.render import render_loss
from lossgen.states import State

Texts = dict[str, dict[str, str]]


@dataclass(frozen=True, slots=True)
class Made:
    """What one file of specs gives.

    Attributes:
        texts: ``{backend: {path: text}}``, not yet formatted.
        loose: the backends and paths of those in which ruff may find something to mend.
        found: what is wrong with the file and its losses.
    """

    source: str
    unit: Unit
    texts: Texts
    loose: tuple[tuple[str, str], ...]
    read: Mapping[str, State]
    found: Found


def make_unit(folder: Path, source: str, backends: Sequence[str]) -> Made:
    """Run one file of specs and render its losses, if nothing is wrong with them."""
    loaded = load_spec(folder, source)
    losses = tuple(sorted(loaded.losses, key=lambda loss: loss.function))
    found = check_file(losses, loaded.faults)
    called: dict[str, set[str]] = {name: set() for name in backends}
    texts: Texts = {name: {} for name in backends}
    loose: list[tuple[str, str]] = []
    refused: dict[SpecError, None] = {}
    for loss in () if found.faults or found.unused else losses:
        for name in backends:
            try:
                (text, settled), functions = render_loss(loss, name, folder.name)
            except FaultySpecsError as several:
                refused.update(dict.fromkeys(several.faults))
            except SpecError as one:
                refused[one] = None
            else:
                texts[name][_path(loss)] = text
                loose += [] if settled else [(name, _path(loss))]
                called[name].update(functions)
    unit = Unit(
        tuple((loss.function, loss.name) for loss in losses),
        tuple(loaded.read),
        {name: tuple(sorted(functions)) for name, functions in called.items()},
    )
    forget()
    found = replace(found, refused=tuple(refused))
    return Made(source, unit, texts, tuple(loose), loaded.read, found)


def _path(loss: Loss) -> str:
    return f"_{loss.function}.py"
