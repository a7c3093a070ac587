"""What a spec declares: a loss, the cases of its formula and its named parts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sympy import Expr, sympify
from sympy.core.basic import Basic

from lossgen.language import Parameter, ParameterSymbol, Ref, Tensor


@dataclass(frozen=True, slots=True)
class Case:
    """One formula of a loss, and when it applies.

    Attributes:
        value: the unreduced loss.
        when: a condition on static parameters, such as ``Eq(label_smoothing, 0)``; None holds.
        valid: entries where this fails have value and gradient exactly 0.
        denominator: what ``mean`` divides the sum by; None counts the entries.
    """

    value: Expr
    when: Basic | None = None
    valid: Basic | None = None
    denominator: Expr | None = None

    def __init__(
        self, value: Any, *, when: Any = None, valid: Any = None, denominator: Any = None
    ) -> None:
        object.__setattr__(self, "value", sympify(value))
        object.__setattr__(self, "when", when)
        object.__setattr__(self, "valid", valid)
        object.__setattr__(
            self, "denominator", None if denominator is None else sympify(denominator)
        )

    def without_condition(self) -> Case:
        """Return the case as if it always applied."""
        return Case(self.value, valid=self.valid, denominator=self.denominator)

    def expressions(self) -> tuple[Basic, ...]:
        """Return every expression that may mention an argument."""
        found = (self.value, self.when, self.valid, self.denominator)
        return tuple(expression for expression in found if expression is not None)


@dataclass(frozen=True, slots=True)
class Loss:
    """A loss function, declared once.

    Args:
        name: the class's name, ``"HuberLoss"``.
        value: the formula of the unreduced loss, or a tuple of `Case`, or a dict of named parts
            whose sum is the loss.
        function: the function's name; by default the class's in snake case.
        signature: parameters and weights in positional order, with the word ``"reduction"`` where
            it stands; by default they are keyword-only with ``reduction`` last.
        reduction: the default reduction.
        valid, denominator: as in `Case`, for a loss of one case.
    """

    name: str
    cases: tuple[Case, ...]
    function: str
    signature: tuple[Any, ...] | None
    reduction: str
    parts: tuple[tuple[str, tuple[Case, ...]], ...]
    names: tuple[tuple[str, Expr], ...] = field(compare=False, repr=False)
    doc: str = ""
    source: str = ""

    def __init__(
        self,
        name: str,
        value: Any,
        *,
        function: str | None = None,
        signature: tuple[Any, ...] | None = None,
        reduction: str = "mean",
        valid: Any = None,
        denominator: Any = None,
    ) -> None:
        parts: tuple[tuple[str, tuple[Case, ...]], ...] = ()
        if isinstance(value, Mapping):
            parts = tuple((key, _cases(part, valid, denominator)) for key, part in value.items())
        cases = () if parts else _cases(value, valid, denominator)
        values = (
            ("name", name),
            ("cases", cases),
            ("function", function or snake_case(name)),
            ("signature", signature),
            ("reduction", reduction),
            ("parts", parts),
            ("names", ()),
            ("doc", ""),
            ("source", ""),
        )
        for key, item in values:
            object.__setattr__(self, key, item)

    def placed(self, source: str, doc: str, names: tuple[tuple[str, Expr], ...]) -> Loss:
        """Return the loss with the place it comes from and its author's words."""
        copy = object.__new__(Loss)
        for key in self.__slots__:
            object.__setattr__(copy, key, getattr(self, key))
        for key, item in (("source", source), ("doc", doc), ("names", names)):
            object.__setattr__(copy, key, item)
        return copy

    def all_cases(self) -> tuple[Case, ...]:
        """Return the cases of the loss and of its parts."""
        return self.cases + tuple(case for _, cases in self.parts for case in cases)

    def reductions(self) -> tuple[str, ...]:
        """Return the reductions that apply: parts of unlike shape have no unreduced form."""
        return ("mean", "sum") if self.parts else ("none", "mean", "sum")

    def tensors(self) -> tuple[Tensor, ...]:
        """Return the tensor arguments in declared order, one for each name and kind."""
        refs = {
            ref.tensor
            for case in self.all_cases()
            for e in case.expressions()
            for ref in e.atoms(Ref)
        }
        return tuple(sorted(refs, key=lambda tensor: tensor.order))

    def parameters(self) -> tuple[Parameter, ...]:
        """Return the parameters in declared order."""
        symbols = {
            s.parameter
            for case in self.all_cases()
            for e in case.expressions()
            for s in e.atoms(ParameterSymbol)
        }
        return tuple(sorted(symbols, key=lambda parameter: parameter.order))

    @property
    def summary(self) -> str:
        """The first line of the spec's docstring."""
        return self.doc.strip().splitlines()[0] if self.doc.strip() else self.name

    def __str__(self) -> str:
        lines = [f"{self.name} ({self.source})"]
        lines += [f"  {case.value}" for case in self.all_cases()]
        return "\n".join(lines)


def _cases(value: Any, valid: Any, denominator: Any) -> tuple[Case, ...]:
    cases = value if isinstance(value, tuple) else (value,)
    return tuple(
        case if isinstance(case, Case) else Case(case, valid=valid, denominator=denominator)
        for case in cases
    )


def snake_case(name: str) -> str:
    """Return ``huber_loss`` for ``HuberLoss`` and ``mse_loss`` for ``MSELoss``."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return words.lower()


__all__ = ["Case", "Loss", "snake_case"]
