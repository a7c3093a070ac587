"""`lossgen show`: a loss for a person to read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from declared import library

from lossgen.cli import main
from lossgen.show import describe

ROOT = Path(__file__).resolve().parent.parent
LOSSES = library()
CAUCHY = '''"""Cauchy loss: outliers count for little."""
from sympy import log
from lossgen import Loss, parameter, tensor, weight, sum_over
x, t = tensor("input", "n c"), tensor("target", "n c")
scale = parameter("scale", 1.0, positive=True)
w = weight("weight", "n c")
ratio2 = ((x - t) / scale) ** 2
L = Loss("CauchyLoss", sum_over(w * log(1 + ratio2), "c"), denominator=sum_over(w, "n c"))
'''
PAIRS = '''"""Gaps between all pairs."""
from sympy import tanh
from lossgen import Loss, mean_over, tensor
x = tensor("input", "i")
gap = x.at("j") - x
L = Loss("GapLoss", mean_over(gap * tanh(gap), "j"))
'''


def show(*arguments: str) -> str:
    done = CliRunner().invoke(main, ["show", *arguments])
    assert done.exit_code == 0, done.output
    return done.stdout


def section(page: str, title: str) -> list[str]:
    """Return the lines below a title, without their indent."""
    lines = page.splitlines()
    start = lines.index(f"{title}:") + 1
    end = next((k for k in range(start + 1, len(lines)) if not lines[k].strip()), len(lines))
    return [line.strip() for line in lines[start:end]]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    specs = tmp_path_factory.mktemp("specs")
    (specs / "cauchy.py").write_text(CAUCHY)
    return show("cauchy_loss", str(specs))


class TestOneLoss:
    def test_begins_with_names_source_and_docstring(self, page: str) -> None:
        assert page.startswith(
            "CauchyLoss, cauchy_loss (cauchy.py)\n\nCauchy loss: outliers count for little.\n\n"
        )

    def test_formula_is_laid_out_in_the_spec_s_words(self, page: str) -> None:
        formula = page.partition("Formula:\n")[2].partition("Arguments:")[0]
        assert "Sum_c" in formula
        assert "log" in formula
        assert "(input[n,c] - target[n,c])" in formula
        assert "scale" in formula
        assert formula.count("───") >= 1  # a fraction, drawn

    def test_arguments_have_axes_and_what_may_be_differentiated(self, page: str) -> None:
        assert section(page, "Arguments") == [
            "input[n, c]: differentiable",
            "target[n, c]: differentiable",
            "weight[n, c]: constant",
            "scale: differentiable",
            "result[n]",
        ]

    def test_value_is_a_listing_with_the_rules_that_made_it_stable(self, page: str) -> None:
        listing = section(page, "Value")
        assert "(log1p: log(1 + z) -> log1p(z))" in listing
        assert listing[-1].startswith("→ Σ[axis=1](")
        assert "log1p_square(" in listing[-1]

    def test_gradient_has_a_result_for_each_argument(self, page: str) -> None:
        *_, results = section(page, "Gradient")
        assert results.startswith("→ ")
        assert results.count(",") == 2

    def test_denominator_is_shown(self, page: str) -> None:
        assert section(page, "Denominator") == ["→ Σ(weight)"]

    def test_no_framework_is_spelled(self, page: str) -> None:
        assert not {"np.", "torch.", "jnp.", "ops."} & set(page.split("("))
        assert "np." not in page


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.function)
def test_every_loss_has_formula_program_and_gradient(loss) -> None:
    page = describe(loss) + "\n"
    assert page.startswith(f"{loss.name}, {loss.function} ({loss.source})\n\n{loss.doc.strip()}\n")
    cases = len(loss.all_cases())
    for title in ("Arguments", "Value", "Gradient", "Hessian diagonal"):
        assert page.count(f"\n{title}:\n") == cases
    if loss.parts:
        assert [f"Part {name}:" in page for name, _ in loss.parts] == [True] * cases
    else:
        assert page.count("\nFormula") == cases
    conditions = [case.when for case in loss.all_cases() if case.when is not None]
    assert len(re.findall(r"\nFormula, (?:else, )?where ", page)) >= len(conditions)
    assert page.count("\nFormula:\n") == (cases == 1 and not loss.parts)
    assert page == "\n".join(line.rstrip() for line in page.splitlines()) + "\n"


def test_it_is_said_where_each_formula_holds() -> None:
    page = show("PolyCrossEntropyLoss", str(ROOT / "specs"))
    assert "\nFormula, where target holds labels:\n" in page
    assert page.count("\nFormula, else:\n") == 1
    page = show("CrossEntropyLoss", str(ROOT / "specs"))
    first = "target holds labels and dialect is 'chainer' and label_smoothing is 0"
    assert f"\nFormula, where {first}:\n" in page
    page = show("PoissonNLLLoss", str(ROOT / "specs"))
    assert "\nFormula, where full is True and log_input is True:\n" in page


def test_two_views_of_one_tensor_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "pairs.py").write_text(PAIRS)
    page = show("GapLoss", str(tmp_path))
    assert "gap = input - input[:, None]" in section(page, "Value")


def test_the_listing_of_a_loss_of_pairs() -> None:
    page = show("InfoNCELoss", str(ROOT / "specs"))
    value = section(page, "Value")
    assert value[-2:] == [
        "logit = direction(query, axis=-1) · direction(key, axis=-1)ᵀ / temperature",
        "→ label_cross_entropy(logit, position(query.shape[0]), axis=-1)",
    ]
