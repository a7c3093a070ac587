"""The names of axes: lower-case words, and ``...`` for any number of axes together."""

from __future__ import annotations

import re

ELLIPSIS = "..."
_WORD = re.compile("[a-z][a-z0-9_]*")


def split_axes(text: str) -> tuple[str, ...]:
    """Return the axis names of ``"n c ..."``.

    Raises:
        ValueError: what is wrong; what to write instead.
    """
    if not isinstance(text, str):
        raise ValueError(f"axes {text!r} are no text; write axes as 'n c ...'")
    axes = tuple(text.split())
    if len(set(axes)) != len(axes):
        raise ValueError(f"axes {text!r} name one axis twice; give each axis a name of its own")
    for axis in axes:
        if axis != ELLIPSIS and not _WORD.fullmatch(axis):
            raise ValueError(f"axis {axis!r} is not a lower-case word; write axes as 'n c ...'")
    if ELLIPSIS in axes[1:-1]:
        raise ValueError(f"'...' is in the middle of {text!r}; write it first or last")
    return axes


def one_axis(text: str) -> str:
    """Return the name of a single axis.

    Raises:
        ValueError: what is wrong; what to write instead.
    """
    axes = split_axes(text)
    if len(axes) != 1:
        raise ValueError(f"{text!r} is not one axis; name one, and nest the words for more")
    return axes[0]


__all__ = ["ELLIPSIS", "one_axis", "split_axes"]
