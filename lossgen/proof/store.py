"""Points of losses with their exact results, kept in the user's cache by what they depend on."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from lossgen.loss import Loss
from lossgen.proof.exhibit import Exhibit, Facts
from lossgen.proof.judge import Truth
from lossgen.proof.point import Array, Point
from lossgen.proof.sample import points

ORACLE = Path(__file__).parents[1] / "oracle"
PROOF = Path(__file__).parent
POINTS = ("draws", "exhibit", "point", "sample", "settings", "space", "store")


def digest(*texts: str) -> str:
    """Return what stands for some texts in the name of a file."""
    return sha256("\0".join(texts).encode()).hexdigest()[:32]


@cache
def oracle_digest() -> str:
    """Return what stands for all that points and exact results depend on beside the loss."""
    sources = [*sorted(ORACLE.glob("*.py")), *(PROOF / f"{name}.py" for name in POINTS)]
    releases = [version(name) for name in ("sympy", "mpmath", "numpy")]
    return digest(*(path.read_text(encoding="utf-8") for path in sources), *releases)


def declared(loss: Loss) -> str:
    """Return all that a loss declares of its numbers, as a text."""
    return repr(
        (loss.name, loss.cases, loss.parts, loss.dialects, loss.tensors(), loss.parameters())
    )


def exhibits(loss: Loss, folder: Path | None) -> tuple[Exhibit, ...]:
    """Return the points of a loss, with what is known of them."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        if folder is not None:
            return tuple(_read(loss, json.loads(_file(loss, folder).read_bytes())))
    return tuple(Exhibit(loss, point) for point in points(loss))


def keep(loss: Loss, found: tuple[Exhibit, ...], folder: Path | None) -> None:
    """Write what is known of the points of a loss; without a cache, do nothing."""
    if folder is not None:
        write(_file(loss, folder), json.dumps([_written(exhibit) for exhibit in found]))


def write(file: Path, text: str) -> None:
    """Write a file of the cache, whole or not at all."""
    temporary = file.with_suffix(f".{os.getpid()}.tmp")
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(text, encoding="utf-8")
        os.replace(temporary, file)


def _file(loss: Loss, folder: Path) -> Path:
    return folder / f"{digest(oracle_digest(), declared(loss))}.exact.json"


def _written(exhibit: Exhibit) -> dict[str, Any]:
    point, facts = exhibit.point, exhibit.facts
    return {
        "label": point.label,
        "inputs": {name: _array(array) for name, array in point.inputs.items()},
        "options": {name: _option(value) for name, value in point.options.items()},
        "along": dict(point.along),
        "facts": [facts.shape, facts.shapes, facts.terms, facts.multiplies],
        "held": [[*key, *map(_array, truth.arrays)] for key, truth in exhibit.held.items()],
    }


def _read(loss: Loss, listed: list[Any]) -> Iterator[Exhibit]:
    for one in listed:
        inputs = {name: _as_array(array) for name, array in one["inputs"].items()}
        options = {name: _as_option(value) for name, value in one["options"].items()}
        point = Point(loss.name, one["label"], inputs, options, along=one["along"], strict=False)
        shape, shapes, count, multiplied = one["facts"]
        sizes: Mapping[str, tuple[int, ...]] = {n: tuple(size) for n, size in shapes.items()}
        facts = Facts(tuple(shape), sizes, count, multiplied)
        held = {
            (reduction, ones, quantity, name): Truth(*map(_as_array, arrays))
            for reduction, ones, quantity, name, *arrays in one["held"]
        }
        yield Exhibit(loss, point, held, facts)


def _array(array: Array) -> list[Any]:
    return [array.dtype.kind, list(array.shape), array.ravel().tolist()]


def _as_array(listed: list[Any]) -> Array:
    kind, shape, numbers = listed
    return np.array(numbers, dtype=f"{kind}8").reshape(shape)


def _option(value: Any) -> Any:
    return {"array": _array(value)} if isinstance(value, np.ndarray) else value


def _as_option(value: Any) -> Any:
    return _as_array(value["array"]) if isinstance(value, dict) else value


__all__ = ["declared", "digest", "exhibits", "keep", "oracle_digest", "write"]
