"""The PyTorch examples run as their docstrings say, and the loss that they print goes down."""

import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = sorted(path.stem for path in (ROOT / "examples" / "torch").glob("*.py"))


def losses(name: str) -> list[float]:
    """Return the losses that an example prints."""
    command = [sys.executable, "-m", f"examples.torch.{name}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return [float(number) for number in re.findall(r"loss (\S+)", done.stdout)]


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 4


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_loss_goes_down_at_every_line(name: str) -> None:
    printed = losses(name)
    assert len(printed) > 4
    assert all(later < earlier for earlier, later in pairwise(printed))
    assert printed[-1] < 0.7 * printed[0]  # the runs are seeded: this is no noise
