"""A plan from what a user says on the command line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lossgen.audit.builtins import known
from lossgen.audit.plan import Plan
from lossgen.errors import LossgenError
from lossgen.loss import Loss


def plan_of(given: Mapping[str, Any], loss: Loss) -> Plan:
    """Return the plan: that of a known built-in, but for what is said here."""
    target = given["target"].replace(":", ".")
    plan = known(target, loss.name) or Plan(target, loss.name)
    words = [word for word, _ in loss.dialects]
    if given["dialect"] and given["dialect"] not in words:
        raise LossgenError(
            f"{loss.name} has no dialect {given['dialect']}; it has {', '.join(words) or 'none'}."
        )
    options, chosen = _pairs("--option", given["options"]), _pairs("--set", given["chosen"])
    parameters = {p.name for p in loss.parameters()}
    for name in chosen:
        if name not in parameters:
            there = ", ".join(sorted(parameters)) or "none"
            raise LossgenError(f"{loss.name} has no parameter {name}; it has {there}.")
    changes = {
        "dialect": given["dialect"],
        "order": tuple((given["order"] or "").split(",")) if given["order"] else (),
        "reduction": given["reduction"],
        "framework": given["framework"],
        "by": given["by"],
        "soft": given["soft"],
        "only": {name: _values(value) for name, value in _pairs("--only", given["only"]).items()},
        "options": {**plan.options, **options} if options else {},
        "chosen": {**plan.chosen, **chosen} if chosen else {},
    }
    return replace(plan, **{name: value for name, value in changes.items() if value})


def _values(value: Any) -> tuple[float, ...]:
    try:
        return tuple(float(number) for number in str(value).split(","))
    except ValueError:
        raise LossgenError(f"--only {value} lists no numbers; write target=1,-1.") from None


def _pairs(option: str, texts: tuple[str, ...]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key.isidentifier():
            raise LossgenError(f"{option} {text} is no NAME=VALUE; write {option} delta=2.0.")
        try:
            found[key] = json.loads(value.lower() if value in ("True", "False") else value)
        except ValueError:
            found[key] = value
    return found


__all__ = ["plan_of"]
