"""A fault that is planted into lossgen, and the tests that must go red."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import pytest

Test = tuple[str, Callable[[], None]]


def forget() -> None:
    """Empty the memories of lossgen and of its tests, which outlast a fault."""
    for name, module in list(sys.modules.items()):
        if name.startswith(("lossgen.", "test_")):
            for value in list(vars(module).values()):
                remembers = callable(getattr(value, "cache_clear", None))
                if remembers and not isinstance(value, type):
                    value.cache_clear()


@dataclass(frozen=True)
class Fault:
    """A planted fault.

    Attributes:
        room: the part of lossgen that it is in.
        entry: the rule, operation or function there.
        kind: what is wrong: a sign, a factor, a branch, an operand, an axis.
        plant: puts it there, for as long as the patch lasts.
        tests: the quick selection of tests that must catch it, the likeliest first.
        where: the piece of source that is changed, if one is.
    """

    room: str
    entry: str
    kind: str
    plant: Callable[[pytest.MonkeyPatch], None] = field(repr=False)
    tests: Callable[[], Iterable[Test]] = field(repr=False)
    where: str = ""

    def __str__(self) -> str:
        return f"{self.room}: {self.entry}: {self.kind}{f': {self.where}' if self.where else ''}"

    def caught_by(self) -> str | None:
        """Return the first test that fails while the fault is there, or None."""
        tests = tuple(self.tests())
        forget()  # what was derived without the fault
        try:
            for name, test in tests:
                with pytest.MonkeyPatch.context() as patch:
                    self.plant(patch)
                    try:
                        test()
                    except Exception:
                        return name
            return None
        finally:
            forget()  # what was derived with it
