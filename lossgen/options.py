"""The inputs and parameters of a function and class, as strings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lossgen.backends import Backend
from lossgen.keywords import (
    Option,
    adoptions,
    example_size,
    input_tensors,
    shape_words,
    shapes_in_words,
)
from lossgen.language import PYTHON, Parameter, Tensor
from lossgen.loss import Loss, alone
from lossgen.shapes import parameter_check
from lossgen.unsaid import told_of

# How documentation calls the kinds of parameters; those that may be learnt may be tensors.
TYPES = PYTHON | {"float": "float or Tensor"}


def case_options(
    tensors: Sequence[Tensor], parameters: Sequence[Parameter], backend: Backend
) -> tuple[Option, ...]:
    """Return the arguments of a case's own function, which have no defaults."""
    given = [
        _tensor_option(t, backend, "None" if t.is_option and t.optional else "") for t in tensors
    ]
    given += [
        Option(p.name, _parameter_type(p, backend), "", told_of(p), p.kind, False)
        for p in parameters
    ]
    return tuple(replace(option, default="") for option in given)


def input_options(loss: Loss, backend: Backend) -> tuple[Option, ...]:
    """Return the inputs of the call."""
    cases = [
        sorted((t for t in alone(case).tensors() if not t.is_option), key=lambda t: t.order)
        for case in loss.all_cases()
    ]
    found = []
    for tensor in input_tensors(loss):
        beside = [inputs for inputs in cases if tensor.name in {t.name for t in inputs}]
        namesakes = [each for inputs in beside for each in inputs if each.name == tensor.name]
        shape = shapes_in_words(namesakes, beside[0][0])
        found.append(replace(_tensor_option(tensor, backend, ""), shape=shape))
    return tuple(found)


def _tensor_option(tensor: Tensor, backend: Backend, default: str) -> Option:
    array = backend.public or backend.array or ""
    annotation = f"{array} | None" if array and default else array
    if tensor.broadcast and tensor.kind == "float" and backend.bring and array:
        annotation = f"{array} | float"
    return Option(
        tensor.name, annotation, default, told_of(tensor), tensor.kind, False,
        type="Tensor", shape=shape_words(tensor), size=example_size(tensor),
    )  # fmt: skip


def is_function_only(loss: Loss, name: str) -> bool:
    """Say whether the class lacks an option of the function."""
    return any(tensor.name == name and tensor.function_only for tensor in loss.tensors())


def signature_options(loss: Loss, backend: Backend) -> tuple[Option, ...]:
    """Return weights, parameters and the reduction in the order of the signature."""
    weights = {t.name: t for t in loss.tensors() if t.is_option}
    parameters = {p.name: p for p in loss.parameters()}
    order = [s if isinstance(s, str) else _symbol_name(s) for s in loss.signature or ()]
    keyword = loss.signature is None or order[:1] == ["*"]
    order = [*weights, *parameters] if loss.signature is None else [w for w in order if w != "*"]
    if "reduction" not in order:
        order.append("reduction")
    order += [word for _, word in loss.chunked]
    if loss.dialects:
        order.append("dialect")
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
    if name in dict(loss.chunked).values():
        return _chunk_option(loss, backend)
    if name == "dialect":
        words = ", ".join(f"``{word!r}``" for word, _ in loss.dialects)
        doc = f"Whose definition to follow: {words}."
        check = f"check_dialect(dialect, {tuple(word for word, _ in loss.dialects)!r})"
        return Option(
            name, "str | None" if typed else "", "None", doc, "dialect", True, "str", check=check
        )
    if name in weights:
        option = _tensor_option(weights[name], backend, "None" if weights[name].optional else "")
        return replace(option, keyword=keyword)
    parameter = parameters[name]
    annotation, check = _parameter_type(parameter, backend), parameter_check(parameter)
    if parameter.kind == "function":
        annotation = annotation and f"{annotation} | str | None"
    elif parameter.default is None:
        annotation = annotation and f"{annotation} | None"
        check = check and f"if {name} is not None: {check}"
    return Option(
        name,
        annotation,
        repr(parameter.default),
        told_of(parameter),
        parameter.kind,
        keyword,
        TYPES.get(parameter.kind, "Callable or str"),
        check=check,
        adoptions=tuple(adoptions(loss, parameter)),
    )


def _chunk_option(loss: Loss, backend: Backend) -> Option:
    ((axis, name),) = loss.chunked
    doc = f"How many entries of axis ``{axis}`` to compute at a time; by default some MB of them."
    annotation = f"{backend.chunk} | None" if backend.array is not None else ""
    return Option(name, annotation, "None", doc, "chunk", True, backend.chunk)


def chunk_options(loss: Loss, backend: Backend) -> tuple[Option, ...]:
    """Return the keyword that says how much is computed at a time, if there is one."""
    if not loss.chunked:
        return ()
    return (replace(_chunk_option(loss, backend), default="", keyword=False),)


def _parameter_type(parameter: Parameter, backend: Backend) -> str:
    """Return the annotation of a parameter, empty where the backend's own code has none."""
    if backend.array is None:
        return ""
    kind = parameter.kind
    if kind == "function":
        return f"Callable[..., {backend.public or backend.array}]"
    return (backend.parameter or "") if kind == "float" else PYTHON[kind]
