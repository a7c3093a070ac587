"""Declarations that are alike are one symbol in all specs, and nothing else is."""

from __future__ import annotations

import sys
from functools import reduce
from pathlib import Path

import pytest

from lossgen.building import Order, build
from lossgen.errors import FaultySpecsError
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


def texts(folder: Path, *losses: Loss) -> list[dict[str, str]]:
    """Build losses and return what each has in all packages."""
    out = folder.with_name(f"{folder.name}_out")
    build(Order(folder, out, ()), lambda *_: None)
    found = (sorted(out.glob(f"*/_{loss.function}.py")) for loss in losses)
    return [{path.parent.name: path.read_text() for path in paths} for paths in found]


def _replaced(text: str, words: tuple[str, str]) -> str:
    return text.replace(*words)


def test_losses_that_are_alike_differ_in_names_and_docstrings_alone(tmp_path: Path) -> None:
    first, second = loaded(tmp_path, "one", PLAIN), loaded(tmp_path, "two", PLAIN)
    path = tmp_path / "two.py"
    path.write_text(path.read_text().replace("A loss.", "Another.\n\nAnd more."))
    assert first.nameless() == second.nameless()
    ours, theirs = texts(tmp_path, first, second)
    for name, text in ours.items():
        renamed = theirs[name].replace("TwoLoss", "OneLoss").replace("two_loss", "one_loss")
        renamed = renamed.replace("two.py", "one.py").replace("Another.", "A loss.")
        more = set(renamed.splitlines()) - set(text.splitlines())
        assert {line.strip() for line in more} == {"And more."}


@pytest.mark.parametrize(
    ("plain", "other"),
    [
        ("", ", dialects=dict(keras=dialect(scale=0.5))"),
        (", dialects=dict(keras=dialect(scale=2.0))", ", dialects=dict(keras=dialect(scale=2))"),
        (", dialects=dict(keras=dialect(scale=0.0))", ", dialects=dict(keras=dialect(scale=-0.0))"),
        (', reduction="sum"', ""),
        ("", ", signature=(scale,)"),
        (', signature=(scale, "reduction")', ', signature=("reduction", scale)'),
    ],
)
def test_what_is_equal_and_written_otherwise_is_another_loss(
    tmp_path: Path, plain: str, other: str
) -> None:
    """The order in which they are built changes nothing."""
    declared = f"from lossgen import dialect\n{PLAIN}"
    both = []
    for names, given in ((("a", "b"), (plain, other)), (("b", "a"), (other, plain))):
        folder = tmp_path / names[0] / "specs"
        folder.mkdir(parents=True)
        losses = [
            loaded(folder, name, declared, BODY.replace("** 2)", f"** 2{word})"))
            for name, word in zip(names, given, strict=True)
        ]
        found = dict(zip(names, texts(folder, *losses), strict=True))
        words = (("BLoss", "ALoss"), ("b_loss", "a_loss"), ("b.py", "a.py"))
        renamed = {name: reduce(_replaced, words, text) for name, text in found["b"].items()}
        assert all(text != renamed[name] for name, text in found["a"].items())
        both.append(found)
    assert both[0] == both[1]


def test_a_fault_is_told_of_each_loss_that_has_it(tmp_path: Path) -> None:
    for name in ("one", "two"):
        loaded(
            tmp_path, name, f"from sympy import gamma\n{PLAIN}", BODY.replace("** 2", "* gamma(x)")
        )
    with pytest.raises(FaultySpecsError) as caught:
        build(Order(tmp_path, tmp_path / "out", ()), lambda *_: None)
    faults = [(fault.file, fault.loss) for fault in caught.value.faults]
    assert faults == [("one.py", "OneLoss"), ("two.py", "TwoLoss")]


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
