"""Files of specs, one after the other in this process, or spread over several."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from lossgen.errors import Found
from lossgen.memory import collected_seldom

if TYPE_CHECKING:
    from lossgen.units import Made

SHARE = 4  # files that a process takes at a time
_forever = ExitStack()  # what a process of a pool begins with


def made_of(
    folder: Path,
    sources: Sequence[str],
    backends: Sequence[str],
    jobs: int,
    found: Sequence[Found],
) -> Iterator[Made]:
    """Yield what the files give; after the first fault they are only looked through for more."""
    jobs = min(jobs, -(-len(sources) // SHARE))
    if jobs <= 1:
        from lossgen.verbatim import verbatim

        with verbatim():  # for all: SymPy forgets what it knows whenever that changes
            yield from (
                _make(folder, () if any(file.faults for file in found) else backends, source)
                for source in sources
            )
        return
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    # Spawned, not forked: the processes then start alike on every platform, and inherit no lock.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context, initializer=_begin) as pool:
        yield from pool.map(partial(_make, folder, backends), sources, chunksize=SHARE)


def _begin() -> None:
    """Begin as a process that does nothing else."""
    from lossgen.verbatim import verbatim

    _forever.enter_context(collected_seldom())
    _forever.enter_context(verbatim())


def _make(folder: Path, backends: Sequence[str], source: str) -> Made:
    from lossgen.units import make_unit

    return make_unit(folder, source, backends)


__all__ = ["made_of"]
