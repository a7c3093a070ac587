"""What inputs become before a target sees them, in its own framework's words."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any

Conversion = Callable[[Any], Any]


def _jax(path: str, **options: Any) -> Conversion:
    def convert(x: Any) -> Any:
        found: Any = importlib.import_module("jax")
        for word in path.split("."):
            found = getattr(found, word)
        return found(x, **options)

    return convert


def _unit(x: Any) -> Any:
    return x / (x * x).sum(1, keepdims=True) ** 0.5


def _array(x: Any) -> Any:
    """Return the array of a variable of Chainer."""
    return getattr(x, "array", x)


# Through these goes a gradient ...
SMOOTH: Mapping[str, Mapping[str, Conversion]] = {
    "jax": {
        "classes last": lambda x: x.swapaxes(1, -1),
        "exponentials": _jax("numpy.exp"),
        "log-softmax": _jax("nn.log_softmax", axis=1),
        "sigmoid": _jax("nn.sigmoid"),
        "softmax": _jax("nn.softmax", axis=1),
        "unit vectors": _unit,
    },
    "torch": {
        "exponentials": lambda x: x.exp(),
        "log-softmax": lambda x: x.log_softmax(1),
    },
    "mindspore": {"sigmoid": lambda x: importlib.import_module("mindspore").ops.sigmoid(x)},
}
# ... and through these none.
STEPS: Mapping[str, Mapping[str, Conversion]] = {
    "chainer": {
        "int32": lambda x: _array(x).astype("int32"),
        "labels": lambda x: _array(x).argmax(1).astype("int32"),
    },
    "mindspore": {
        "a column": lambda x: x.expand_dims(1),
        "int32": lambda x: x.astype("int32"),
        "int64": lambda x: x.astype("int64"),
    },
}


def conversion(framework: str, word: str) -> Conversion:
    """Return a conversion by its word."""
    return {**SMOOTH.get(framework, {}), **STEPS.get(framework, {})}[word]


def is_smooth(framework: str, word: str) -> bool:
    """Say whether a gradient goes through a conversion."""
    return word in SMOOTH.get(framework, {})


__all__ = ["conversion", "is_smooth"]
