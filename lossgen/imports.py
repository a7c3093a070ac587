"""Imports in order before ruff sees them: what it finds to mend costs it more than all the rest.

Templates import whatever a loss may need. Here goes what one does not use, and what is left is
sorted as ruff sorts it. Ruff has the last word on what is not plain, and need not look at the rest.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from string import ascii_letters, digits
from typing import NamedTuple

WIDTH = 100  # of a line
QUOTES = '"""'
FUTURE = "__future__"
DOUBLED = "(("  # ruff may find one pair of parentheses too many
_NO_CODE = frozenset("\"'#")
_IN_WORD = frozenset(f"{ascii_letters}{digits}_")
_HEAD = re.compile(r'(?:#.*\n|[ \t]*\n)*(?:[rR]?"""(?s:.*?)"""[ \t]*\n)?\s*')
_IMPORT = re.compile(r"(?:import ([\w.]+)(?: as (\w+))?|from ([\w.]+) import (\w+(?:, \w+)*))?\n")

Entry = tuple[bool, str, tuple[str, ...]]  # whether names come from it, the module, and the words


class Tidied(NamedTuple):
    """A module with its imports in order, and whether ruff is sure to find nothing in it."""

    text: str
    settled: bool


def tidied(source: str) -> Tidied:
    """Return a module with its imports sorted and without those that it does not use."""
    head = _HEAD.match(source)
    start = place = end = head.end() if head else 0
    found: list[Entry] = []
    while line := _IMPORT.match(source, place):
        place = line.end()
        if line.lastindex:
            found.append(_entry(*line.groups()))
            end = place
    if source.startswith(("import ", "from "), place) or _repeats(found):
        return Tidied(source, settled=False)
    code = "".join(source[end:].split(QUOTES)[::2])  # docstrings may say the same words
    kept = [entry for entry in (_used(entry, code) for entry in found) if entry[2]]
    settled = DOUBLED not in code and kept == [_used(entry, code, surely=True) for entry in kept]
    return Tidied(f"{source[:start]}{_sections(kept)}{source[end:]}", settled)


def _entry(whole: str | None, alias: str | None, module: str | None, names: str | None) -> Entry:
    if module and names:
        return True, module, tuple(names.split(", "))
    return False, whole or "", (f"{whole} as {alias}" if alias else whole or "",)


def _repeats(entries: Sequence[Entry]) -> bool:
    """Say whether a module is imported from twice, which is ruff's to join."""
    return len({entry[:2] for entry in entries}) < len(entries)


def _used(entry: Entry, code: str, *, surely: bool = False) -> Entry:
    """Return an import of what is used, once each."""
    several, module, words = entry
    if module == FUTURE:
        return entry
    if several:
        return (
            several,
            module,
            tuple(w for w in dict.fromkeys(words) if _mentions(code, w, surely=surely)),
        )
    whole, _, alias = words[0].partition(" as ")
    name = alias or whole.partition(".")[0]
    return several, module, words if _mentions(code, name, surely=surely) else ()


def _mentions(code: str, name: str, *, surely: bool) -> bool:
    """Say whether a name stands somewhere as a word; a pattern would be far slower.

    It does surely where no text and no comment begins before it in its line.
    """
    place = code.find(name)
    while place >= 0:
        end = place + len(name)
        if not _IN_WORD.intersection((code[place - 1 : place], code[end : end + 1])):
            line = code[code.rfind("\n", 0, place) + 1 : place] if surely else ""
            if _NO_CODE.isdisjoint(line):
                return True
        place = code.find(name, end)
    return False


def _sections(entries: Sequence[Entry]) -> str:
    """Return imports in the order of isort: Python's, others', the package's own."""
    blocks: dict[int, list[Entry]] = {}
    for entry in sorted(entries, key=lambda entry: (entry[0], entry[1].lower())):
        blocks.setdefault(_section(entry[1]), []).append(entry)
    return "\n".join("".join(map(_line, blocks[k])) for k in sorted(blocks))


def _section(module: str) -> int:
    top = module.partition(".")[0]
    return 3 if not top else 0 if top == FUTURE else 1 if top in sys.stdlib_module_names else 2


def _line(entry: Entry) -> str:
    several, module, words = entry
    if not several:
        return f"import {words[0]}\n"
    names = sorted(words, key=_rank)
    line = f"from {module} import {', '.join(names)}\n"
    if len(line) <= WIDTH + 1:
        return line
    return "\n".join([f"from {module} import (", *(f"    {name}," for name in names), ")\n"])


def _rank(name: str) -> tuple[int, str]:
    """Constants come before classes, and these before functions."""
    kind = 0 if name.isupper() and len(name) > 1 else 1 if name[0].isupper() else 2
    return kind, name.lower()


__all__ = ["Tidied", "tidied"]
