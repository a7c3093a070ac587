"""The JAX examples run as their docstrings say: the loss goes down, the temperature is learnt."""

import re
import subprocess
import sys
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = sorted(path.stem for path in (ROOT / "examples" / "jax").glob("*.py"))


@cache
def printed(name: str) -> str:
    """Return what an example prints."""
    command = [sys.executable, "-W", "error", "-m", f"examples.jax.{name}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def numbers(name: str, word: str) -> list[float]:
    return [float(number) for number in re.findall(rf"{word} +(\S+)", printed(name))]


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 2


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_loss_goes_down_at_every_line(name: str) -> None:
    losses = numbers(name, "loss")
    assert len(losses) > 5
    # The runs are seeded and use the whole data at each step: this is no noise.
    assert all(later < earlier for earlier, later in pairwise(losses))
    assert losses[-1] < losses[0]


def test_the_temperature_is_trained_with_the_network() -> None:
    first, *others = numbers("learnt_temperature", "temperature")
    assert first == 0.5
    assert all(0 < temperature < 0.4 for temperature in others)
    assert all(later != earlier for earlier, later in pairwise([first, *others]))
