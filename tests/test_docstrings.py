"""What docstrings say of arguments and formulas, also where a spec says nothing of them."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from click.testing import CliRunner

from lossgen.arguments import Parameter, Tensor
from lossgen.cli import main
from lossgen.unsaid import told_of

SPEC = '''"""Some loss of classes."""

from lossgen import Case, Loss, absent, at, label, logsumexp, parameter, sum_over, tensor

x = tensor("input", "n c", batch="n")
y = label("target", "n", classes="c")
p = tensor("target", "n c", lower=0.0, upper=1.0)
scale = parameter("scale", 1.0, positive=True)
alpha = parameter("alpha", None, lower=0.0, upper=2.5)
hard = parameter("hard", False)
nll = logsumexp(x, "c") - x

loss = Loss(
    "SomeLoss",
    (
        Case(scale * at(nll, c=y), when=absent(alpha)),
        Case(alpha * scale * at(nll, c=y)),
        Case(2 * scale * sum_over(p * nll, "c"), when=hard, name="hard"),
        Case(scale * sum_over(p * nll, "c"), name="soft"),
    ),
)
'''
OTHER = '''"""Some loss of entries."""

from lossgen import Loss, tensor

x, t = tensor("input"), tensor("target")
spread = tensor("spread", broadcast=True, lower=0.5)

loss = Loss("OtherLoss", (x - t) ** 2 * spread)
'''
BACKENDS = ("numpy", "torch", "jax", "mindspore", "chainer")
each_backend = pytest.mark.parametrize("backend", BACKENDS)


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], str]:
    """Return all docstrings of each file, by backend and function."""
    folder = tmp_path_factory.mktemp("docs")
    (folder / "specs").mkdir()
    (folder / "specs" / "some.py").write_text(SPEC)
    (folder / "specs" / "other.py").write_text(OTHER)
    command = ["build", str(folder / "specs"), "--out", str(folder / "out")]
    done = CliRunner().invoke(main, command, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    names = ("some_loss", "other_loss")
    return {(b, n): _docstrings(folder / "out" / b / f"_{n}.py") for b in BACKENDS for n in names}


def _docstrings(file: Path) -> str:
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef)
    tree = ast.parse(file.read_text())
    nodes = [node for node in ast.walk(tree) if isinstance(node, kinds)]
    return "\n\n".join(ast.get_docstring(node) or "" for node in nodes)


@each_backend
def test_it_is_said_where_each_formula_holds(texts: dict[tuple[str, str], str], backend: str):
    text = texts[backend, "some_loss"]
    lines = [
        "Where ``target`` holds labels and ``alpha`` is None:",
        "Else, where ``target`` holds labels:",
        "Else, where ``hard`` is True:",
        "Else:",
    ]
    places = [text.index(f"{line}\n\n.. math::\n    \\ell = ") for line in lines]
    assert places == sorted(places)
    assert "\n\n\n.. math" not in text


@each_backend
def test_one_formula_needs_no_such_words(texts: dict[tuple[str, str], str], backend: str):
    text = texts[backend, "other_loss"]
    assert ".. math::" in text
    assert "Else" not in text
    assert "Where" not in text


@each_backend
def test_each_kind_of_input_has_its_shapes(texts: dict[tuple[str, str], str], backend: str):
    text = " ".join(texts[backend, "some_loss"].split())
    assert "``(n,)`` or ``()`` for labels; ``(n, c)`` or ``(c,)`` for numbers." in text
    text = " ".join(texts[backend, "other_loss"].split())
    assert "any that broadcasts to that of input." in text


def test_shapes_are_those_of_the_first_input(texts: dict[tuple[str, str], str]):
    text = texts["torch", "other_loss"]
    assert "- input: any shape.\n" in text
    assert "- target: that of input.\n" in text
    assert "- Output: scalar; that of input where :attr:`reduction` is ``'none'``." in text


@each_backend
def test_an_argument_without_a_sentence_gets_one(texts: dict[tuple[str, str], str], backend: str):
    text = " ".join(texts[backend, "some_loss"].split())
    for sentence in ("A number above 0.", "A number from 0 to 2.5.", "True or False.", "Labels."):
        assert sentence in text
    assert "Numbers of at least 0.5." in texts[backend, "other_loss"]


@pytest.mark.parametrize(
    ("backend", "words"),
    [
        ("torch", "scale (float or Tensor, optional): "),
        ("mindspore", "scale (float or Tensor, optional): "),
        ("chainer", "scale (float or :class:`~chainer.Variable` or :ref:`ndarray`): "),
        ("chainer", "sample_weight (:class:`~chainer.Variable` or :ref:`ndarray`): "),
    ],
)
def test_what_may_be_learnt_may_be_a_tensor(texts, backend: str, words: str):
    assert words in " ".join(texts[backend, "some_loss"].split())
    assert "hard (bool" in texts[backend, "some_loss"]


@pytest.mark.parametrize(
    ("argument", "sentence"),
    [
        (Tensor("input", ("...",)), "Numbers."),
        (Tensor("input", ("...",), upper=1.0), "Numbers of at most 1."),
        (Tensor("weight", ("c",), kind="weight"), "Weights, which are constants."),
        (Tensor("input", ("...",), doc="Logits\n of a row."), "Logits of a row."),
        (Parameter("p", 2, "integer", lower=1, upper=2), "A whole number from 1 to 2."),
        (Parameter("p", None, "function"), "A function, or the name of one."),
        (Parameter("p", 1.0), "A number."),
    ],
)
def test_what_a_declaration_says(argument: Tensor | Parameter, sentence: str):
    assert told_of(argument) == sentence


def test_a_list_hangs_by_two(texts: dict[tuple[str, str], str]):
    line = "- **target** (Tensor) - Labels. Shape: ``(n,)`` or ``()`` for labels; ``(n, c)`` or"
    assert f"    {line}\n      ``(c,)`` for numbers.\n" in texts["mindspore", "some_loss"]
