"""A backend of somebody else's: `tests/toy` follows the steps of CONTRIBUTING.md, "Add a backend".

It is exposed as pip would expose it, by its metadata on the path, in processes of its own: no other
test sees a sixth backend.
"""

from __future__ import annotations

import ast
import importlib
import os
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from declared import library
from losses import CASES, Case

from lossgen.registry import names

ROOT = Path(__file__).resolve().parent.parent
TOY = ROOT / "tests" / "toy"
SPEC = '''"""A squared error."""
from lossgen import Loss, tensor

x, t = tensor("input"), tensor("target")
tiny = Loss("TinyLoss", (x - t) ** 2)
'''
# One of each kind: of entries, of classes, of pairs, of the whole batch, with weights, with parts.
KINDS = (
    "HuberLoss",
    "BCEWithLogitsLoss",
    "CrossEntropyLoss",
    "InfoNCELoss",
    "DiceLoss",
    "WeightedMSELoss",
    "TwoHeadLoss",
)
# The promise of either package is 4 ULP for a term and 1 for each doubling of a sum; the sums here
# have fewer than 64 terms, so the two differ by 20 ULP at most of the largest term.
TOLERANCE = 20 * float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Site:
    """A folder of installed packages, as far as Python's own metadata goes."""

    folder: Path

    def install(self, name: str, group: str, entries: dict[str, str]) -> None:
        info = self.folder / f"{name.replace('-', '_')}-0.1.0.dist-info"
        info.mkdir(parents=True)
        info.joinpath("METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1.0")
        lines = [f"[{group}]", *(f"{key} = {value}" for key, value in entries.items())]
        info.joinpath("entry_points.txt").write_text("\n".join(lines))

    def lossgen(self, *arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
        path = os.pathsep.join(map(str, (ROOT, TOY, self.folder)))
        return subprocess.run(
            [sys.executable, "-m", "lossgen", *map(str, arguments)],
            cwd=cwd,
            env=os.environ | {"PYTHONPATH": path},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    project = tomllib.loads((TOY / "pyproject.toml").read_text())["project"]
    site = Site(tmp_path_factory.mktemp("site"))
    ((group, entries),) = project["entry-points"].items()
    site.install(project["name"], group, entries)
    return site


@pytest.fixture(scope="module")
def built(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The losses of `KINDS`, by themselves: others may ask for more than the toy spells."""
    folder = tmp_path_factory.mktemp("built")
    for loss in library():
        if loss.name in KINDS:
            shutil.copy(ROOT / "specs" / loss.source, folder)
    done = site.lossgen("build", folder, "--backend", "toy", "--out", "../sixth", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder.parent / "sixth"


@pytest.fixture(scope="module")
def toy(built: Path) -> ModuleType:
    sys.path.insert(0, str(built.parent))
    try:
        return importlib.import_module("sixth.toy")
    finally:
        sys.path.remove(str(built.parent))


@dataclass(frozen=True)
class Runner:
    """Calls the losses of a package with lists, as its users do, or with arrays."""

    package: ModuleType
    lists: bool

    def given(self, array: np.ndarray) -> Any:
        return array.tolist() if self.lists else array

    def value(self, case: Case, reduction: str) -> np.ndarray:
        function = getattr(self.package, case.function)
        return np.asarray(function(*self._inputs(case), **self._options(case, reduction)))

    def value_and_grad(self, case: Case, reduction: str) -> tuple[np.ndarray, list[np.ndarray]]:
        loss = getattr(self.package, case.class_name)(**self._options(case, reduction))
        value, gradients = loss.value_and_grad(*self._inputs(case))
        return np.asarray(value), [np.asarray(gradient) for gradient in gradients]

    def _inputs(self, case: Case) -> list[Any]:
        return [self.given(array) for array in case.inputs()]

    def _options(self, case: Case, reduction: str) -> dict[str, Any]:
        return case.options_as(self.given) | {"reduction": reduction}


def agree(ours: np.ndarray, theirs: np.ndarray) -> None:
    assert ours.shape == theirs.shape
    largest = float(np.abs(theirs).max(initial=0.0))
    np.testing.assert_allclose(ours, theirs, rtol=0.0, atol=TOLERANCE * largest)


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.class_name in KINDS], ids=lambda case: case.id
)
def test_its_numbers_are_those_of_numpy(toy: ModuleType, case: Case) -> None:
    numpy = Runner(importlib.import_module("generated.numpy"), lists=False)
    for reduction in case.reductions:
        ours, theirs = (
            (run.value(case, reduction), *run.value_and_grad(case, reduction))
            for run in (Runner(toy, lists=True), numpy)
        )
        agree(ours[0], theirs[0])
        agree(ours[1], theirs[1])
        for mine, gradient in zip(ours[2], theirs[2], strict=True):
            agree(mine, gradient)


def test_named_parts_have_their_names(toy: ModuleType) -> None:
    inputs = ([1.0, 3.0], [0.0, 0.0], [[2.0]], [[4.0]])
    assert toy.TwoHeadLoss().parts(*inputs) == {"loss1": 5.0, "loss2": 2.0}
    assert toy.two_head_loss(*inputs, return_parts=True) == (7.0, {"loss1": 5.0, "loss2": 2.0})


def test_bad_arguments_are_refused_as_elsewhere(toy: ModuleType) -> None:
    with pytest.raises(ValueError, match="reduction"):
        toy.HuberLoss(reduction="avg")
    with pytest.raises(ValueError, match="delta"):
        toy.HuberLoss(delta=-1.0)
    with pytest.raises(ValueError, match="target"):
        toy.huber_loss([[1.0], [2.0]], [1.0, 2.0])
    with pytest.raises(TypeError, match="input"):
        toy.huber_loss([1, 2], [1.0, 2.0])


def test_the_package_needs_nothing_but_python(built: Path) -> None:
    assert sorted(path.name for path in built.iterdir()) == ["__init__.py", "toy"]
    for path in sorted((built / "toy").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                assert {alias.name for alias in node.names} <= sys.stdlib_module_names
            elif isinstance(node, ast.ImportFrom) and not node.level:
                assert node.module in sys.stdlib_module_names | {"collections.abc"}


def test_it_renders_every_loss_and_is_checked_as_the_others_are(site: Site, tmp_path: Path) -> None:
    command = ("build", ROOT / "specs", "--backend", "toy", "--out", "whole")
    done = site.lossgen(*command, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert {path.name for path in (tmp_path / "whole").iterdir()} == {"__init__.py", "toy"}
    assert site.lossgen(*command, "--check", cwd=tmp_path).returncode == 0


def test_the_core_does_not_know_it(site: Site, tmp_path: Path) -> None:
    assert "toy" not in names()
    done = site.lossgen("build", TOY, "--backend", "tony", cwd=tmp_path)
    assert "numpy, torch, jax, mindspore, chainer, toy." in done.stderr
    for folder in ("lossgen", "templates"):
        for path in [*(ROOT / folder).rglob("*.py"), *(ROOT / folder).rglob("*.jinja")]:
            assert "toy" not in path.read_text(encoding="utf-8").split(), path


class TestFaultsOfABackend:
    """They are sentences, leave nothing behind, and are no other backend's trouble."""

    FAULTY = """
from pathlib import Path
from lossgen.backends import NUMPY
from dataclasses import replace
bare = replace(NUMPY, name="bare", templates=(Path(__file__).parent / "nowhere",))
nothing = 3
"""

    @pytest.fixture
    def faulty(self, tmp_path: Path) -> Site:
        site = Site(tmp_path / "site")
        entries = {"bare": "faulty:bare", "nothing": "faulty:nothing", "other": "faulty:bare"}
        entries |= {"absent": "no_such_module:backend", "torch": "faulty:nothing"}
        site.install("faulty", "lossgen.backends", entries)
        (site.folder / "faulty.py").write_text(self.FAULTY)
        (tmp_path / "specs").mkdir()
        (tmp_path / "specs" / "tiny.py").write_text(SPEC)
        return site

    @pytest.mark.parametrize(
        ("name", "sentence"),
        [
            ("bare", "the backend bare has no template bare/loss.py.jinja; add it"),
            ("nothing", "the entry point nothing leads to no Backend of that name; mend"),
            ("other", "the entry point other leads to no Backend of that name; mend"),
            ("absent", "the backend absent cannot be loaded (ModuleNotFoundError: No module"),
        ],
    )
    def test_they_are_sentences(
        self, faulty: Site, tmp_path: Path, name: str, sentence: str
    ) -> None:
        done = faulty.lossgen("build", "specs", "--backend", name, cwd=tmp_path)
        assert done.returncode == 1
        assert done.stderr.startswith(f"Error: {sentence}")
        assert "Traceback" not in done.stderr
        assert not (tmp_path / "generated").exists()

    def test_they_are_no_other_backends_trouble(self, faulty: Site, tmp_path: Path) -> None:
        done = faulty.lossgen("build", "specs", "--backend", "torch", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert "torch" in (tmp_path / "generated/torch/_tiny_loss.py").read_text()
