"""With which options a loss is called: enough to meet its cases, and the edges of parameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations, product
from typing import Any

import numpy as np
import sympy

from lossgen.case import PLAIN
from lossgen.language import Parameter, ParameterSymbol, Tensor
from lossgen.loss import Case, Loss
from lossgen.oracle.question import Question, tensors_of
from lossgen.proof.point import range_in_float32

CHANGES = 2  # more parameters are not moved away from their defaults at once
OTHERS = 2  # settings of a case beside its first one


@dataclass(frozen=True)
class Setting:
    """Parameters and dialect of a call, and the cases of the loss that they choose."""

    options: Mapping[str, Any]
    cases: tuple[Case, ...]

    def tensors(self) -> tuple[Tensor, ...]:
        """Return the tensors of the cases, in declared order."""
        found = {tensor.name: tensor for case in self.cases for tensor in tensors_of(case)}
        return tuple(sorted(found.values(), key=lambda tensor: tensor.order))

    def numbers(self) -> list[float]:
        """Return the numbers at which the loss may have a kink."""
        return [float(v) for v in self.options.values() if type(v) in (int, float)]


def settings(loss: Loss, rng: np.random.Generator) -> list[Setting]:
    """Return settings of a loss: first one for each choice of cases, then others of these."""
    choices = {p.name: _values(p, loss, rng) for p in loss.parameters()}
    if loss.dialects:
        choices["dialect"] = [None, *(word for word, _ in loss.dialects)]
    found: dict[tuple[Case, ...], list[Setting]] = {}
    for options in _options(choices):
        for dtypes in _dtypes(loss):
            cases = _cases(loss, options, dtypes)
            if cases is not None:
                found.setdefault(cases, []).append(Setting(options, cases))
    firsts = [group[0] for group in found.values()]
    others = [each for group in found.values() for each in _some(group[1:], rng)]
    return firsts + others


def _some(group: list[Setting], rng: np.random.Generator) -> list[Setting]:
    picked = rng.permutation(len(group))[:OTHERS]
    return [group[int(k)] for k in sorted(picked)]


def _values(p: Parameter, loss: Loss, rng: np.random.Generator) -> list[Any]:
    """Return the default of a parameter, where cases change, its bounds, and random others."""
    found: list[Any] = [p.default]
    if p.kind == "flag":
        return [p.default, not p.default]
    if p.kind == "function":
        return [p.default, *(word for word in p.words if word != p.default)]
    found += [value for value in _compared(loss, p) if p.kind != "integer"]
    if p.kind == "integer":
        return found
    found += [bound for bound in (p.lower, p.upper) if bound is not None]
    found += [_drawn(p, rng) for _ in range(2)]
    low, high = range_in_float32(p.lower, p.upper)
    found = [v if v is None else min(max(v, low), high) for v in found]
    return list(dict.fromkeys(found))


def _compared(loss: Loss, p: Parameter) -> Iterator[float]:
    for case in loss.all_cases():
        for equality in case.when.atoms(sympy.Equality) if case.when is not None else ():
            if any(isinstance(s, ParameterSymbol) and s.parameter == p for s in equality.args):
                yield from (float(number) for number in equality.args if number.is_number)


def _drawn(p: Parameter, rng: np.random.Generator) -> float:
    if p.lower is not None and p.upper is not None:
        return float(rng.uniform(p.lower, p.upper))
    if p.positive:
        return float(10 ** rng.uniform(-1.5, 1.5))
    if p.lower is not None or p.upper is not None:
        away = 10 ** rng.uniform(-1.5, 1)
        return float((p.lower or 0) + away if p.lower is not None else (p.upper or 0) - away)
    return float(2 * rng.standard_normal())


def _options(choices: Mapping[str, list[Any]]) -> Iterator[dict[str, Any]]:
    """Yield options, those with the fewest changes first."""
    for changes in range(CHANGES + 1):
        for names in combinations(choices, changes):
            for values in product(*(choices[name][1:] for name in names)):
                yield {name: v[0] for name, v in choices.items()} | dict(
                    zip(names, values, strict=True)
                )


def _dtypes(loss: Loss) -> Iterator[dict[str, Any]]:
    """Yield an empty array for each input, floating-point or whole where both are declared."""
    kinds: dict[str, list[str]] = {}
    for tensor in loss.tensors():
        if not tensor.is_option:
            kinds.setdefault(tensor.name, []).append("i8" if tensor.kind == "label" else "f8")
    for combination in product(*kinds.values()):
        yield {name: np.empty(0, dtype) for name, dtype in zip(kinds, combination, strict=True)}


def _cases(
    loss: Loss, options: Mapping[str, Any], arrays: Mapping[str, Any]
) -> tuple[Case, ...] | None:
    """Return what options choose, if the oracle speaks of it: of formulas, not of what follows."""
    try:
        cases = Question(loss, arrays, options).cases
    except StopIteration:
        return None
    called = any(tensor.call is not None for case in cases for tensor in tensors_of(case))
    return None if called or any(case.after != PLAIN for case in cases) else cases


__all__ = ["Setting", "settings"]
