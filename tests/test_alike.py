"""Declarations that are alike are one symbol in all specs, and nothing else is."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from lossgen.building import Order, build
from lossgen.language import Ref
from lossgen.load import load_spec
from lossgen.loss import Loss
from lossgen.verbatim import verbatim

HEAD = "import numpy as np\nfrom lossgen import Loss, parameter, tensor, weight\n"
BODY = 'loss = Loss("{name}Loss", scale * (x - t) ** 2)\n'
PLAIN = 'x, t = tensor("input"), tensor("target")\nscale = parameter("scale", 1.0)\n'


def loaded(folder: Path, name: str, declarations: str, body: str = BODY) -> Loss:
    text = f'"""A loss."""\n{HEAD}{declarations}{body.format(name=name.title())}'
    (folder / f"{name}.py").write_text(text)
    (loss,) = load_spec(folder, f"{name}.py").losses
    return loss


def test_specs_share_what_they_declare_alike(tmp_path: Path) -> None:
    with verbatim():  # SymPy forgets what it knows whenever that changes
        names = ("zero", "one", "two")  # the first may make SymPy import more of itself
        _, first, second = [loaded(tmp_path, name, PLAIN) for name in names]
    assert first.cases[0].value is second.cases[0].value  # as SymPy remembers it


@pytest.mark.parametrize(
    "other",
    [
        'x, t = tensor("input", doc="What."), tensor("target")\nscale = parameter("scale", 1.0)\n',
        'x, t = tensor("input", "n"), tensor("target", "n")\nscale = parameter("scale", 1.0)\n',
        'x, t = tensor("input"), tensor("target", lower=0)\nscale = parameter("scale", 1.0)\n',
        'x, t = tensor("input"), tensor("target")\nscale = parameter("scale", 1)\n',
        'x, t = tensor("input"), tensor("target")\nscale = parameter("scale", np.float64(1.0))\n',
        't, x = tensor("target"), tensor("input")\nscale = parameter("scale", 1.0)\n',
    ],
)
def test_what_differs_is_another_symbol(tmp_path: Path, other: str) -> None:
    first, second = loaded(tmp_path, "one", PLAIN), loaded(tmp_path, "two", other)
    assert first.cases[0].value != second.cases[0].value


def test_a_minus_is_not_lost_with_a_zero(tmp_path: Path) -> None:
    words = 'x, t = tensor("input"), tensor("target")\nscale = parameter("scale", {})\n'
    losses = [loaded(tmp_path, name, words.format(z)) for name, z in (("a", 0.0), ("b", -0.0))]
    assert [repr(loss.parameters()[0].default) for loss in losses] == ["0.0", "-0.0"]


def test_arguments_keep_their_order(tmp_path: Path) -> None:
    loaded(tmp_path, "one", PLAIN)
    new = PLAIN.replace('"input"', '"input", doc="Another."')
    assert [t.name for t in loaded(tmp_path, "two", new).tensors()] == ["input", "target"]


def test_what_a_library_declares_comes_before_what_a_spec_declares(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is imported once, whichever spec is the first to ask for it."""
    library, specs = tmp_path / "library", tmp_path / "specs"
    library.mkdir()
    specs.mkdir()
    (library / "declared_once.py").write_text(f'{HEAD}x = tensor("input")\n')
    monkeypatch.syspath_prepend(library)
    words = 'from declared_once import x\nt, scale = tensor("{}"), parameter("scale", 1.0)\n'
    try:
        for name, target in (("one", "target"), ("two", "label"), ("three", "input_2")):
            loss = loaded(specs, name, words.format(target))
            assert [tensor.name for tensor in loss.tensors()] == ["input", target]
    finally:
        sys.modules.pop("declared_once", None)


def test_symbols_of_one_place_are_told_apart_by_their_axes(tmp_path: Path) -> None:
    words = 'x = tensor("input", "n d")\nfirst, second = x.at("i d"), x.at("j d")\n'
    body = 'loss = Loss("{name}Loss", first * second)\n'
    value = loaded(tmp_path, "one", words, body).cases[0].value
    assert {ref.indices for ref in value.atoms(Ref)} == {("i", "d"), ("j", "d")}


def test_an_author_may_change_nothing_but_a_word(tmp_path: Path) -> None:
    """A process that builds again knows the formula, which has other words in it now."""
    folder, out = tmp_path / "specs", tmp_path / "generated"
    folder.mkdir()
    for word in ("error", "miss"):
        body = f'{word} = x - t\nloss = Loss("{{name}}Loss", {word}**2 * scale + {word})\n'
        loaded(folder, "one", PLAIN, body)
        build(Order(folder, out, ("numpy",)), lambda done, total: None)
        assert f"{word} = input - target" in (out / "numpy" / "_one_loss.py").read_text()
