"""The formulas of a loss in LaTeX, as its docstring tells them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import wrap

from sympy import latex
from sympy.core.basic import Basic

from lossgen import conditions
from lossgen.atoms import atoms
from lossgen.language import Applied
from lossgen.loss import Case, Loss
from lossgen.memory import remembered
from lossgen.variants import spelled_out


def formula(loss: Loss, case: Case, name: str = "") -> str:
    """Return the case's formula in LaTeX."""
    symbols = _latex(case.value)
    return rf"\ell = {symbols}" if not name else rf"\mathrm{{{name}}} = {symbols}"


@remembered
def formulas(loss: Loss) -> tuple[str, ...]:
    """Return the formulas that tell a loss, and what the functions in them may mean."""
    return tuple(_formulas(loss))


def _formulas(loss: Loss) -> Iterator[str]:
    for name, cases in loss.parts or (("", loss.cases),):
        yield from (formula(loss, case, name) for case in told(cases))
    called = {a for case in loss.all_cases() for a in atoms(case.value, Applied)}
    ordered = sorted(called, key=lambda a: [ref.tensor.order for ref in a.inputs], reverse=True)
    for parameter, applied in {a.parameter: a for a in ordered}.items():
        for place, word in enumerate(parameter.words):
            meaning = _latex(applied.meaning(place))
            yield rf"\text{{{word.replace('_', ' ')}: }} {_latex(applied)} = {meaning}"


def told(cases: Sequence[Case]) -> list[Case]:
    """Return cases without those that only repeat one: for a dialect, or a function's meaning."""
    own = [case for case in cases if not conditions.dialect_of(case.when)]
    repeated = {each for case in own for each in spelled_out(case.value)}
    return [case for case in own if case.value not in repeated]


@remembered
def wrapped(texts: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """Return texts as lines of a docstring."""
    return tuple(tuple(wrap(each, 88, break_long_words=False)) for each in texts)


@remembered
def _latex(value: Basic) -> str:
    return str(latex(value))
