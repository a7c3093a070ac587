"""The formulas of a loss in LaTeX, as its docstring tells them, and where each of them holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from textwrap import wrap

from sympy import latex, true
from sympy.core.basic import Basic
from sympy.logic.boolalg import And

from lossgen import conditions
from lossgen.atoms import atoms
from lossgen.callables import Called
from lossgen.language import Applied
from lossgen.loss import Case, Loss, alone
from lossgen.memory import remembered
from lossgen.variants import spelled_out


@dataclass(frozen=True, slots=True)
class Told:
    """A formula in LaTeX.

    Attributes:
        where: a line that says where it holds, empty where always.
        lines: the formula.
    """

    where: str
    lines: tuple[str, ...]


def formula(loss: Loss, case: Case, name: str = "") -> str:
    """Return the case's formula in LaTeX."""
    symbols = _latex(case.value)
    return rf"\ell = {symbols}" if not name else rf"\mathrm{{{name}}} = {symbols}"


@remembered
def formulas(loss: Loss) -> tuple[Told, ...]:
    """Return the formulas that tell a loss, and what the functions in them may mean."""
    return tuple(_formulas(loss))


def _formulas(loss: Loss) -> Iterator[Told]:
    for name, cases in loss.parts or (("", loss.cases),):
        shown = told(cases)
        for case, place in zip(shown, places(shown, calls=False), strict=True):
            yield Told(_line(place), _wrapped(formula(loss, case, name)))
    called = {a for case in loss.all_cases() for a in atoms(case.value, Applied)}
    ordered = sorted(called, key=lambda a: [ref.tensor.order for ref in a.inputs], reverse=True)
    for parameter, applied in {a.parameter: a for a in ordered}.items():
        for k, word in enumerate(parameter.words):
            meaning = _latex(applied.meaning(k))
            said = rf"\text{{{word.replace('_', ' ')}: }} {_latex(applied)} = {meaning}"
            yield Told("", _wrapped(said))


def told(cases: Sequence[Case]) -> list[Case]:
    """Return cases without those that only repeat one: for a dialect, or a function's meaning."""
    own = [case for case in cases if not conditions.dialect_of(case.when)]
    repeated = {each for case in own for each in spelled_out(case.value)}
    return [case for case in own if case.value not in repeated]


def places(cases: Sequence[Case], *, calls: bool = True) -> tuple[str, ...]:
    """Return where each of several cases holds, of which the first that does is used.

    Without ``calls`` a case of a caller's function stands for those of the named ones, too.
    """
    if len(cases) == 1:
        return ("",)
    labels = [{t.name for t in alone(case).tensors() if t.kind == "label"} for case in cases]
    always = set.intersection(*labels)
    found: list[str] = []
    for case, names in zip(cases, labels, strict=True):
        words = [f"``{name}`` holds labels" for name in sorted(names - always)]
        joint = isinstance(case.when, And)
        parts = () if case.when is None else case.when.args if joint else (case.when,)
        when = And(*(part for part in parts if calls or not isinstance(part, Called)))
        words += [conditions.in_words(when)] if when != true else []
        word = "else, where " if found else "where "
        found.append(f"{word}{' and '.join(words)}" if words else "else")
    return tuple(found)


def _line(place: str) -> str:
    return f"{place[0].upper()}{place[1:]}:" if place else ""


def _wrapped(text: str) -> tuple[str, ...]:
    return tuple(wrap(text, 88, break_long_words=False))


@remembered
def _latex(value: Basic) -> str:
    return str(latex(value))


__all__ = ["Told", "formula", "formulas", "places", "told"]
