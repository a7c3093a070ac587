"""The examples for MindSpore, run as a user runs them."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SHOWN = {
    "linear_regression": (r"loss is ([0-9.]+)", 10),
    "two_labels": (r"loss: +([0-9.]+)", 25),
    "learnt_temperature": (r"loss ([0-9.]+),", 6),
}


@pytest.mark.parametrize("name", SHOWN)
def test_the_loss_goes_down(name):
    pattern, count = SHOWN[name]
    done = subprocess.run(
        [sys.executable, "-m", f"examples.mindspore.{name}"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    losses = [float(number) for number in re.findall(pattern, done.stdout)]
    assert len(losses) == count
    # The mean of a few, since each is that of another batch.
    few = count // 3
    assert sum(losses[-few:]) < sum(losses[:few])
