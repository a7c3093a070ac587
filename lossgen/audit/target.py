"""A loss of somebody else: where it is, whose arrays it takes, and how it is called."""

from __future__ import annotations

import importlib
import inspect
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from lossgen.audit.conversions import CALLS, conversion
from lossgen.audit.plan import Plan
from lossgen.errors import LossgenError
from lossgen.proof import shim

# Libraries, and the framework whose arrays they take; Keras says so itself.
FRAMEWORKS = {
    "torch": "torch",
    "jax": "jax",
    "optax": "jax",
    "mindspore": "mindspore",
    "chainer": "chainer",
    "numpy": "numpy",
}
# What the methods are called that a class of a framework means by its call.
METHODS = ("forward", "call", "construct", "__call__")
NARROW = ("chainer", "mindspore")  # whose labels are of 32 bits
VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


@dataclass(frozen=True)
class Target:
    """A loss as a function of a framework's arrays, by the names that a spec has for them."""

    plan: Plan
    framework: str
    call: Callable[[Mapping[str, Any]], Any]


def find(plan: Plan, inputs: Sequence[str], labels: Sequence[str] = ()) -> Target:
    """Return the loss that a plan names; a class is made with the plan's options.

    Raises:
        LossgenError: there is none, or it cannot be called with these inputs.
    """
    found = _imported(plan.target)
    framework = _framework(plan, found)
    loss = _made(found, plan)
    order = plan.order or _order(plan, loss, inputs)
    unknown = sorted({word.rpartition("=")[2] for word in order} ^ {*inputs})
    if unknown:
        raise LossgenError(
            f"the order {','.join(order)} does not name each of the inputs of {plan.loss} once: "
            f"{', '.join(inputs)}."
        )
    words = (dict.fromkeys(labels, "int32") if framework in NARROW else {}) | dict(plan.prepare)
    steps = {name: conversion(framework, word) for name, word in words.items()}

    def call(given: Mapping[str, Any]) -> Any:
        ready = {n: steps[n](value) if n in steps else value for n, value in given.items()}
        pairs = [word.rpartition("=") for word in order]
        by_name = {keyword: ready[name] for keyword, _, name in pairs if keyword}
        return loss(*(ready[name] for keyword, _, name in pairs if not keyword), **by_name)

    return Target(plan, framework, call)


def _imported(name: str) -> Any:
    module, _, attribute = name.rpartition(".")
    if not module or not attribute:
        raise LossgenError(f"{name!r} names no loss of a module; write package.module:Name.")
    os.environ.setdefault("KERAS_BACKEND", "jax")
    sys.path[:0] = [] if os.getcwd() in sys.path else [os.getcwd()]
    if module.partition(".")[0] == "chainer":
        shim.prepare()
    try:
        found = getattr(importlib.import_module(module), attribute)
    except AttributeError:
        raise LossgenError(f"{module} has no {attribute}.") from None
    except Exception as error:  # a module may fail in any way
        raise LossgenError(f"{module} cannot be imported: {error}.") from error
    if not callable(found):
        raise LossgenError(
            f"{name} is no class and no function, but of type {type(found).__name__}."
        )
    return found


def _framework(plan: Plan, found: Any) -> str:
    library = plan.framework or next(_libraries(found), None)
    if library == "keras":
        library = str(importlib.import_module("keras").config.backend())
    if library not in FRAMEWORKS:
        known = ", ".join(sorted({*FRAMEWORKS.values()}))
        raise LossgenError(
            f"{plan.target} does not say whose arrays it takes; write --framework, with one of "
            f"{known}."
        )
    return FRAMEWORKS[library]


def _libraries(found: Any) -> Iterator[str]:
    """Yield the libraries that a loss may be of: where it or a base is defined, or it imports."""
    owners = [*inspect.getmro(found)] if inspect.isclass(found) else [found]
    for owner in owners:
        library = (getattr(owner, "__module__", None) or "").partition(".")[0]
        if library in FRAMEWORKS or library == "keras":
            yield library
    module = sys.modules.get(getattr(found, "__module__", "") or "")
    used = [value for value in vars(module).values() if inspect.ismodule(value)] if module else []
    names = {value.__name__.partition(".")[0] for value in used}
    yield from (library for library in ("keras", *FRAMEWORKS) if library in names)


def _made(found: Any, plan: Plan) -> Callable[..., Any]:
    if plan.call:
        return partial(CALLS[plan.call], found, **plan.options)
    if not inspect.isclass(found):
        return partial(found, **plan.options)
    try:
        made: Any = found(**plan.options)
    except Exception as error:  # whatever its constructor says
        raise LossgenError(f"{plan} cannot be made: {error}; write --option NAME=VALUE.") from error
    if not callable(made):
        raise LossgenError(f"{plan.target} makes objects that cannot be called.")
    return partial(made)


def _order(plan: Plan, loss: Callable[..., Any], inputs: Sequence[str]) -> tuple[str, ...]:
    """Return the inputs as the target's arguments bear their names, or else in the spec's order."""
    arguments = _arguments(loss)
    if arguments is None:
        return tuple(inputs)
    named = [a for a in arguments if a.kind not in VARIADIC]
    words = {a.name for a in named if a.kind is not a.POSITIONAL_ONLY}
    least = {a.name for a in named if a.default is a.empty}
    if words >= {*inputs} >= least:
        return tuple(f"{name}={name}" for name in inputs)
    most = [a for a in named if a.kind is not a.KEYWORD_ONLY]
    many = any(a.kind is a.VAR_POSITIONAL for a in arguments)
    if len(least) > len(inputs) or (len(most) < len(inputs) and not many):
        raise LossgenError(
            f"{plan.target} takes {', '.join(a.name for a in named) or 'nothing'}, and {plan.loss} "
            f"{', '.join(inputs)}; write --order, as in {inputs[0]},keyword={inputs[-1]}, or "
            f"compare it with another loss."
        )
    return tuple(inputs)


def _arguments(loss: Callable[..., Any]) -> list[inspect.Parameter] | None:
    made = loss.func if isinstance(loss, partial) and not loss.args else loss
    method = next((getattr(made, name) for name in METHODS if name in _methods(made)), loss)
    try:
        return [*inspect.signature(method).parameters.values()]
    except (TypeError, ValueError):
        return None


def _methods(made: Any) -> set[str]:
    return set() if inspect.isroutine(made) else {*dir(type(made))}


__all__ = ["FRAMEWORKS", "Target", "find"]
