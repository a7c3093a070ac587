"""All losses as a page of Markdown: by family, with formula, parameters and names elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import PurePosixPath

from lossgen.arguments import Parameter
from lossgen.loss import Loss
from lossgen.mathematics import formula, told

TITLE = "# The losses\n\nMade from `specs/` by `lossgen list --markdown`; a test keeps it so.\n"
# An entry of the list that ends a spec's docstring: "- ``optax.l2_loss``, ``...``: equal."
_ENTRY = re.compile(r"^- ((?:``[\w.]+``(?:,\s+)?)+)", re.MULTILINE)
_NAME = re.compile(r"``([\w.]+)``")


def catalogue(losses: Sequence[Loss]) -> str:
    """Return the page: one table for each folder of specs."""
    ordered = sorted(losses, key=lambda loss: (_family(loss), loss.name.lower()))
    pages = [TITLE]
    for family, members in groupby(ordered, key=_family):
        pages.append(f"\n## {family.capitalize()}\n\n" + "\n".join(_table(members)) + "\n")
    return "".join(pages)


def builtins(loss: Loss) -> tuple[str, ...]:
    """Return the built-ins of other libraries that the spec's docstring compares with."""
    return tuple(name for entry in _ENTRY.findall(loss.doc) for name in _NAME.findall(entry))


def _family(loss: Loss) -> str:
    return PurePosixPath(loss.source).parent.name or "losses"


def _table(losses: Iterator[Loss]) -> Iterator[str]:
    yield "| class | function | what it is | formula | parameters | elsewhere | dialects |"
    yield "|---|---|---|---|---|---|---|"
    for loss in losses:
        parameters = ", ".join(f"`{_shown(p)}`" for p in loss.parameters())
        dialects = ", ".join(f"`{name}`" for name, _ in loss.dialects)
        cells = (
            f"`{loss.name}`",
            f"`{loss.function}`",
            loss.summary,
            _formula(loss),
            parameters,
            ", ".join(f"`{name}`" for name in builtins(loss)),
            dialects,
        )
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _shown(parameter: Parameter) -> str:
    return f"{parameter.name}={parameter.default!r}"


def _formula(loss: Loss) -> str:
    """Return the formula of the plain case, or of every part."""
    if loss.parts:
        return "; ".join(f"${formula(loss, cases[0], name)}$" for name, cases in loss.parts)
    return f"${formula(loss, told(loss.cases)[-1])}$"


__all__ = ["builtins", "catalogue"]
