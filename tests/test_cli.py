"""The command line, run as a user runs it; where texts are rendered, a stub renders them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from lossgen import jobs
from lossgen.cli import main
from lossgen.errors import FaultySpecsError, SpecError
from lossgen.jobs import Rendered
from lossgen.resources import templates_path

ROOT = Path(__file__).resolve().parent.parent
SPEC = '''"""A squared error.

More words.
"""
from lossgen import Loss, tensor

input, target = tensor("input"), tensor("target")
tiny = Loss("TinyLoss", (input - target) ** 2)
'''


class Stub:
    """Renders two files for each backend, whose text can be set."""

    def __init__(self) -> None:
        self.text = "# first\n"
        self.jobs = 0

    def __call__(self, specs: Path, backends: Sequence[str], jobs: int, *_: object) -> Rendered:
        self.jobs = jobs
        texts = {"__init__.py": "", "_tiny_loss.py": self.text}
        return Rendered(1, {backend: dict(texts) for backend in backends})


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Stub:
    stub = Stub()
    monkeypatch.setattr(jobs, "render", stub)
    return stub


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "tiny.py").write_text(SPEC)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def lossgen(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def tree(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.mark.usefixtures("here")
class TestBuild:
    def test_a_line_for_each_file_and_a_summary(self, stub: Stub) -> None:
        done = lossgen("build", "specs", "--backend", "torch")
        assert done.exit_code == 0
        assert done.stdout.splitlines() == [
            "created generated/__init__.py",
            "created generated/torch/__init__.py",
            "created generated/torch/_tiny_loss.py",
            "created generated/torch/.lossgen.json",
            "1 loss, 1 backend: 4 created in generated",
        ]
        stub.text = "# second\n"
        done = lossgen("build", "specs", "--backend", "torch")
        assert done.stdout.splitlines() == [
            "changed generated/torch/_tiny_loss.py",
            "changed generated/torch/.lossgen.json",
            "1 loss, 1 backend: 2 changed in generated",
        ]
        done = lossgen("build", "specs", "--backend", "torch")
        assert done.stdout == "1 loss, 1 backend: generated is up to date\n"

    def test_all_backends_by_default_and_out_and_jobs(self, stub: Stub, here: Path) -> None:
        assert lossgen("build", "specs", "--out", "deep/er", "--jobs", "3").exit_code == 0
        folders = {path.name for path in (here / "deep" / "er").iterdir() if path.is_dir()}
        assert folders == {"numpy", "torch", "jax", "mindspore", "chainer"}
        assert stub.jobs == 3
        assert not (here / "generated").exists()

    def test_a_backend_may_be_repeated(self, stub: Stub, here: Path) -> None:
        lossgen("build", "specs", "--backend", "jax", "--backend", "torch", "--backend", "jax")
        assert {path.name for path in (here / "generated").iterdir()} == {
            "__init__.py",
            "jax",
            "torch",
        }

    def test_a_hand_edited_file_is_kept_without_force(self, stub: Stub, here: Path) -> None:
        lossgen("build", "specs", "--backend", "torch")
        file = here / "generated" / "torch" / "_tiny_loss.py"
        file.write_text("# mine\n")
        done = lossgen("build", "specs", "--backend", "torch")
        assert done.exit_code == 1
        assert done.stderr.startswith(
            "Error: generated/torch/_tiny_loss.py was edited by hand\nNothing was written"
        )
        assert file.read_text() == "# mine\n"
        assert lossgen("build", "specs", "--backend", "torch", "--force").exit_code == 0
        assert file.read_text() == stub.text

    def test_an_output_folder_below_a_file(self, stub: Stub, here: Path) -> None:
        (here / "file").write_text("")
        done = lossgen("build", "specs", "--out", "file/generated")
        assert done.exit_code == 1
        assert re.search(r"^Error: file/generated.*Not a directory.*--out\.$", done.stderr, re.M)

    def test_an_output_folder_in_the_specs(self, stub: Stub) -> None:
        done = lossgen("build", "specs", "--out", "specs/generated")
        assert done.exit_code == 1
        assert done.stderr == (
            "Error: specs/generated lies in specs, where it would be read as specs; "
            "choose an --out beside it.\n"
        )

    def test_an_unknown_backend(self) -> None:
        done = lossgen("build", "specs", "--backend", "tinygrad")
        assert done.exit_code == 1
        assert done.stderr.startswith(
            "Error: there is no backend 'tinygrad'; there are numpy, torch,"
        )
        done = lossgen("build", "specs", "--backend", "Pytorch")
        assert done.stderr.startswith(
            "Error: there is no backend 'Pytorch'; did you mean torch, of numpy, torch,"
        )

    def test_an_empty_output_folder(self) -> None:
        done = lossgen("build", "specs", "--out", "")
        assert done.exit_code == 2
        assert done.stderr.endswith("'--out': it is empty; write the name of a folder.\n")

    def test_a_folder_that_is_not_there(self) -> None:
        done = lossgen("build", "nowhere")
        assert done.exit_code == 2
        assert "Directory 'nowhere' does not exist." in done.stderr

    @pytest.mark.parametrize("jobs", ["0", "-1", "x", "1.5", ""])
    def test_no_jobs(self, jobs: str) -> None:
        done = lossgen("build", "specs", "--jobs", jobs)
        assert done.exit_code == 2
        assert "Invalid value for '--jobs'" in done.stderr

    def test_a_file_for_a_folder(self, here: Path) -> None:
        done = lossgen("build", str(here / "specs" / "tiny.py"))
        assert done.exit_code == 2
        assert done.stderr.endswith("tiny.py' is a file.\n")

    def test_an_output_folder_that_is_a_file(self, stub: Stub, here: Path) -> None:
        (here / "file").write_text("mine")
        for more in ((), ("--check",), ("--force",)):
            done = lossgen("build", "specs", "--out", "file", *more)
            assert done.exit_code == 1
            assert re.fullmatch(r"Error: file\S* cannot be .*Not a directory.*\n", done.stderr)
        assert (here / "file").read_text() == "mine"

    def test_words_that_are_mistyped_are_recognised(self) -> None:
        assert "Did you mean 'build'?" in lossgen("biuld", "specs").stderr
        assert "'--check'" in lossgen("build", "specs", "--chek").stderr

    def test_all_faults_are_shown(self, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        faults = tuple(SpecError(file=f"{i}.py", problem="is [odd]") for i in range(2))

        def faulty(*_: object) -> Rendered:
            raise FaultySpecsError(faults)

        monkeypatch.setattr(jobs, "render", faulty)
        done = lossgen("build", "specs")
        assert done.exit_code == 1
        assert done.stderr == "Error: 0.py: is [odd].\n1.py: is [odd].\n"
        assert not (here / "generated").exists()


@pytest.mark.usefixtures("here")
class TestCheck:
    def test_passes_when_nothing_would_change(self, stub: Stub) -> None:
        lossgen("build", "specs")
        done = lossgen("build", "specs", "--check")
        assert done.exit_code == 0
        assert done.stdout == "1 loss, 5 backends: generated is up to date\n"

    def test_shows_the_difference_and_the_command_that_accepts_it(
        self, stub: Stub, here: Path
    ) -> None:
        arguments = ("specs", "--out", "the output", "--backend", "jax")
        lossgen("build", *arguments)
        before = tree(here)
        stub.text = "# input[n, c] second" + " and a long line" * 20 + "\n"
        done = lossgen("build", *arguments, "--check")
        assert done.exit_code == 1
        assert (
            "--- a/the output/jax/_tiny_loss.py\n+++ b/the output/jax/_tiny_loss.py\n"
            in done.stdout
        )
        assert f"\n-# first\n+{stub.text}" in done.stdout
        assert done.stderr == (
            "Error: the output is not what the specs give; to accept the difference:\n\n"
            "    lossgen build specs --out 'the output' --backend jax\n"
        )
        assert tree(here) == before

    def test_an_edit_by_hand_is_accepted_with_force(self, stub: Stub, here: Path) -> None:
        lossgen("build", "specs")
        (here / "generated" / "jax" / "_tiny_loss.py").write_text("# mine\n")
        done = lossgen("build", "specs", "--check")
        assert done.exit_code == 1
        assert done.stderr.endswith("    lossgen build specs --force\n")
        assert "-# mine\n+# first\n" in done.stdout

    def test_files_that_are_stale_missing_or_damaged(self, stub: Stub, here: Path) -> None:
        lossgen("build", "specs", "--backend", "jax")
        package = here / "generated" / "jax"
        listing = package / ".lossgen.json"
        whole = listing.read_text()
        (package / "_tiny_loss.py").unlink()
        done = lossgen("build", "specs", "--backend", "jax", "--check")
        assert done.exit_code == 1
        assert done.stdout == "missing: generated/jax/_tiny_loss.py\n"
        listing.write_text(whole[:-9])
        done = lossgen("build", "specs", "--backend", "jax", "--check")
        assert done.exit_code == 1
        assert done.stderr.startswith("Error: generated/jax/.lossgen.json is damaged; restore it")
        assert listing.read_text() == whole[:-9]

    def test_nothing_is_made_where_nothing_was(self, stub: Stub, here: Path) -> None:
        done = lossgen("build", "specs", "--backend", "jax", "--check")
        assert done.exit_code == 1
        assert done.stdout == "missing: generated/__init__.py\nmissing: generated/jax/\n"
        assert not (here / "generated").exists()


@pytest.mark.usefixtures("here")
class TestRealSpec:
    def test_jobs_give_the_same_output(self, here: Path) -> None:
        words = [sys.executable, "-m", "lossgen", "build", "specs"]
        words += ["--backend", "numpy", "--backend", "torch"]
        for jobs_, seed, folder in (("1", "0", "a"), ("2", "777", "b")):
            command = [*words, "--jobs", jobs_, "--out", folder]
            environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": seed}
            subprocess.run(command, env=environment, check=True, capture_output=True)
        assert tree(here / "a") == tree(here / "b")
        assert "torch/_tiny_loss.py" in tree(here / "a")

    def test_the_specs_folder_may_be_given_absolutely(self, here: Path) -> None:
        arguments = ("--backend", "numpy", "--out")
        assert lossgen("build", "specs", *arguments, "a").exit_code == 0
        assert lossgen("build", str(here / "specs"), *arguments, str(here / "b")).exit_code == 0
        assert tree(here / "a") == tree(here / "b")

    def test_a_fault_leaves_the_output_as_it_was(self, here: Path) -> None:
        assert lossgen("build", "specs", "--backend", "numpy").exit_code == 0
        before = tree(here / "generated")
        (here / "specs" / "one.py").write_text("def (\n")
        (here / "specs" / "two.py").write_text("1 / 0\n")
        done = lossgen("build", "specs", "--backend", "numpy")
        assert done.exit_code == 1
        assert "one.py:1: raises SyntaxError" in done.stderr
        assert "two.py:1: raises ZeroDivisionError: division by zero" in done.stderr
        assert "Traceback" not in done.output
        assert tree(here / "generated") == before

    def test_an_empty_folder(self, here: Path) -> None:
        (here / "specs" / "tiny.py").unlink()
        done = lossgen("build", "specs")
        assert done.exit_code == 1
        assert done.stderr.startswith("Error: specs declares no loss;")

    def test_list(self) -> None:
        lines = lossgen("list").stdout.splitlines()
        assert lines[0].split() == ["class", "function", "summary"]
        assert lines[1].split(maxsplit=2) == ["TinyLoss", "tiny_loss", "A squared error."]

    @pytest.mark.parametrize("name", ["TinyLoss", "tiny_loss"])
    def test_show(self, name: str) -> None:
        done = lossgen("show", name)
        assert done.exit_code == 0
        assert done.stdout.startswith("TinyLoss")

    def test_show_suggests_a_name(self) -> None:
        done = lossgen("show", "TinyLos")
        assert done.exit_code == 1
        assert done.stderr == ("Error: specs declares no loss TinyLos; did you mean TinyLoss?\n")
        assert lossgen("show", "zzz").stderr == (
            "Error: specs declares no loss zzz; lossgen list shows those there are.\n"
        )


def test_help_names_every_command_and_option() -> None:
    assert {"build", "list", "show"} <= set(lossgen("--help").stdout.split())
    text = lossgen("build", "--help").stdout
    assert all(option in text for option in ("--out", "--backend", "--jobs", "--check", "--force"))


def test_sympy_is_imported_only_when_it_is_used() -> None:
    code = "import sys, lossgen.cli; sys.exit('sympy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_the_templates_are_found() -> None:
    assert list(templates_path().glob("*/*.jinja"))
