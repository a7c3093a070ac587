"""What a framework can do with a loss beside calling it: compile it, map it over a batch."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from lossgen.proof.calls import Call
from lossgen.proof.point import Array

Mode = Callable[[Any, Any, list[Any]], Any]
TWICE = 2  # how often a call is stacked to be mapped over


def _jax_jit(jax: Any, loss: Any, values: list[Any]) -> Any:
    return jax.jit(loss)(*values)


def _jax_vmap(jax: Any, loss: Any, values: list[Any]) -> Any:
    return jax.vmap(loss)(*(jax.numpy.stack([value] * TWICE) for value in values))


def _torch_vmap(torch: Any, loss: Any, values: list[Any]) -> Any:
    return torch.func.vmap(loss)(*(torch.stack([value] * TWICE) for value in values))


def _torch_compile(torch: Any, loss: Any, values: list[Any]) -> Any:
    torch._dynamo.reset()  # which gives up on a function after some calls of other shapes
    return torch.compile(loss, fullgraph=True, backend="eager")(*values)


MODES: Mapping[str, Mapping[str, Mode]] = {
    "jax": {"jit": _jax_jit, "vmap": _jax_vmap},
    "torch": {"vmap": _torch_vmap, "compile": _torch_compile},
}


def differences(backend: str, runner: Any, call: Call, size: float) -> dict[str, float]:
    """Return how far each mode is from the plain call, relative to the largest entry or term.

    Args:
        backend: the framework.
        runner: what runs its package.
        call: what to run.
        size: the largest sum of absolute terms: a compiler may add them in another order.
    """
    found = {}
    for name, mode in MODES.get(backend, {}).items():
        loss, moving = runner.arguments(call)
        plain = runner.numbers(loss(*moving.values()))
        try:
            got = runner.numbers(mode(importlib.import_module(backend), loss, [*moving.values()]))
        except Exception:  # whatever a framework raises, the mode does not work
            found[name] = np.inf
            continue
        found[name] = _apart(plain, got if got.shape == plain.shape else got[-1], size)
    return found


def _apart(plain: Array, other: Array, size: float) -> float:
    largest = float(np.max(np.abs(plain), initial=size, where=np.isfinite(plain))) or 1.0
    both = np.isfinite(plain) & np.isfinite(other)
    alike = np.isfinite(plain) == np.isfinite(other)
    gap = float(np.max(np.abs(plain - other), initial=0.0, where=both))
    return gap / largest / float(np.finfo(plain.dtype).eps) if alike.all() else np.inf


__all__ = ["MODES", "differences"]
