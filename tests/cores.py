"""One core for each worker of pytest, while MindSpore runs.

Its threads hand work to each other and spin until it is taken. Where each worker has threads on
every core, those that spin keep off those that are waited for, and operations take several times as
long.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

THREADS = Path("/proc/self/task")
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")  # gw0, gw1, ... where there are several
MOVABLE = bool(WORKER) and hasattr(os, "sched_setaffinity") and THREADS.is_dir()


@contextmanager
def one_core() -> Iterator[None]:
    """Keep all threads of this worker on one core; alone, it keeps all cores."""
    if not MOVABLE:
        yield
        return
    cores = os.sched_getaffinity(0)
    _move({sorted(cores)[int(WORKER.removeprefix("gw")) % len(cores)]})
    try:
        yield
    finally:
        _move(cores)


def _move(cores: set[int]) -> None:
    for thread in THREADS.iterdir():
        with suppress(ProcessLookupError):  # it may have ended
            os.sched_setaffinity(int(thread.name), cores)
