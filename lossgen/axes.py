"""The names of axes: lower-case words, and ``...`` for any number of trailing axes together."""

from __future__ import annotations

ELLIPSIS = "..."


def split_axes(text: str) -> tuple[str, ...]:
    """Return the axis names of ``"n c ..."``."""
    axes = tuple(text.split())
    if len(set(axes)) != len(axes):
        raise ValueError(f"axes {text!r} name one axis twice")
    for axis in axes:
        if axis != ELLIPSIS and not axis.isidentifier():
            raise ValueError(f"axis {axis!r} is not a word; write axes as 'n c ...'")
    if ELLIPSIS in axes[:-1]:
        raise ValueError(f"'...' must come last in {text!r}")
    return axes


__all__ = ["ELLIPSIS", "split_axes"]
