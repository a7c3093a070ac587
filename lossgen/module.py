"""A module as strings: all that a template sees. Decisions are made here, layout there."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap

import sympy

from lossgen.backends import Backend
from lossgen.cases import ModuleCase, ModulePart, make_part
from lossgen.expand import FUNCTIONS
from lossgen.loss import Case, Loss
from lossgen.options import Option, input_options, is_function_only, signature_options
from lossgen.prose import disguise

HELPER = re.compile(
    r"\b((?:as|check|is|to|same|axis|broadcast|leading|working)_\w+|fold|with_batch)\("
)


@dataclass(frozen=True, slots=True)
class Module:
    """Everything about one loss in one backend, as text."""

    source: str
    summary: str
    description: tuple[str, ...]
    formulas: tuple[tuple[str, ...], ...]
    class_name: str
    function: str
    inputs: tuple[Option, ...]
    options: tuple[Option, ...]
    class_options: tuple[Option, ...]
    reductions: tuple[str, ...]
    reduction: str
    parts: tuple[ModulePart, ...]
    named_parts: bool
    functions: tuple[str, ...]
    runtime: tuple[str, ...]
    output_shape: str

    @property
    def private(self) -> bool:
        """Whether cases have functions of their own: there are several, or named parts."""
        return self.named_parts or len(self.all_cases) > 1

    @property
    def all_cases(self) -> tuple[ModuleCase, ...]:
        """The cases of all parts."""
        return tuple(case for part in self.parts for case in part.cases)


def make_module(loss: Loss, backend: Backend) -> Module:
    """Return the strings of a loss for a backend."""
    parts = [("", loss.cases)] if loss.cases else loss.parts
    module_parts = tuple(make_part(loss, name, cases, backend) for name, cases in parts)
    options = signature_options(loss, backend)
    called = {
        h for part in module_parts for case in part.cases for k in case.kernels for h in k.helpers
    }
    lines = " ".join(
        line
        for part in module_parts
        for case in part.cases
        for line in (*case.intake, *case.prepare, f"{case.condition} ", *(o.check for o in options))
    )
    paragraphs = disguise(loss.doc.strip()).split("\n", 1)
    return Module(
        source=loss.source,
        summary=disguise(loss.summary),
        description=tuple(paragraphs[1].strip().splitlines()) if len(paragraphs) > 1 else (),
        formulas=tuple(
            tuple(wrap(formula(loss, case, name), 88, break_long_words=False))
            for name, cases in parts
            for case in cases
        ),
        class_name=loss.name,
        function=loss.function,
        inputs=input_options(loss, backend),
        options=options,
        class_options=tuple(o for o in options if not is_function_only(loss, o.name)),
        reductions=loss.reductions(),
        reduction=loss.reduction,
        parts=module_parts,
        named_parts=bool(loss.parts),
        functions=tuple(sorted(called & set(FUNCTIONS.values()))),
        runtime=tuple(sorted((called & backend.helpers) | set(re.findall(HELPER, lines)))),
        output_shape=_output_shape(module_parts),
    )


def _output_shape(parts: Sequence[ModulePart]) -> str:
    words = {case.output for part in parts for case in part.cases}
    return words.pop() if len(words) == 1 else "one for each part"


def formula(loss: Loss, case: Case, name: str = "") -> str:
    """Return the case's formula in LaTeX."""
    symbols = sympy.latex(case.value)
    return rf"\ell = {symbols}" if not name else rf"\mathrm{{{name}}} = {symbols}"
