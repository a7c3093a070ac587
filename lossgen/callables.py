"""Functions that a caller chooses: one that the spec declares, by its name, or one of their own.

The formula stays the same for both. A declared function is spelled out in it, and differentiated
with it; of a caller's own the formula takes the results, and the framework differentiates the rest.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sympy import Expr, Symbol, Tuple, sympify
from sympy.core.basic import Basic
from sympy.core.symbol import Str
from sympy.logic.boolalg import BooleanFunction

from lossgen.arguments import Parameter, ParameterSymbol, Ref


@dataclass(frozen=True, slots=True)
class Function:
    """A function of inputs, as a spec calls it; its parameter is what callers choose by."""

    parameter: Parameter
    meanings: tuple[Callable[..., Any], ...]

    def __call__(self, *inputs: Any) -> Applied:
        """Return the function of inputs, which stand as they are declared."""
        for given in inputs:
            if not isinstance(given, Ref) or given.indices != given.tensor.axes:
                raise ValueError(
                    f"{self.parameter.name} is called with {given}, which is no input as it is "
                    "declared; call it with inputs alone, since callers may give a function of them"
                )
        values = (sympify(meaning(*inputs)) for meaning in self.meanings)
        return Applied(ParameterSymbol(self.parameter), Tuple(*inputs), Tuple(*values))


class Applied(Expr):
    """A chosen function of inputs: ``args`` are its parameter, the inputs, what it may mean."""

    is_real = True
    is_commutative = True

    @property
    def parameter(self) -> Parameter:
        """What callers choose the function by."""
        symbol: ParameterSymbol = self.args[0]
        return symbol.parameter

    @property
    def inputs(self) -> tuple[Ref, ...]:
        """The inputs."""
        return tuple(self.args[1])

    def meaning(self, place: int) -> Basic:
        """Return the expression for one of the declared functions."""
        meaning: Basic = tuple(self.args[2])[place]
        return meaning

    def _sympystr(self, printer: Any) -> str:
        inner = ", ".join(ref.tensor.name for ref in self.inputs)
        return f"{self.parameter.name}({inner})"

    def _latex(self, printer: Any) -> str:
        inner = ", ".join(map(printer._print, self.inputs))
        return rf"{printer._print(self.args[0])}\left({inner}\right)"


class Chosen(BooleanFunction):
    """Whether the caller names a declared function: ``args`` are the parameter and the name."""

    nargs = 2

    @classmethod
    def eval(cls, *args: Any) -> None:
        """Stay as it is: only a call knows."""

    def _pretty(self, printer: Any) -> Any:
        return printer._print(Symbol(f"{self.args[0]} = {self.word}"))

    @property
    def word(self) -> str:
        """The name of the function."""
        return str(self.args[1].name)


class Called(BooleanFunction):
    """Whether the caller gives a function of their own for the parameter."""

    nargs = 1

    @classmethod
    def eval(cls, *args: Any) -> None:
        """Stay as it is: only a call knows."""

    def _pretty(self, printer: Any) -> Any:
        return printer._print(Symbol(f"{self.args[0]} is callable"))


def function(name: str, meanings: Mapping[str, Callable[..., Any]], *, doc: str = "") -> Function:
    """Declare a function that callers choose: the name of one, or a callable of their own.

    Args:
        name: the argument's name in generated code.
        meanings: for each name the function; the first is the default, also called None.
        doc: one sentence for the documentation.
    """
    example = f"function({name!r}, {{'squared': lambda a, b: sum_over((a - b)**2, 'd')}})"
    if not isinstance(meanings, Mapping) or not meanings:
        raise ValueError(f"function {name!r} declares no function by name; write {example}")
    for word, meaning in meanings.items():
        if not isinstance(word, str) or not re.fullmatch("[a-z][a-z0-9_]*", word):
            raise ValueError(f"{word!r} is no lower-case word; write {example}")
        if not callable(meaning):
            raise ValueError(f"{word!r} of function {name!r} is no function; write {example}")
    parameter = Parameter(name, None, "function", doc=doc, words=tuple(meanings))
    return Function(parameter, tuple(meanings.values()))


def chosen(parameter: ParameterSymbol, word: str) -> Chosen:
    """Return the condition that the caller names a declared function."""
    return Chosen(parameter, Str(word))


__all__ = ["Applied", "Called", "Chosen", "Function", "chosen", "function"]
