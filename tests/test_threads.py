"""Losses on several threads: the same numbers, and nothing that a caller would have to know of."""

import os
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import chainer
import numpy as np
import pytest

from generated import chainer as in_chainer
from generated import numpy as in_numpy
from generated.chainer import _threads as threads_of_chainer
from generated.chainer import _tiles as tiles_of_chainer
from generated.numpy import _threads as threads_of_numpy
from generated.numpy import _tiles as tiles_of_numpy

ROOT = Path(__file__).parents[1]
WAIT = 60.0  # seconds, after which a thread that was expected is held to be missing

each_package = pytest.mark.parametrize(
    "threads", [threads_of_numpy, threads_of_chainer], ids=["numpy", "chainer"]
)


def drawn():
    rng = np.random.default_rng(0)
    x, t = rng.standard_normal((2, 50, 40), np.float32)
    return x, t, rng.integers(40, size=50)


def numpys():
    x, t, labels = drawn()
    found = []
    for loss, *given in (
        (in_numpy.HuberLoss(), x, t),
        (in_numpy.BCEWithLogitsLoss(reduction="none"), x, t),
        (in_numpy.CrossEntropyLoss(), x, labels),
        (in_numpy.CosineDistanceLoss(), x, t),
    ):
        value, gradients = loss.value_and_grad(*given)
        found += [value, *gradients]
    return found


def chainers():
    x, t, labels = drawn()
    found = []
    for loss, given in (
        (in_chainer.HuberLoss(delta=chainer.Parameter(np.array(0.5, np.float32))), t),
        (in_chainer.CrossEntropyLoss(weight=np.linspace(0, 1, 40, dtype=np.float32)), labels),
        (in_chainer.CosineDistanceLoss(), t),
    ):
        first = chainer.Variable(x)
        value = loss(first, given)
        value.backward()
        found += [value.array, first.grad]
        if isinstance(loss, in_chainer.HuberLoss):
            found.append(loss.delta.grad)
    return found


@pytest.mark.parametrize("run", [numpys, chainers])
def test_the_number_of_threads_changes_no_bit(run, monkeypatch):
    monkeypatch.setattr(tiles_of_numpy, "TILE", 90)
    monkeypatch.setattr(tiles_of_chainer, "TILE", 90)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    alone = run()
    for count in ("2", "3", "8"):
        monkeypatch.setenv("OMP_NUM_THREADS", count)
        for _ in range(3):
            for one, other in zip(run(), alone, strict=True):
                np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("run", [numpys, chainers])
def test_results_wait_for_the_memory_that_is_prepared_for_them(run, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    for tiles in (tiles_of_numpy, tiles_of_chainer):
        monkeypatch.setattr(tiles, "TILE", 90)
    expected = run()
    for tiles in (tiles_of_numpy, tiles_of_chainer):
        prepare = tiles._Gathered.prepare

        def late(self, shared, prepare=prepare):
            time.sleep(0.05)  # the helper is done with its first piece by then
            prepare(self, shared)

        monkeypatch.setattr(tiles._Gathered, "prepare", late)
    for found, value in zip(run(), expected, strict=True):
        np.testing.assert_array_equal(found, value)


@each_package
@pytest.mark.parametrize(("count", "shared"), [(1, False), (10, True)], ids=["alone", "helped"])
def test_what_is_to_be_done_first_is_told_of_helpers(threads, count, shared, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    found = []
    threads.share_out(
        lambda _: None, count, lambda told: found.append((told, threading.get_ident()))
    )
    assert found == [(shared, threading.get_ident())]


@each_package
@pytest.mark.parametrize(("said", "count"), [("1", 1), ("3", 3), ("4,2", 4), (" 2 ", 2), ("64", 8)])
def test_the_environment_says_how_many_threads(threads, said, count, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", said)
    assert threads.thread_count() == count


@each_package
@pytest.mark.parametrize("said", ["", "0", "-1", "many"])
def test_otherwise_there_are_as_many_as_processors(threads, said, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", said)
    own = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    assert threads.thread_count() == min(own, threads.MOST)


def both_at_work(threads, monkeypatch, act):
    """Run something on this thread and on a helper at the same time; return what each gave."""
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    met, found = threading.Barrier(2), {}

    def work(number):
        if number > 1:
            return
        met.wait(WAIT)
        found[threading.current_thread() is threading.main_thread()] = act(number)

    threads.share_out(work, 4)
    return found[True], found[False]


@each_package
def test_helpers_heed_the_errstate_of_the_caller(threads, monkeypatch):
    with np.errstate(over="ignore", divide="raise", invalid="print", under="warn"):
        own, helpers = both_at_work(threads, monkeypatch, lambda number: np.geterr())
    assert (
        own
        == helpers
        == {
            "over": "ignore",
            "divide": "raise",
            "invalid": "print",
            "under": "warn",
        }
    )


@each_package
def test_a_helper_calls_no_helpers(threads, monkeypatch):
    def nested(number):
        found = set()
        threads.share_out(lambda _: found.add(threading.get_ident()), 5)
        return found, threading.get_ident()

    _, (found, own) = both_at_work(threads, monkeypatch, nested)
    assert found == {own}


@each_package
@pytest.mark.parametrize("place", ["here", "helper"])
def test_an_error_is_raised_where_the_loss_was_called(threads, place, monkeypatch):
    def fail(number):
        if (threading.current_thread() is threading.main_thread()) == (place == "here"):
            raise MemoryError(f"no room {place}")

    with pytest.raises(MemoryError, match=f"no room {place}"):
        both_at_work(threads, monkeypatch, fail)


@each_package
def test_few_pieces_call_no_helpers(threads, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "8")
    found = set()

    def work(number):
        time.sleep(0.01)  # in which a helper would have come
        found.add(threading.get_ident())

    threads.share_out(work, 3)
    assert found == {threading.get_ident()}


@each_package
def test_an_error_ends_the_work(threads, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    done = []

    def work(number):
        done.append(number)
        if number == 2:
            raise ValueError("enough")

    with pytest.raises(ValueError, match="enough"):
        threads.share_out(work, 10)
    assert done == [0, 1, 2]


SCRIPT = """
    import atexit, os, sys, threading
    import numpy as np
    from generated.numpy import HuberLoss

    x, t = np.random.default_rng(0).standard_normal((2, 1 << 20))
    loss = HuberLoss()
    loss.value_and_grad(x[:1000], t[:1000])
    assert threading.active_count() == 1, "a small loss needs no threads"
    value, _ = loss.value_and_grad(x, t)
    assert threading.active_count() > 1, "a large one takes them"
    child = os.fork()
    if not child:
        again, _ = loss.value_and_grad(x, t)
        os._exit(0 if again == value and threading.active_count() > 1 else 1)
    assert os.waitpid(child, 0)[1] == 0, "a forked process has threads of its own"
    # Here Python does not start threads any more.
    atexit.register(lambda: print("same" if loss.value_and_grad(x, t)[0] == value else "other"))
"""


def test_in_small_calls_forked_processes_and_at_the_end():
    environment = os.environ | {"OMP_NUM_THREADS": "2", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(SCRIPT)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "same\n"), done.stderr
