"""What a spec declares: a loss, the cases of its formula and its named parts."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sympy import Expr

from lossgen.atoms import atoms
from lossgen.case import Case, Cases, gather
from lossgen.composition import applied
from lossgen.dialects import Dialect, DialectIs, expanded
from lossgen.language import Parameter, ParameterSymbol, Ref, Tensor
from lossgen.memory import remembered
from lossgen.variants import by_choice, names_by_choice

REDUCTIONS = ("none", "mean", "sum", "batchmean")


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
        reductions: those that apply, where ``"batchmean"`` is among them: the sum over the length
            of the first axis.
        valid, denominator: as in `Case`, for a loss of one case.
        chunked: the axis that is computed some entries at a time, so that what is as large as its
            product with another is never held, and the keyword that says how many, as in
            ``{"n": "chunk_size"}``.
        dialects: how frameworks differ that mean something else by this name: their names, and
            what `dialect` gives.
    """

    name: str
    cases: tuple[Case, ...]
    function: str
    signature: tuple[Any, ...] | None = field(hash=False)  # may be wrong, and is told of then
    reduction: str = field(hash=False)
    words: tuple[str, ...]
    parts: tuple[tuple[str, tuple[Case, ...]], ...]
    chunked: tuple[tuple[str, str], ...]
    dialects: tuple[tuple[str, Dialect], ...]
    names: tuple[tuple[str, Expr], ...] = field(hash=False, repr=False)
    doc: str = ""
    source: str = ""
    origin: str = field(default="", compare=False, repr=False)

    def __init__(
        self,
        name: str,
        value: Any,
        *,
        function: str | None = None,
        signature: tuple[Any, ...] | None = None,
        reduction: str = "mean",
        reductions: tuple[str, ...] = (),
        valid: Any = None,
        denominator: Any = None,
        chunked: Mapping[str, str] | None = None,
        dialects: Mapping[str, Dialect] | None = None,
    ) -> None:
        _check_words(name, value, function, signature)
        _check_reductions(reductions)
        parts: tuple[tuple[str, tuple[Case, ...]], ...] = ()
        if isinstance(value, Mapping):
            parts = tuple((key, gather(part, valid, denominator)) for key, part in value.items())
        dialects = dict(dialects or {})
        plain = () if parts else by_choice(gather(value, valid, denominator))
        cases = tuple(expanded(plain, dialects))
        values = (
            ("name", name),
            ("cases", cases),
            ("function", snake_case(name) if function is None else function),
            ("signature", signature),
            ("reduction", reduction),
            ("words", tuple(reductions)),
            ("chunked", tuple((chunked or {}).items())),
            ("parts", parts),
            ("dialects", tuple(dialects.items())),
            ("names", ()),
            ("doc", ""),
            ("source", ""),
            ("origin", sys._getframe(1).f_globals.get("__file__", "")),
        )
        for key, item in values:
            object.__setattr__(self, key, item)

    def placed(self, source: str, doc: str, names: tuple[tuple[str, Expr], ...]) -> Loss:
        """Return the loss with the place it comes from and its author's words."""
        return self._changed(source=source, doc=doc, names=names_by_choice(names))

    def nameless(self) -> Loss:
        """Return what losses have in common that differ in names, place and docstring alone."""
        return self._changed(name="", function="", source="", doc="")

    def _changed(self, **given: Any) -> Loss:
        copy = object.__new__(Loss)
        for key in self.__slots__:
            object.__setattr__(copy, key, given.get(key, getattr(self, key)))
        return copy

    def of(self, **given: Any) -> Cases | Expr:
        """Return the formula with arguments replaced, to be a part of another loss.

        It is an expression where there is one formula whose mean is over its entries; otherwise
        it can be multiplied only.

        Args:
            given: for each input a tensor or an expression; for weights and parameters what they
                are, where that is not their default.
        """
        plain = [case for case in self.cases if case.when is None or not case.when.atoms(DialectIs)]
        return applied(self.name, plain, given)

    def all_cases(self) -> tuple[Case, ...]:
        """Return the cases of the loss and of its parts."""
        return self.cases + tuple(case for _, cases in self.parts for case in cases)

    def reductions(self) -> tuple[str, ...]:
        """Return the reductions that apply: parts of unlike shape have no unreduced form."""
        return self.words or (("mean", "sum") if self.parts else ("none", "mean", "sum"))

    def tensors(self) -> tuple[Tensor, ...]:
        """Return the tensor arguments in declared order, one for each name and kind."""
        parts = [part for case in self.all_cases() for part in case.expressions()]
        found = {ref.tensor for part in parts for ref in atoms(part, Ref)}
        return tuple(sorted(found, key=lambda tensor: tensor.order))

    def parameters(self) -> tuple[Parameter, ...]:
        """Return the parameters in declared order."""
        parts = [part for case in self.all_cases() for part in case.expressions()]
        found = {symbol.parameter for part in parts for symbol in atoms(part, ParameterSymbol)}
        return tuple(sorted(found, key=lambda parameter: parameter.order))

    @property
    def summary(self) -> str:
        """The first line of the spec's docstring."""
        return self.doc.strip().splitlines()[0] if self.doc.strip() else self.name

    def __str__(self) -> str:
        lines = [f"{self.name} ({self.source})"]
        lines += [f"  {case.value}" for case in self.all_cases()]
        return "\n".join(lines)


@remembered
def alone(case: Case) -> Loss:
    """Return a case as a loss of its own, to ask for its arguments."""
    return Loss("One", case)


def _check_words(name: Any, value: Any, function: Any, signature: Any) -> None:
    """Refuse what cannot even be held as a loss; the rest is checked when all specs are read."""
    if not isinstance(name, str):
        raise ValueError(f"the name {name!r} is no text; write Loss('HuberLoss', formula)")
    if not isinstance(function, str | None):
        raise ValueError(f"function={function!r} is no text; write function='huber_loss'")
    if not isinstance(signature, tuple | list | None):
        raise ValueError(f"signature={signature!r} is no tuple; write signature=('reduction',)")
    if isinstance(value, Mapping) and not value:
        raise ValueError("the loss has no parts; write Loss(name, {'part': formula})")


def _check_reductions(words: Any) -> None:
    if not isinstance(words, tuple | list):
        raise ValueError(f"reductions={words!r} is no tuple; write reductions=('mean', 'sum')")
    for word in words:
        if word not in REDUCTIONS:
            known = ", ".join(map(repr, REDUCTIONS))
            raise ValueError(f"reductions={words!r} holds {word!r}; choose from {known}")
        if words.count(word) > 1:
            raise ValueError(f"reductions={words!r} holds {word!r} twice; write it once")


def snake_case(name: str) -> str:
    """Return ``huber_loss`` for ``HuberLoss`` and ``mse_loss`` for ``MSELoss``."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return words.lower()


__all__ = ["Case", "Loss", "alone", "snake_case"]
