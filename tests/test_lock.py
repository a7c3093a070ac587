"""The lock: a loss that overflows, is not a number or errs by too much is not written."""

import json
import re
import textwrap
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from lossgen import locking
from lossgen.cli import main

SQUARED = """
from lossgen import Loss, tensor

x, t = tensor("input"), tensor("target")
good_loss = Loss("GoodLoss", (x - t) ** 2)
"""
# No rule knows that two logarithms of a hyperbolic cosine's arguments meet in one.
OVERFLOWS = """
from sympy import exp
from lossgen import Loss, tensor

x, t = tensor("input"), tensor("target")
rise = exp(x - t)
bad_loss = Loss("BadLoss", rise / (1 + rise) ** 2 * rise)
"""
CANCELS = """
from sympy import cos
from lossgen import Loss, tensor

x, t = tensor("input"), tensor("target")
far = 1 - cos(x - t)
bad_loss = Loss("BadLoss", far)
"""
# Neither 0 nor 1, the simplest numbers, may be given for the input, and float32 has no 0.3.
BOUNDED = CANCELS.replace('tensor("input")', 'tensor("input", lower=0.3, upper=0.9)')

# The same of two arguments, in a quotient and a factor.
SCALED = CANCELS.replace("Loss, tensor", "Loss, parameter, tensor").replace(
    "far = 1 - cos(x - t)",
    'a = parameter("a", 1.0, positive=True)\nfar = a**2 * (1 - cos((x - t) / a))',
)

PAGES = (Path("README.md"), Path("specs/README.md"))
SHOWN = re.compile(r"^( *)```python\n( *\"\"\".*?)^ *```", re.DOTALL | re.MULTILINE)
README = [
    textwrap.dedent(found[2])
    for page in PAGES
    for found in SHOWN.finditer((Path(__file__).parents[1] / page).read_text(encoding="utf-8"))
]


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Return a build of one spec; results are kept between builds of a test."""
    monkeypatch.setenv("LOSSGEN_VERIFY", "1")
    monkeypatch.setenv("LOSSGEN_CACHE", str(tmp_path / "cache"))
    (tmp_path / "specs").mkdir()

    def build(spec, *options):
        text = spec if spec.startswith('"""') else f'"""Some loss."""\n{spec}'
        (tmp_path / "specs" / "some.py").write_text(text)
        out = tmp_path / "out"
        command = ["build", str(tmp_path / "specs"), "--out", str(out), "--backend", "torch"]
        return CliRunner().invoke(main, [*command, *options]), out

    return build


def test_what_is_exact_is_written(run):
    result, out = run(SQUARED)
    assert result.exit_code == 0, result.output
    assert (out / "torch" / "_good_loss.py").exists()


@pytest.mark.parametrize("spec", README, ids=lambda spec: re.findall(r'Loss\(\s*"(\w+)"', spec)[0])
def test_what_the_readme_shows_is_written_as_it_stands(run, spec):
    result, _ = run(spec)
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize(
    "spec",
    [OVERFLOWS, CANCELS, BOUNDED, SCALED],
    ids=["overflows", "cancels", "bounded", "scaled"],
)
def test_what_is_not_is_refused_before_anything_is_written(run, spec):
    result, out = run(spec)
    assert result.exit_code == 1
    assert not out.exists()
    assert "some.py, BadLoss: " in result.output


def test_the_sentence_has_the_simplest_input_and_what_was_expected(run):
    result, _ = run(CANCELS)
    (line, *_) = [line for line in result.output.splitlines() if "the loss is" in line]
    assert "where it should be" in line
    assert "input = " in line
    assert "target = " in line
    assert "declare the inputs that it is meant for with lower= and upper=" in line
    assert "build with --no-verify." in line


def test_code_that_ends_in_an_error_is_a_fault_of_its_loss(run, monkeypatch):
    texts = locking._texts

    def broken(losses):
        found = texts(losses)
        found["_good_loss.py"] = found["_good_loss.py"].replace("input - target", "input - targets")
        return found

    monkeypatch.setattr(locking, "_texts", broken)
    result, out = run(SQUARED)
    assert result.exit_code == 1
    assert not out.exists()
    (line,) = [line for line in result.output.splitlines() if "some.py, GoodLoss: " in line]
    assert "its NumPy code ends in NameError, name 'targets' is not defined, in `" in line
    assert "report a bug of lossgen, or build with --no-verify." in line


def test_the_statement_at_fault_is_named(run):
    result, _ = run(OVERFLOWS)
    assert "it goes wrong in `" in result.output


def test_no_verify_writes_it_and_says_so(run):
    result, out = run(CANCELS, "--no-verify")
    assert result.exit_code == 0
    assert "Warning: nothing was verified, as --no-verify asks." in result.output
    assert (out / "torch" / "_bad_loss.py").exists()


def test_a_build_that_was_not_verified_is_verified_by_the_next(run):
    run(CANCELS, "--no-verify")
    result, _ = run(CANCELS)
    assert result.exit_code == 1


def test_declared_bounds_say_what_a_formula_is_meant_for(run):
    spec = CANCELS.replace('tensor("input")', 'tensor("input", lower=2.0, upper=2.5)')
    spec = spec.replace('tensor("target")', 'tensor("target", lower=0.0, upper=0.5)')
    assert run(spec)[0].exit_code == 0


def test_exact_results_are_kept_by_what_is_declared(run, tmp_path):
    started = time.process_time()
    run(SQUARED, "--force")
    first = time.process_time() - started
    kept = list((tmp_path / "cache" / "proofs").glob("*.exact.json"))
    assert len(kept) == 1
    assert json.loads(kept[0].read_text())
    run("\n" + SQUARED, "--force")  # the same loss
    assert list((tmp_path / "cache" / "proofs").glob("*.exact.json")) == kept
    run(SQUARED.replace("** 2", "** 4"), "--force")
    assert len(list((tmp_path / "cache" / "proofs").glob("*.exact.json"))) == 2
    assert first > 0


def test_a_damaged_cache_is_made_anew(run, tmp_path):
    run(SQUARED)
    for file in (tmp_path / "cache" / "proofs").iterdir():
        file.write_text("[1, 2") if file.suffix == ".json" else file.unlink()
    assert run(SQUARED, "--force")[0].exit_code == 0
