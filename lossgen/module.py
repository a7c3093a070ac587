"""A module as strings: all that a template sees. Decisions are made here, layout there."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from lossgen.backends import Backend
from lossgen.cases import make_part
from lossgen.expand import NAMES
from lossgen.keywords import Option, call_options
from lossgen.layers import interface
from lossgen.loss import Loss
from lossgen.mathematics import Told, formulas
from lossgen.memory import remembered
from lossgen.options import input_options, is_function_only, signature_options
from lossgen.prose import disguise, paragraphs
from lossgen.sharing import ModuleCase, ModulePart

HELPER = re.compile(
    r"\b((?:all|as|check|is|to|same|axis|broadcast|leading|working)_\w+|fold|trained|with_batch|leading_size)\("
)


@dataclass(frozen=True, slots=True)
class Module:
    """Everything about one loss in one backend, as text.

    Attributes:
        class_options, class_inputs: the arguments of the constructor, and the inputs of the call.
        passed: the options of the function that the class passes on, beside the inputs.
        layers: the attributes that are layers, and how each is made.
        chunked: whether it is computed some entries of an axis at a time.
        functions, arithmetic, checks, casts: what it uses of the package's other modules.
        call_options: keywords of the call beside its inputs: weights of samples, a denominator.
    """

    source: str
    summary: str
    description: tuple[str, ...]
    formulas: tuple[Told, ...]
    class_name: str
    function: str
    inputs: tuple[Option, ...]
    options: tuple[Option, ...]
    class_options: tuple[Option, ...]
    class_inputs: tuple[Option, ...]
    passed: tuple[Option, ...]
    layers: tuple[tuple[str, str], ...]
    chunked: bool
    reductions: tuple[str, ...]
    reduction: str
    parts: tuple[ModulePart, ...]
    named_parts: bool
    functions: tuple[str, ...]
    arithmetic: tuple[str, ...]
    checks: tuple[str, ...]
    casts: tuple[str, ...]
    call_options: tuple[Option, ...]
    output_shape: str

    @property
    def private(self) -> bool:
        """Whether cases have functions of their own: there are several, or named parts."""
        return self.named_parts or len(self.all_cases) > 1

    @property
    def option_checks(self) -> tuple[str, ...]:
        """The checks of options that conditions alone speak of; cases check their own."""
        used = {name for case in self.all_cases for name in case.arguments}
        return tuple(
            o.check
            for o in self.options
            if o.check and (o.name not in used or o.kind == "function")
        )

    @property
    def adoptions(self) -> tuple[str, ...]:
        """The statements that adopt what a dialect has for defaults."""
        return tuple(adoption for option in self.options for adoption in option.adoptions)

    @property
    def printed_cases(self) -> tuple[ModuleCase, ...]:
        """The cases in the order of their code: a dialect may share kernels of plain ones."""
        return tuple(sorted(self.all_cases, key=lambda case: bool(case.endings[-1].condition)))

    @property
    def all_cases(self) -> tuple[ModuleCase, ...]:
        """The cases of all parts."""
        return tuple(case for part in self.parts for case in part.cases)


def make_module(loss: Loss, backend: Backend) -> Module:
    """Return the strings of a loss for a backend."""
    # What is equal may be written otherwise, as 1 and 1.0.
    defaults = tuple(repr(dialect.defaults) for _, dialect in loss.dialects)
    _, _, description = disguise(loss.doc.strip()).partition("\n")
    return replace(
        _nameless(loss.nameless(), defaults, backend),
        source=loss.source,
        summary=disguise(loss.summary),
        description=paragraphs(description.strip()) if description.strip() else (),
        class_name=loss.name,
        function=loss.function,
    )


@remembered
def _nameless(loss: Loss, defaults: tuple[str, ...], backend: Backend) -> Module:
    """Return all strings but names and documentation, which many losses may share."""
    parts = [("", loss.cases)] if loss.cases else loss.parts
    module_parts = tuple(make_part(loss, name, cases, backend) for name, cases in parts)
    options = signature_options(loss, backend)
    kept = [option for option in options if not is_function_only(loss, option.name)]
    face = interface(loss, backend, input_options(loss, backend), kept)
    passed = {option.name: option for option in face.options}
    called = {
        helper
        for part in module_parts
        for case in part.cases
        for form in case.formulas
        for kernel in form.kernels
        for helper in kernel.helpers
    }
    checks = [line for option in options for line in (option.check, *option.adoptions)]
    lines = " ".join(
        line
        for part in module_parts
        for case in part.cases
        for line in (*case.lines, case.condition, case.counted, *case.counts, *checks)
    )
    used = set(re.findall(HELPER, lines))
    arithmetic, helpers = (called | used) & backend.helpers, sorted(used - backend.helpers)
    return Module(
        source="",
        summary="",
        description=(),
        formulas=formulas(loss),
        class_name="",
        function="",
        inputs=face.inputs,
        options=tuple(passed.get(option.name, option) for option in options),
        class_options=face.class_options,
        class_inputs=face.class_inputs,
        passed=face.options,
        layers=face.layers,
        chunked=bool(loss.chunked),
        reductions=loss.reductions(),
        reduction=loss.reduction,
        parts=module_parts,
        named_parts=bool(loss.parts),
        functions=tuple(sorted((called & NAMES) - backend.helpers)),
        arithmetic=tuple(sorted(arithmetic)),
        checks=tuple(name for name in helpers if name.startswith("check_")),
        casts=tuple(name for name in helpers if not name.startswith("check_")),
        call_options=call_options(loss, [c.axes for p in module_parts for c in p.cases], backend),
        output_shape=_output_shape(module_parts),
    )


def _output_shape(parts: Sequence[ModulePart]) -> str:
    words = {case.output for part in parts for case in part.cases} - {""}
    if len(words) == 1:
        return words.pop()
    return "one for each part" if len(parts) > 1 else " or ".join(sorted(words))
