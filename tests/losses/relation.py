"""How the loss of another library relates to a generated one."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Relation:
    """A built-in of another library, and what turns its numbers into those of a case.

    Attributes:
        case: the id of the case whose inputs and options both sides get.
        builtin: where the built-in is found, ``"keras.losses.Hinge"``.
        stated: the relation in words, as the spec's docstring has it.
        call: takes the library's module and the inputs as its arrays, and gives the mean that the
            generated loss must have.
    """

    case: str
    builtin: str
    stated: str
    call: Callable[..., Any]
