"""What is wrong with the declarations of a loss: names, parameters, signature, documentation."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from itertools import chain, pairwise
from typing import Any

from lossgen.errors import SpecError
from lossgen.language import Parameter, Tensor
from lossgen.loss import Loss, alone, snake_case
from lossgen.names import (
    ATTRIBUTES,
    IMPORTED,
    MODULES,
    class_problem,
    function_problem,
    is_plain,
    is_taken,
    name_problem,
)
from lossgen.prose import UNFIT
from lossgen.quote import quoted

LARGEST = 2**63 - 1  # what the integers of tensors can hold


def declaration_faults(loss: Loss) -> Iterator[SpecError]:
    """Yield the faults of everything but the formulas."""
    yield from _public_names(loss)
    yield from _argument_names(loss)
    yield from _repeated(loss)
    yield from _signature(loss)
    yield from chain.from_iterable(map(_parameter, loss.parameters()))
    yield from _prose(loss)


def fault(problem: str, remedy: str, expression: object = None) -> SpecError:
    """Return a fault whose place is filled in later."""
    text = None if expression is None else quoted(expression)
    return SpecError(expression=text, problem=problem, remedy=remedy)


def _arguments(loss: Loss) -> list[Tensor | Parameter]:
    return [*loss.tensors(), *loss.parameters()]


def _public_names(loss: Loss) -> Iterator[SpecError]:
    arguments = {item.name for item in _arguments(loss)}
    if name_problem(loss.name) is None and (found := class_problem(loss.name)):
        yield fault(*found)
    given = loss.function != snake_case(loss.name) and name_problem(loss.function) is None
    if given and (found := function_problem(loss.function)):
        yield fault(*found)
    for name in dict.fromkeys((loss.name, loss.function)):
        if name in IMPORTED or (name == loss.function and name in MODULES):
            yield fault(f"the name {name!r} is used by generated code", "choose another name")
        if name in arguments:
            remedy = "choose another name for one of them"
            yield fault(f"{name!r} is both the loss and an argument of it", remedy)


def _argument_names(loss: Loss) -> Iterator[SpecError]:
    inputs = {tensor.name for tensor in loss.tensors() if not tensor.is_option}
    names = {item.name for item in _arguments(loss)}
    for name in sorted(filter(is_plain, names)):
        if is_taken(name):
            yield fault(f"the name {name!r} is used by generated code", "choose another name", name)
        elif name in ATTRIBUTES and name not in inputs:
            problem = f"the name {name!r} is an attribute of the frameworks' own classes"
            yield fault(problem, "choose another name", name)


def _repeated(loss: Loss) -> Iterator[SpecError]:
    """An argument is one declaration; only a case may declare another input under a name."""
    tensors = {tensor.name for tensor in loss.tensors()}
    parameters = [parameter.name for parameter in loss.parameters()]
    for name in sorted(tensors & set(parameters)):
        yield fault(f"{name!r} is both a tensor and a parameter", "rename one of them", name)
    weights = {tensor.name for tensor in loss.tensors() if tensor.kind == "weight"}
    for name in sorted(weights & {t.name for t in loss.tensors() if t.kind != "weight"}):
        yield fault(f"{name!r} is declared as a weight and as an input", "rename one of them", name)
    counts = Counter(parameters)
    for case in loss.all_cases():
        counts |= Counter(tensor.name for tensor in alone(case).tensors())
    for name in sorted(name for name, times in counts.items() if times > 1 and name not in weights):
        yield fault(
            f"{name!r} is declared twice", "declare it once, or rename one of the two", name
        )


def _signature(loss: Loss) -> Iterator[SpecError]:
    known = {t.name for t in loss.tensors() if t.is_option} | {"reduction", "*"}
    known |= {p.name for p in loss.parameters()}
    names = [entry if isinstance(entry, str) else _name(entry) for entry in loss.signature or ()]
    for name, times in Counter(names).items():
        if name not in known:
            remedy = "list the weights and parameters of the formula, and 'reduction'"
            yield fault(f"the signature names {name!r}, which the formula does not use", remedy)
        if times > 1:
            yield fault(f"the signature names {name!r} twice", "name it once")
    if loss.reduction not in loss.reductions():
        words = ", ".join(map(repr, loss.reductions()))
        yield fault(f"the default reduction is {loss.reduction!r}", f"choose one of {words}")
    yield from _required_last(loss, names)


def _required_last(loss: Loss, names: list[str]) -> Iterator[SpecError]:
    """Python wants arguments that must be given before those that need not be."""
    required = {t.name for t in loss.tensors() if t.kind == "weight" and not t.optional}
    for before, name in pairwise(names):
        if name in required and before not in required:
            problem = f"the signature has {name!r}, which must be given, after {before!r}"
            yield fault(problem, "put what must be given first")


def _name(symbol: Any) -> str:
    declared = getattr(symbol, "tensor", None) or getattr(symbol, "parameter", None)
    return str(symbol if declared is None else declared.name)


def _parameter(parameter: Parameter) -> Iterator[SpecError]:
    name, default = parameter.name, parameter.default
    limits = {"default": default, "lower": parameter.lower, "upper": parameter.upper}
    wrong = [word for word, value in limits.items() if value is not None and not _is_number(value)]
    wrong += [word for word in ("lower", "upper") if type(limits[word]) is bool]
    for word in wrong:
        remedy = "write a finite Python number, such as 1.0"
        yield fault(f"{word}={limits[word]!r} of parameter {name!r} is no number", remedy)
    if wrong:
        return
    if parameter.kind == "flag" and (
        parameter.positive or (parameter.lower, parameter.upper) != (None, None)
    ):
        yield fault(f"parameter {name!r} is a flag and has no range", "leave the range out")
    if parameter.positive and (parameter.lower, parameter.upper) != (None, None):
        problem = f"parameter {name!r} has positive=True beside lower= or upper="
        yield fault(problem, "leave one of them out; lower=0.0, upper=1.0 is a range with its ends")
    low = -math.inf if parameter.lower is None else parameter.lower
    high = math.inf if parameter.upper is None else parameter.upper
    if low > high:
        problem = f"lower={low!r} of parameter {name!r} is above upper={high!r}"
        yield fault(problem, "exchange the two")
    elif default is None:
        return
    elif not low <= default <= high or (parameter.positive and default <= 0):
        remedy = "choose a default that the parameter may have"
        yield fault(f"the default {default!r} of parameter {name!r} is out of its range", remedy)


def _is_number(value: object) -> bool:
    """Say whether the value reads the same in any Python: NumPy and SymPy print theirs in words."""
    if type(value) is float:
        return math.isfinite(value)
    return type(value) is bool or (type(value) is int and abs(value) <= LARGEST)


def _prose(loss: Loss) -> Iterator[SpecError]:
    texts = [("the docstring", loss.doc)]
    texts += [(f"the doc of {item.name!r}", item.doc) for item in _arguments(loss)]
    for place, text in texts:
        if not isinstance(text, str):
            yield fault(f"{place} is no text", "write a sentence in quotes", text)
        elif found := UNFIT.search(text):
            yield fault(f"{place} holds the character {found[0]!a}", "remove it")


__all__ = ["declaration_faults", "fault"]
