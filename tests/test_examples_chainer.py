"""The Chainer examples run as their docstrings say, and what they print goes down."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = sorted(path.stem for path in (ROOT / "examples" / "chainer").glob("*.py"))
# What is printed for each step: all of it must fall, from the first line to the last.
COLUMNS = {
    "regression": r"loss (\S+)",
    "regularised": r"loss (\S+)  of which penalty \S+",
    "two_heads": r"\d+ +" + r" +".join([r"(\S+)"] * 6),
}


def run(name: str) -> str:
    """Return what an example prints."""
    command = [sys.executable, "-W", "ignore", "-m", f"examples.chainer.{name}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return done.stdout


def test_every_example_is_run() -> None:
    assert sorted(COLUMNS) == EXAMPLES


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_loss_goes_down(name: str) -> None:
    rows = [tuple(map(float, row.groups())) for row in re.finditer(COLUMNS[name], run(name))]
    assert len(rows) > 4
    for first, last in zip(rows[0], rows[-1], strict=True):
        assert last < first / 2


def test_the_two_heads_are_logged_by_their_names() -> None:
    head = run("two_heads").splitlines()[0].split()
    sets, parts = ("main/", "validation/main/"), ("loss", "criterion/loss1", "criterion/loss2")
    assert head == ["epoch", *(f"{at}{part}" for part in parts for at in sets)]
