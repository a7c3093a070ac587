"""Declarations of specs that are alike are one: SymPy then knows formulas of them from before.

Most specs begin with the same inputs. Were these other symbols each time, SymPy would have to ask
anew what it knows of them and of their differences, a tenth of what a small spec costs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from itertools import count

# Values of these types are the same if they print alike.
PLAIN = frozenset((str, bool, int, float, type(None)))


class Places:
    """Numbers declarations in their order, from the same number on for each spec."""

    def __init__(self) -> None:
        self._first = self._next = 0

    def next(self) -> int:
        """Return the number of a declaration."""
        self._next += 1
        return self._next

    def restart(self) -> None:
        """Begin with another spec."""
        self._next = self._first

    def hold(self) -> None:
        """Let other specs begin after what was declared so far, since it may stay."""
        self._first = self._next


places = Places()
_strange = count()


@dataclass(frozen=True, slots=True, eq=False)
class Declared:
    """A declaration: the same as any other that says the same.

    Attributes:
        order: its number in the spec.
        said: a text of all the rest.
    """

    order: int = field(default_factory=places.next, compare=False, repr=False, kw_only=True)
    said: str = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Note what is declared."""
        values = (getattr(self, each.name) for each in fields(self) if each.compare)
        object.__setattr__(self, "said", said(values))

    def __eq__(self, other: object) -> bool:
        """Say whether the other one says the same."""
        return type(other) is type(self) and isinstance(other, Declared) and other.said == self.said

    def __hash__(self) -> int:
        """Return the text's."""
        return hash(self.said)


def said(values: Iterable[object]) -> str:
    """Return a text that is the same for the same values of the same types only.

    What is no plain value has a text that nothing else has.
    """
    return ", ".join(map(_said, values))


def _said(value: object) -> str:
    if type(value) is tuple:
        return f"({said(value)})"
    return repr(value) if type(value) in PLAIN else f"#{next(_strange)}"


__all__ = ["Declared", "places"]
