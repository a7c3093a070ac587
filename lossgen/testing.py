"""Tests for those who copy a package: calls with exact results, which need no lossgen to run."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path

from lossgen.cache import cache_folder
from lossgen.errors import LossgenError


def tests(specs: Path, backends: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return the file that checks each package, by its name.

    Raises:
        LossgenError: NumPy is missing, or the specs have faults.
    """
    if importlib.util.find_spec("numpy") is None:
        raise LossgenError(
            "exact results are found with NumPy, which is not installed; install it, or build "
            "without --with-tests."
        )
    from lossgen.jobs import load
    from lossgen.proof.store import exhibits
    from lossgen.proof.tables import calls, rows
    from lossgen.render import render_tests

    cache = cache_folder()
    cache = None if cache is None else cache / "proofs"
    losses = load(specs)
    found = [calls(loss, exhibits(loss, cache)) for loss in losses]
    own = specs.resolve().name
    exports = [(loss.function, loss.name) for loss in losses]
    return {
        name: render_tests(name, [row for each in found for row in rows(each, name)], exports, own)
        for name in backends
    }


__all__ = ["tests"]
