"""Verify what a build has derived before anything is written: each loss, as NumPy runs it."""

from __future__ import annotations

import importlib.util
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from lossgen.cache import cache_folder
from lossgen.errors import FaultySpecsError, LossgenError, SpecError

if TYPE_CHECKING:
    from lossgen.loss import Loss

BACKEND = "numpy"
PACKAGE = "lossgen_locked"
REMEDY = "write the formula otherwise, and report a bug of lossgen, or build with --no-verify"
SHARE = 2  # files that a process takes at a time


def verify(
    specs: Path, sources: Sequence[str], jobs: int, advance: Callable[[int, int], object]
) -> None:
    """Verify the losses of some files of specs.

    Raises:
        FaultySpecsError: a loss overflows, is not a number, or errs by more than is promised.
        LossgenError: NumPy is missing.
    """
    if importlib.util.find_spec("numpy") is None:
        raise LossgenError(
            "losses are verified with NumPy, which is not installed; install it, or build with "
            "--no-verify."
        )
    found: list[SpecError] = []
    for done, faults in enumerate(_verified(specs.resolve(), sources, jobs), 1):
        found += faults
        advance(done, len(sources))
    if found:
        raise FaultySpecsError(tuple(found))


def _verified(folder: Path, sources: Sequence[str], jobs: int) -> Iterator[tuple[SpecError, ...]]:
    jobs = min(jobs, -(-len(sources) // SHARE))
    if jobs <= 1:
        yield from map(partial(_verify, folder), sources)
        return
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context) as pool:
        yield from pool.map(partial(_verify, folder), sources, chunksize=SHARE)


def _verify(folder: Path, source: str) -> tuple[SpecError, ...]:
    """Verify one file of specs, unless its losses were found right before."""
    from lossgen.load import load_spec
    from lossgen.proof.runners import RUNNERS
    from lossgen.proof.store import write

    cache = cache_folder()
    cache = None if cache is None else cache / "proofs"
    losses = sorted(load_spec(folder, source).losses, key=lambda loss: loss.function)
    texts = _texts(losses)
    verdict = None if cache is None else cache / f"{_key(losses, texts)}.passed"
    if verdict is not None and verdict.exists():
        return ()
    with _imported(texts) as package:
        run = RUNNERS[BACKEND](package)
        found = tuple(each for loss in losses for each in _faults(loss, run, cache))
    if verdict is not None and not found:
        write(verdict, "")
    return found


def _faults(loss: Loss, run: Any, cache: Path | None) -> tuple[SpecError, ...]:
    """Return what is wrong with a loss; its code may end in an error of Python's or NumPy's."""
    from lossgen.proof.lock import faults

    try:
        return faults(loss, run, cache)
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        inside = [frame for frame in frames if Path(frame.filename).parent.name == PACKAGE]
        if not inside:  # then it is none of the loss
            raise
        problem = f"its NumPy code ends in {type(error).__name__}, {error},"
        return (SpecError(loss.source, loss.name, None, inside[-1].line, problem, REMEDY),)


def _texts(losses: Sequence[Loss]) -> dict[str, str]:
    """Return the files of a package of these losses alone."""
    from lossgen.render import render_loss, render_shared

    texts, called = {}, set[str]()
    for loss in losses:
        (text, _), functions = render_loss(loss, BACKEND)
        texts[f"_{loss.function}.py"] = text
        called |= {*functions}
    return texts | render_shared(BACKEND, called, [(loss.function, loss.name) for loss in losses])


def _key(losses: Sequence[Loss], texts: dict[str, str]) -> str:
    from lossgen.proof.store import PROOF, declared, digest, oracle_digest

    sources = [path.read_text(encoding="utf-8") for path in sorted(PROOF.glob("*.py"))]
    parts = [*map(declared, losses), *(texts[path] for path in sorted(texts)), *sources]
    return digest(oracle_digest(), *parts)


@contextmanager
def _imported(texts: dict[str, str]) -> Iterator[ModuleType]:
    """Import a package from a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="lossgen-") as folder:
        package = Path(folder) / PACKAGE
        package.mkdir()
        for path, text in texts.items():
            (package / path).write_text(text, encoding="utf-8")
        sys.path.insert(0, folder)
        importlib.invalidate_caches()
        try:
            yield importlib.import_module(PACKAGE)
        finally:
            sys.path.remove(folder)
            for name in [name for name in sys.modules if name.split(".")[0] == PACKAGE]:
                del sys.modules[name]


__all__ = ["verify"]
