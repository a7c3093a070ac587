"""Which statement of a generated kernel goes wrong: what it assigns, compared with more digits."""

from __future__ import annotations

import linecache
import re
import sys
from collections.abc import Iterator
from types import FrameType
from typing import Any

import numpy as np

from lossgen.proof.calls import Call
from lossgen.proof.examine import run
from lossgen.proof.point import Array

KERNELS = {"value": "_value", "gradient": "_gradient", "diagonal": "_hessian_diagonal"}
FAR = 16.0  # ULP by which a statement differs from itself in more digits
WIDER = {"float32": "float64", "float64": "longdouble"}
ASSIGNED = re.compile(r"^    (\w+) = ", re.MULTILINE)


def blamed(runner: Any, call: Call, quantity: str, dtype: str) -> str:
    """Return the first statement whose result is not finite or far off, or nothing."""
    narrow = _locals(runner, call.in_dtype(dtype), quantity)
    wide = _locals(runner, call.in_dtype(WIDER[dtype]), quantity)
    unit = float(np.finfo(dtype).eps)
    for (statement, found), (_, right) in zip(narrow, wide, strict=False):
        if found.shape == right.shape and _is_off(found, right, unit):
            return statement
    return ""


def _is_off(found: Array, right: Array, unit: float) -> bool:
    with np.errstate(all="ignore"):
        error = abs(found - right)
        off = ~(error <= FAR * unit * abs(right)) & np.isfinite(right)
    return bool(off.any())


def _locals(runner: Any, call: Call, quantity: str) -> list[tuple[str, Array]]:
    """Return the statements of a kernel and what they assign, as it returns."""
    frames: list[FrameType] = []

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        if event == "return":
            frames.append(frame)
        return trace if frame.f_code.co_name.startswith(KERNELS[quantity]) else None

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        run(runner, call, quantity)
    except (TypeError, ValueError):  # some function knows no longer numbers
        return []
    finally:
        sys.settrace(before)
    return [pair for frame in frames[-1:] for pair in _assigned(frame)]


def _assigned(frame: FrameType) -> Iterator[tuple[str, Array]]:
    code = frame.f_code
    first = code.co_firstlineno
    last = max(line for _, _, line in code.co_lines() if line is not None)
    lines = [linecache.getline(code.co_filename, k) for k in range(first, last + 1)]
    text = "".join(lines)
    starts = [*ASSIGNED.finditer(text)]
    for match in starts:
        rest = text[match.start() :].split("\n    ")
        statement = " ".join(" ".join(rest[: 2 if not rest[0].strip() else 1]).split())
        value = frame.f_locals.get(match[1])
        if isinstance(value, np.ndarray) and value.dtype.kind == "f":
            yield statement, value


__all__ = ["blamed"]
