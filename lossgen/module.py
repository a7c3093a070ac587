"""A module as strings: all that a template sees. Decisions are made here, layout there."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from textwrap import wrap

import sympy

from lossgen.backends import Backend
from lossgen.expand import FUNCTIONS
from lossgen.kernels import Kernel, partial_names, print_denominator, print_kernels
from lossgen.language import Parameter, Tensor
from lossgen.loss import Case, Loss
from lossgen.program import Program, compile_case
from lossgen.prose import disguise, sentence
from lossgen.shapes import parameter_check, prepare

HELPER = re.compile(
    r"\b((?:as|check|is|to|same|axis|broadcast|leading|working)_\w+|fold|with_batch)\("
)


@dataclass(frozen=True, slots=True)
class Option:
    """An input or parameter of the function and class.

    Attributes:
        default: as Python, empty where there is none.
        type: its type in words.
        shape: its shape in words.
        size: a small shape for examples, such as ``"2, 3"``.
        check: the statement that refuses what is not allowed, or empty.
    """

    name: str
    annotation: str
    default: str
    doc: str
    kind: str
    keyword: bool
    type: str = ""
    shape: str = ""
    size: str = ""
    check: str = ""


@dataclass(frozen=True, slots=True)
class ModuleCase:
    """One case of a loss.

    Attributes:
        suffix: what its names end in, empty where the loss has one case only.
        condition: when it applies, empty for the last.
        function: the name of the private function of the case.
        arguments: the case's own arguments.
        doubtful: labels may be unknown when they are checked, and then spoil their rows later.
    """

    suffix: str
    condition: str
    function: str
    arguments: tuple[str, ...]
    options: tuple[Option, ...]
    kernels: tuple[Kernel, ...]
    kernel_names: tuple[str, ...]
    kernel_arguments: tuple[str, ...]
    wrt: tuple[str, ...]
    inputs: tuple[str, ...]
    partials: tuple[str, ...]
    intake: tuple[str, ...]
    prepare: tuple[str, ...]
    shape: str
    folded: str
    denominator: str
    doubtful: bool
    output: str


@dataclass(frozen=True, slots=True)
class ModulePart:
    """A named part of the loss, or the whole under an empty name."""

    name: str
    cases: tuple[ModuleCase, ...]
    arguments: tuple[str, ...]


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
    module_parts = tuple(_part(loss, name, cases, backend) for name, cases in parts)
    options = _options(loss, backend)
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
        inputs=_inputs(loss, backend),
        options=options,
        class_options=tuple(o for o in options if not _is_function_only(loss, o.name)),
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


def _part(loss: Loss, name: str, cases: Sequence[Case], backend: Backend) -> ModulePart:
    suffixes = _suffixes(cases)
    found = tuple(
        _case(loss, case, suffix, name, backend, last=k == len(cases) - 1)
        for k, (case, suffix) in enumerate(zip(cases, suffixes, strict=True))
    )
    order = [argument for case in found for argument in case.arguments]
    return ModulePart(name, found, tuple(dict.fromkeys(order)))


def _suffixes(cases: Sequence[Case]) -> list[str]:
    """Name cases by what tells them apart: labels or probabilities, smoothed or not."""
    words: list[str] = []
    for case in cases:
        kinds = {tensor.kind for tensor in Loss("One", case).tensors()}
        word = "" if len(cases) == 1 else "_labels" if "label" in kinds else "_dense"
        if word in words:
            word += "_general" if f"{word}_general" not in words else f"_{len(words)}"
        words.append(word)
    return words


def _case(
    loss: Loss, case: Case, suffix: str, part: str, backend: Backend, *, last: bool
) -> ModuleCase:
    program = compile_case(loss, case)
    one = Loss("One", case.without_condition())
    tensors, parameters = _in_call_order(loss, one), one.parameters()
    ready = prepare(
        tensors,
        parameters,
        program.axes,
        backend.intake,
        doubts=backend.doubts,
        batch=backend.operations["batch"],
    )
    prefix = f"_{part}" if part else ""
    kernels = print_kernels(program, backend, prefix + suffix)
    below = print_denominator(program, backend, prefix + suffix)
    names = [tensor.name for tensor in tensors] + [parameter.name for parameter in parameters]
    return ModuleCase(
        suffix=prefix + suffix,
        condition="" if last else _condition(loss, case),
        function=f"{prefix}{suffix}_loss",
        arguments=tuple(names),
        options=_case_options(tensors, parameters, backend),
        kernels=tuple(kernels) if below is None else (*kernels, below),
        kernel_names=tuple(kernel.name for kernel in kernels),
        kernel_arguments=tuple(argument.name for argument in program.arguments),
        wrt=tuple(argument.name for argument in program.wrt),
        inputs=tuple(t.name for t in tensors if t.kind == "float"),
        partials=partial_names(program) if "partials" in backend.kernels else (),
        intake=ready.lines[: bool(backend.intake)],
        prepare=ready.lines[bool(backend.intake) :],
        shape=ready.shape,
        folded=ready.folded,
        denominator=_denominator_call(program, tensors, below),
        doubtful=backend.doubts and any(tensor.kind == "label" for tensor in tensors),
        output=_shape_words(Tensor("", program.axes)) if program.axes else "scalar",
    )


def _case_options(
    tensors: Sequence[Tensor], parameters: Sequence[Parameter], backend: Backend
) -> tuple[Option, ...]:
    """Return the arguments of a case's own function, which have no defaults."""
    given = [
        _tensor_option(t, backend, "None" if t.kind == "weight" and t.optional else "")
        for t in tensors
    ]
    numbers = {"float": backend.parameter, "integer": "int", "flag": "bool"}
    typed = backend.array is not None
    given += [
        Option(p.name, numbers[p.kind] or "" if typed else "", "", sentence(p.doc), p.kind, False)
        for p in parameters
    ]
    return tuple(replace(option, default="") for option in given)


def _in_call_order(loss: Loss, one: Loss) -> tuple[Tensor, ...]:
    return tuple(sorted(one.tensors(), key=lambda tensor: (tensor.kind == "weight", tensor.order)))


def _denominator_call(program: Program, tensors: Sequence[Tensor], below: Kernel | None) -> str:
    """Return the call of the denominator; without weights the entries are counted."""
    if below is None:
        return "None"
    names = [argument.name for argument in below.arguments]
    call = f"{below.name}({', '.join(names)})"
    absent = [
        t.name for t in tensors if t.name in names and t.kind == "weight" and t.axes == ("...",)
    ]
    return (
        f"None if isinstance({absent[0]}, float) else {call}"
        if absent and len(absent) == len(names)
        else call
    )


def _condition(loss: Loss, case: Case) -> str:
    """Return when a case applies, as Python."""
    words = []
    labels = [t.name for t in Loss("One", case).tensors() if t.kind == "label"]
    dense = {t.name for t in loss.tensors() if t.kind == "float"}
    if labels and labels[0] in dense:
        words.append(f"is_integer({labels[0]})")
    if isinstance(case.when, sympy.Equality):
        symbol, value = case.when.args
        words.append(f"is_number({symbol}, {float(value)!r})")
    elif case.when is not None:
        words.append(str(case.when))
    return " and ".join(words)


def _inputs(loss: Loss, backend: Backend) -> tuple[Option, ...]:
    found: dict[str, Tensor] = {}
    for tensor in loss.tensors():
        if tensor.kind != "weight":
            found.setdefault(tensor.name, tensor)
    return tuple(_tensor_option(tensor, backend, "") for tensor in found.values())


def _tensor_option(tensor: Tensor, backend: Backend, default: str) -> Option:
    array = backend.public or backend.array or ""
    annotation = f"{array} | None" if array and default else array
    return Option(
        tensor.name, annotation, default, sentence(tensor.doc), tensor.kind, False,
        type="Tensor", shape=_shape_words(tensor), size=_example_size(tensor),
    )  # fmt: skip


def _shape_words(tensor: Tensor) -> str:
    if tensor.axes == ("...",):
        return "any shape"
    words = f"``({', '.join(tensor.axes)}{',' if len(tensor.axes) == 1 else ''})``"
    if tensor.batch is None:
        return words
    rest = [axis for axis in tensor.axes if axis not in (tensor.batch, "...")]
    return f"{words} or ``({', '.join(rest)}{',' if len(rest) == 1 else ''})``"


def _example_size(tensor: Tensor) -> str:
    sizes = {"c": "3", "d": "3", "...": "3"}
    axes = tensor.axes if tensor.axes == ("...",) else [a for a in tensor.axes if a != "..."]
    return ", ".join(sizes.get(axis, "2") for axis in axes)


def _is_function_only(loss: Loss, name: str) -> bool:
    return any(tensor.name == name and tensor.function_only for tensor in loss.tensors())


def _options(loss: Loss, backend: Backend) -> tuple[Option, ...]:
    """Return weights, parameters and the reduction in the order of the signature."""
    weights = {t.name: t for t in loss.tensors() if t.kind == "weight"}
    parameters = {p.name: p for p in loss.parameters()}
    order = [s if isinstance(s, str) else _symbol_name(s) for s in loss.signature or ()]
    keyword = loss.signature is None
    if keyword:
        order = [*weights, *parameters]
    if "reduction" not in order:
        order.append("reduction")
    missing = [name for name in (*weights, *parameters) if name not in order]
    return tuple(
        _option(name, weights, parameters, loss, backend, keyword) for name in [*order, *missing]
    )


def _symbol_name(symbol: object) -> str:
    declared = getattr(symbol, "tensor", None) or getattr(symbol, "parameter", None)
    return str(declared.name) if declared is not None else str(symbol)


def _option(
    name: str,
    weights: dict[str, Tensor],
    parameters: dict[str, Parameter],
    loss: Loss,
    backend: Backend,
    keyword: bool,
) -> Option:
    typed = backend.array is not None
    if name == "reduction":
        words = ", ".join(f"``{word!r}``" for word in loss.reductions())
        doc = f"How to reduce: {words}."
        return Option(
            name, "str" if typed else "", repr(loss.reduction), doc, "reduction", keyword, "str"
        )
    if name in weights:
        option = _tensor_option(weights[name], backend, "None" if weights[name].optional else "")
        return replace(option, keyword=keyword)
    parameter = parameters[name]
    kind = {"float": backend.parameter, "integer": "int", "flag": "bool"}[parameter.kind]
    words = {"float": "float", "integer": "int", "flag": "bool"}[parameter.kind]
    annotation = kind or "" if typed else ""
    return Option(
        name,
        annotation,
        repr(parameter.default),
        sentence(parameter.doc),
        parameter.kind,
        keyword,
        words,
        check=parameter_check(parameter),
    )
