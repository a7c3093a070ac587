"""What documentation says of arguments of which a spec says nothing: what they may be."""

from __future__ import annotations

from lossgen.language import Parameter, Tensor
from lossgen.prose import sentence


def told_of(argument: Tensor | Parameter) -> str:
    """Return what a spec says of an argument, or else what its declaration does."""
    if argument.doc.strip():
        return sentence(argument.doc)
    if isinstance(argument, Parameter):
        return _of_parameter(argument)
    words = {"label": "Labels.", "weight": "Weights, which are constants."}
    return words.get(argument.kind) or f"Numbers{_within(argument)}."


def _of_parameter(parameter: Parameter) -> str:
    if parameter.kind == "flag":
        return "True or False."
    if parameter.kind == "function":
        return "A function, or the name of one."
    number = "A whole number" if parameter.kind == "integer" else "A number"
    return f"{number}{' above 0' if parameter.positive else _within(parameter)}."


def _within(argument: Tensor | Parameter) -> str:
    low, high = argument.lower, argument.upper
    if low is not None and high is not None:
        return f" from {low:g} to {high:g}"
    if low is not None:
        return f" of at least {low:g}"
    return "" if high is None else f" of at most {high:g}"


__all__ = ["told_of"]
