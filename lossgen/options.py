"""The inputs and parameters of a function and class, as strings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from lossgen.backends import Backend
from lossgen.language import Parameter, Tensor
from lossgen.loss import Loss
from lossgen.prose import sentence
from lossgen.shapes import parameter_check


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


def case_options(
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


def input_options(loss: Loss, backend: Backend) -> tuple[Option, ...]:
    """Return the inputs of the call."""
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
        type="Tensor", shape=shape_words(tensor), size=_example_size(tensor),
    )  # fmt: skip


def shape_words(tensor: Tensor) -> str:
    """Return the shapes that a tensor may have, in words."""
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


def is_function_only(loss: Loss, name: str) -> bool:
    """Say whether the class lacks an option of the function."""
    return any(tensor.name == name and tensor.function_only for tensor in loss.tensors())


def signature_options(loss: Loss, backend: Backend) -> tuple[Option, ...]:
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
