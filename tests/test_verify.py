"""`lossgen verify`: a table of what holds, JSON, missing frameworks by name, exit status 1."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from lossgen.cli import main

ROOT = Path(__file__).parents[1]
SPEC = """\"\"\"Some loss.\"\"\"

from lossgen import Loss, tensor

x, t = tensor("input"), tensor("target")

error = x - t
some_loss = Loss("SomeLoss", error**2)
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Return specs and a generated package, of a name of its own as modules stay imported."""
    folder = tmp_path_factory.mktemp("verified")
    (folder / "specs").mkdir()
    (folder / "specs" / "some.py").write_text(SPEC)
    command = ["build", str(folder / "specs"), "--out", str(folder / "verified_losses")]
    assert CliRunner().invoke(main, command).exit_code == 0
    return folder


def verify(folder, *options, package="verified_losses"):
    paths = ["--specs", str(folder / "specs"), "--generated", str(folder / package)]
    return CliRunner().invoke(main, ["verify", *options, *paths])


def test_a_row_for_each_backend_and_dtype(built, tmp_path):
    file = tmp_path / "report.json"
    result = verify(
        built, "SomeLoss", "--json", str(file), "--backend", "numpy", "--backend", "torch"
    )
    assert result.exit_code == 0, result.output
    assert "passed" in result.output
    rows = json.loads(file.read_text())["rows"]
    assert [(row["backend"], row["dtype"]) for row in rows] == [
        (backend, dtype) for backend in ("numpy", "torch") for dtype in ("float32", "float64")
    ]
    for row in rows:
        assert row["passed"]
        assert row["finite"]
        assert row["nan"]
        assert row["dtype_kept"]
        assert 0 < row["gradient"] <= 4
    assert rows[2]["modes"] == {"vmap": True, "compile": True}


@pytest.mark.parametrize("names", [(), ("SomeLoss",), ("some_loss",)])
def test_the_folder_of_specs_may_be_the_last_argument(built, names):
    words = [*names, str(built / "specs"), "--generated", str(built / "verified_losses")]
    result = CliRunner().invoke(main, ["verify", *words, "--backend", "numpy", "--summary"])
    assert result.exit_code == 0, result.output
    assert "SomeLoss" in result.output


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["here", "--specs", "here"], "the folder of specs is given twice, as here and here."),
        (["here", "SomeLoss"], "the folder of specs comes last, and once; got here."),
        (["SomeLoss", "gone/"], "Invalid value for '[SPECS]': Directory 'gone/' does not exist."),
        ([], "Invalid value for '[SPECS]': Directory 'specs' does not exist."),
        (["here", "a:b", "c:d", "here"], "the folder of specs comes last, and once; got here."),
    ],
    ids=["twice", "first", "gone", "none", "two"],
)
@pytest.mark.parametrize("command", ["verify", "audit"])
def test_a_folder_of_specs_that_is_not_plain_is_refused(
    words, sentence, command, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "here").mkdir()
    (tmp_path / "generated").mkdir()
    result = CliRunner().invoke(main, [command, *words])
    assert result.exit_code == 2
    assert result.output.endswith(f"Error: {sentence}\n")


def test_an_audit_is_of_one_loss(tmp_path):
    result = CliRunner().invoke(main, ["audit", "a:b", "c:d", str(tmp_path)])
    assert result.exit_code == 2
    assert result.output.endswith("Error: one TARGET at a time; got a:b and c:d.\n")


def test_a_summary_has_a_row_for_each_backend_and_dtype(built):
    lines = verify(built, "--summary", "--backend", "numpy").output.splitlines()
    assert [line.split(" | ")[:3] for line in lines[2:]] == [
        ["| numpy", "float32", "1"],
        ["| numpy", "float64", "1"],
    ]
    assert all("SomeLoss" in line for line in lines[2:])


@pytest.mark.parametrize(
    ("right", "wrong", "sign"),
    [
        ("return (input - target) ** 2", "return (input - target) ** 2 + 1e-3", "ULP where"),
        (
            "return (input - target) ** 2",
            "return (input > target).astype(input.dtype)",
            "NaN in input is lost",
        ),
    ],
    ids=["value", "nan"],
)
def test_a_planted_error_is_found(built, right, wrong, sign):
    package = "planted_" + sign.split()[0].lower()
    shutil.copytree(built / "verified_losses", built / package)
    file = built / package / "numpy" / "_some_loss.py"
    assert right in file.read_text()
    file.write_text(file.read_text().replace(right, wrong))
    result = verify(built, "--backend", "numpy", package=package)
    assert result.exit_code == 1
    assert sign in result.output


def test_what_cannot_be_imported_is_named_as_missing(built):
    shutil.copytree(built / "verified_losses", built / "missing_losses")
    (built / "missing_losses" / "jax" / "__init__.py").write_text("import no_such_framework\n")
    result = verify(built, "--backend", "jax", package="missing_losses")
    assert (
        "jax is missing: ModuleNotFoundError: No module named 'no_such_framework'" in result.output
    )


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["SomLoss"], "declares no loss SomLoss; did you mean SomeLoss?"),
        (
            ["--backend", "toy"],
            "holds no package toy that can be run; build it, or choose of numpy",
        ),
        (["--python", "torch"], "--python torch names no Python; write --python torch=PATH."),
    ],
)
def test_mistakes_are_answered_by_a_sentence(built, options, sentence):
    result = verify(built, *options)
    assert result.exit_code == 1
    assert sentence in result.output
