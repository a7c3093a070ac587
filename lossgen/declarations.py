"""What a spec declares: tensors along named axes, labels, weights and parameters.

An axis is a lower-case word, and ``...`` stands for any number of axes taken together, the first
or the last ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lossgen.arguments import Layer, Parameter, ParameterSymbol, Ref, Tensor
from lossgen.axes import ELLIPSIS, split_axes


def tensor(
    name: str,
    axes: str = ELLIPSIS,
    *,
    batch: str | None = None,
    broadcast: bool = False,
    per_row: bool = False,
    lower: float | None = None,
    upper: float | None = None,
    sizes: Mapping[str, int] | None = None,
    doc: str = "",
) -> Ref:
    """Declare a floating-point prediction or target.

    Args:
        name: the argument's name in generated code.
        axes: its axes, such as ``"n c ..."``.
        batch: the axis that a single sample goes without.
        broadcast: any shape will do that broadcasts to the axes; or a number.
        per_row: where it broadcasts, it may lack just the last axis, for one number a row.
        lower: the least value that is allowed.
        upper: the largest value that is allowed.
        sizes: axes of a fixed length, as in ``{"b": 4}``; at them a place may be picked by number.
        doc: one sentence for the documentation.
    """
    declared = Tensor(
        name,
        split_axes(axes),
        batch=batch,
        broadcast=broadcast,
        per_row=per_row,
        lower=lower,
        upper=upper,
        sizes=tuple((sizes or {}).items()),
        doc=doc,
    )
    return Ref(declared, declared.axes)


def label(
    name: str,
    axes: str,
    *,
    classes: str | None = None,
    batch: str | None = None,
    ignored: int | None = None,
    doc: str = "",
) -> Ref:
    """Declare integer labels that index the axis ``classes``; ``ignored`` may stand for none.

    Without ``classes`` they are any integers, and are only compared with each other.
    """
    declared = Tensor(
        name,
        split_axes(axes),
        kind="label",
        batch=batch,
        classes=classes,
        ignored=ignored,
        doc=doc,
    )
    return Ref(declared, declared.axes)


def weight(
    name: str,
    axes: str = ELLIPSIS,
    *,
    optional: bool = True,
    fewer: str | None = None,
    broadcast: bool = False,
    function_only: bool = False,
    doc: str = "",
) -> Ref:
    """Declare a constant tensor that belongs to the constructor; absent, it counts as 1."""
    declared = Tensor(
        name,
        split_axes(axes),
        kind="weight",
        optional=optional,
        fewer=None if fewer is None else split_axes(fewer),
        broadcast=broadcast,
        function_only=function_only,
        doc=doc,
    )
    return Ref(declared, declared.axes)


def linear(name: str, *, doc: str = "", bias_doc: str = "", **sizes: str) -> tuple[Ref, Ref]:
    """Declare a linear layer that the class trains; return its weight and its bias.

    They are arguments of the function, as ``<name>_weight``, which has the axes of the results and
    of the features in this order, and ``<name>_bias``, which may be absent and then counts as 0.

    Args:
        name: the layer's name.
        sizes: what the constructor calls the numbers of features and of results, in this order,
            and their axes: ``linear("linear", in_features="d", num_classes="c")``.
        doc: one sentence about the weight.
        bias_doc: one sentence about the bias.
    """
    if len(sizes) != 2:
        raise ValueError(
            f"layer {name!r} has {len(sizes)} sizes; name features and results with their axes, as "
            f"in linear({name!r}, in_features='d', num_classes='c')"
        )
    (inputs, features), (outputs, results) = sizes.items()
    layer = Layer(name, inputs, outputs)
    matrix = Tensor(
        f"{name}_weight",
        split_axes(f"{results} {features}"),
        layer=layer,
        role="weight",
        doc=doc,
    )
    bias = Tensor(
        f"{name}_bias",
        split_axes(results),
        optional=True,
        layer=layer,
        role="bias",
        doc=bias_doc,
    )
    return Ref(matrix, matrix.axes), Ref(bias, bias.axes)


_REQUIRED: Any = object()


def parameter(
    name: str,
    default: float | int | bool | None = _REQUIRED,
    *,
    positive: bool = False,
    lower: float | None = None,
    upper: float | None = None,
    static: bool = False,
    none: int | None = None,
    doc: str = "",
) -> ParameterSymbol:
    """Declare a parameter.

    Args:
        name: the argument's name in generated code.
        default: a float, which may be given as a tensor and learnt; an int or bool, which is
            static; or None for a float that may be absent: then one case of the loss says
            ``when=absent(parameter)``. A bool counts as 0 or 1 in a formula.
        positive: it must be above 0.
        lower: the least value that is allowed.
        upper: the largest value that is allowed.
        static: a float that is never a tensor.
        none: what the default None stands for, an int.
        doc: one sentence for the documentation.
    """
    if default is _REQUIRED:
        raise ValueError(f"parameter {name!r} has no default; write parameter({name!r}, 1.0)")
    for word, value in (("default", default), ("lower", lower), ("upper", upper)):
        if getattr(value, "__hash__", None) is None:
            raise ValueError(f"{word}={value!r} of parameter {name!r} is no number; write 1.0")
    kinds = {bool: "flag", int: "integer"}
    if none is not None and (default is not None or type(none) is not int):
        raise ValueError(
            f"none={none!r} of parameter {name!r} is to be the int that its default None stands "
            f"for; write parameter({name!r}, None, none=-100)"
        )
    kind = kinds.get(type(default if none is None else none), "static" if static else "float")
    return ParameterSymbol(Parameter(name, default, kind, positive, lower, upper, doc, none=none))
