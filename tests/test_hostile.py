"""Names and texts of a spec reach generated code as identifiers and literals, never as code.

A spec whose names are Python's and the frameworks' own, and whose texts are made to break out of
wherever they are quoted, is built for all backends, imported and called; what was built must have
the very syntax tree of the same spec in harmless words.
"""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from lossgen.cli import main
from lossgen.errors import FaultySpecsError
from lossgen.jobs import load as load_losses
from lossgen.registry import names as backend_names

# Names that Python, the frameworks or their classes use, and that a spec may still give.
TENSORS = ("forward", "construct", "xp", "training", "name", "device", "match", "type", "print")
PARAMETERS = (
    *("id", "len", "sum", "abs", "max", "min", "list", "object", "set", "range", "zip", "any"),
    *("property", "staticmethod", "Ellipsis", "NotImplemented", "Exception", "ValueError"),
    *("args", "kwargs", "cls", "ctx", "F", "Function", "Variable", "Module", "mean"),
    *("where", "batch", "warnings", "none", "other", "result", "value", "y", "x0", "eps"),
    *("functional", "grads", "cotangent", "primals", "tangents", "key", "n", "case", "soft"),
)
TEXTS = (
    '"""; raise SystemExit("reached") #',
    "'''; raise SystemExit('reached') #",
    '\\"""\nraise SystemExit("reached")\n"""',
    "{{ 7 * 7 }} {% for i in range(9) %} {# gone #} {{ m.name.__class__.__mro__ }}",
    "${HOME} %s %(a)s {0} {name} \\N{BULLET} \\x41 \\u0041 \\",
    "# noqa # type: ignore # ruff: noqa # fmt: off # pragma: no cover",
    "coding: latin-1 -*- vim: set fileencoding=ascii : é 東京",
    "a line\n>>> raise SystemExit\n\n\n    indented\n\ttabs",
    "word " * 400,
    "w" * 3000,
)
FILES = ("é and ß.py", "-rf.py", "a.b,c+d.py")
BAD_FILES = (
    *('quote".py', '""".py', "it's.py", "{{ 7 * 7 }}.py", "a\\nb.py", "# noqa.py", "%s $HOME.py"),
    *("coding: latin-1.py", "encoding=utf-7.py", "a\nimport os\n.py", "a\u202eb.py", "a\x1b[1m.py"),
)


def spec(doc: str, argument_doc: str) -> str:
    return "\n".join(
        [
            "from lossgen import *",
            f"__doc__ = {doc!r}",
            f"x = tensor('input', doc={argument_doc!r})",
            f"w = weight('weight', doc={argument_doc!r})",
            f"p = parameter('p', 1.0, doc={argument_doc!r})",
            "L = Loss('HostileLoss', w * p * x**2)",
        ]
    )


def build(folder: Path, **files: str) -> Path:
    """Build specs into a package of the folder; return the package."""
    specs = folder / "specs"
    specs.mkdir(exist_ok=True)
    for name, text in files.items():
        (specs / name).write_text(text, newline="")
    done = CliRunner().invoke(main, ["build", str(specs), "--out", str(folder / "hostile")])
    assert done.exit_code == 0, done.output
    return folder / "hostile"


@pytest.fixture
def imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Import the packages that a test builds, and forget them afterwards."""
    monkeypatch.syspath_prepend(tmp_path)

    def load(backend: str) -> ModuleType:
        importlib.invalidate_caches()
        return importlib.import_module(f"hostile.{backend}")

    yield load
    for name in [name for name in sys.modules if name.split(".")[0] == "hostile"]:
        del sys.modules[name]


def without_docstrings(path: Path) -> str:
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        documented = isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        if documented and ast.get_docstring(node) is not None:
            node.body = node.body[1:]
    return ast.dump(tree)


def trees(package: Path) -> dict[str, str]:
    return {
        path.relative_to(package).as_posix(): without_docstrings(path)
        for path in sorted(package.rglob("*.py"))
    }


@pytest.fixture(scope="module")
def harmless(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return trees(build(tmp_path_factory.mktemp("harmless"), **{"a.py": spec("A loss.", "Words.")}))


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_texts_change_docstrings_only(text: str, harmless: dict[str, str], tmp_path: Path) -> None:
    package = build(tmp_path, **{"a.py": spec(f"{text}\n\n{text}", text)})
    assert trees(package) == harmless
    for backend in backend_names():
        said = ast.get_docstring(ast.parse((package / backend / "_hostile_loss.py").read_text()))
        summary = text.splitlines()[0]
        assert " ".join(summary.split())[:50] in " ".join((said or "").split())


@pytest.mark.parametrize("file", FILES)
def test_names_of_files_stay_in_the_first_line(
    file: str, harmless: dict[str, str], tmp_path: Path
) -> None:
    package = build(tmp_path, **{file: spec("A loss.", "Words.")})
    assert trees(package) == harmless
    for backend in backend_names():
        first, rest = (package / backend / "_hostile_loss.py").read_text().split("\n", 1)
        assert first.startswith("# ")
        assert file in first
        assert file not in rest


def test_files_that_could_not_be_quoted_are_refused(tmp_path: Path) -> None:
    for file in BAD_FILES:
        (tmp_path / file).write_text(spec("A loss.", "Words."))
    with pytest.raises(FaultySpecsError) as caught:
        load_losses(tmp_path)
    sentences = str(caught.value).splitlines()
    assert len(sentences) == len(BAD_FILES)
    for file in BAD_FILES:
        assert any(sentence.startswith(f"{file!a} is no name for a file") for sentence in sentences)


def test_names_that_others_use_are_the_arguments_of_all_backends(
    tmp_path: Path, imported: Any
) -> None:
    lines = ["from lossgen import *", "from sympy import Abs"]
    lines += [f"t{k} = tensor({name!r})" for k, name in enumerate(TENSORS)]
    lines += [f"p{k} = parameter({name!r}, {k}.5)" for k, name in enumerate(PARAMETERS)]
    inputs = " + ".join(f"{k + 1}*t{k}**2" for k in range(len(TENSORS)))
    numbers = " + ".join(f"p{k}*Abs(t{k % len(TENSORS)})" for k in range(len(PARAMETERS)))
    lines += [f"L = Loss('NamesLoss', {inputs} + {numbers}, reduction='sum')"]
    build(tmp_path, **{"names.py": "\n".join(lines)})
    values = [np.asarray([0.25 * k - 1.0, 0.5]) for k in range(len(TENSORS))]
    chosen = {name: 0.125 * (k + 1) for k, name in enumerate(PARAMETERS)}
    expected = sum((k + 1) * value**2 for k, value in enumerate(values))
    for k, number in enumerate(chosen.values()):
        expected = expected + number * abs(values[k % len(TENSORS)])
    for backend in backend_names():
        module, arrays = imported(backend), [of(backend, value) for value in values]
        assert set(module.__all__) == {"NamesLoss", "names_loss"}
        called = module.NamesLoss(**chosen)(*arrays)
        plain = module.names_loss(**dict(zip(TENSORS, arrays, strict=True)), **chosen)
        for found in (called, plain):
            assert number_of(found) == pytest.approx(expected.sum(), rel=1e-6), backend


def of(backend: str, value: np.ndarray) -> Any:
    """Return the array of a backend; float32 is what JAX has by default."""
    module = importlib.import_module({"jax": "jax.numpy"}.get(backend, backend))
    makers = {"numpy": "asarray", "torch": "tensor", "jax": "asarray", "mindspore": "Tensor"}
    return getattr(module, makers.get(backend, "Variable"))(value.astype(np.float32))


def number_of(found: Any) -> float:
    return float(getattr(found, "array", found))
