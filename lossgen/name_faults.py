"""What is wrong with the names in a spec, each for itself and beside those of other specs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lossgen.errors import SpecError
from lossgen.loss import Loss, snake_case
from lossgen.names import name_problem


@dataclass(frozen=True, slots=True)
class Named:
    """A loss, as far as its names go."""

    name: str
    function: str
    source: str


def name_faults(loss: Loss) -> list[SpecError]:
    """Return a fault for each name that Python or generated code cannot have."""
    names: list[object] = [loss.name]
    if name_problem(loss.name) is None or loss.function != snake_case(loss.name):
        names.append(loss.function)
    names += [tensor.name for tensor in loss.tensors()]
    names += [parameter.name for parameter in loss.parameters()]
    names += [key for key, _ in loss.parts]
    return [
        SpecError(file=loss.source, loss=str(loss.name), problem=problem, remedy=remedy)
        for name in dict.fromkeys(names)
        if (found := name_problem(name))
        for problem, remedy in [found]
    ]


def duplicates(losses: Sequence[Named]) -> list[SpecError]:
    """Return a fault for each name that two losses have."""
    owners: dict[str, list[Named]] = {}
    for loss in losses:
        for name in {loss.name, loss.function}:
            owners.setdefault(name, []).append(loss)
    found = []
    for loss in losses:
        others = {
            name: sorted(other.source for other in owners[name] if other is not loss)
            for name in dict.fromkeys((loss.name, loss.function))
        }
        if others[loss.name] == others[loss.function]:
            others = {loss.name: others[loss.name]}
        found += [
            SpecError(
                file=loss.source,
                loss=loss.name,
                problem=f"the name {name!r} is taken by {', '.join(taken)}",
                remedy="give each loss its own name",
            )
            for name, taken in others.items()
            if taken
        ]
    return list(dict.fromkeys(found))


__all__ = ["Named", "duplicates", "name_faults"]
