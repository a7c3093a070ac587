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
    """Divide vectors by their lengths; a zero vector stays one, and has no slope."""
    jax = importlib.import_module("jax")
    largest = jax.lax.stop_gradient(abs(x).max(1, keepdims=True))
    scaled = x / jax.numpy.where(largest > 0, largest, 1.0)
    squares = jax.numpy.where(largest > 0, (scaled * scaled).sum(1, keepdims=True), 1.0)
    return jax.numpy.where(largest > 0, scaled / squares**0.5, 0.0)


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
    "jax": {"above 0": lambda x: x > 0},
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


def _minus_log_prob(found: Any, *inputs: Any, value: Any, **named: Any) -> Any:
    return -found(*inputs, **named).log_prob(value)


def _lost_log_prob(found: Any, loc: Any, value: Any, **named: Any) -> Any:
    density = found(loc, **named)
    return density.log_prob(loc) - density.log_prob(value)


def _one_image(found: Any, members: Any, clusters: Any, **named: Any) -> Any:
    """Call Chainer's clustering, which takes images whose features are as many as clusters."""
    count, features = members.shape
    image = members.transpose().reshape(1, features, 1, count)
    labels = 1 + _array(clusters).reshape(1, 1, count)
    return sum(found(image, labels, max_embedding_dim=features, **named))


# What is done with a target, where it is not called for a loss.
CALLS: Mapping[str, Callable[..., Any]] = {
    "minus log_prob": _minus_log_prob,
    "what log_prob loses": _lost_log_prob,
    "one minus": lambda found, *inputs, **named: 1 - found(*inputs, **named),
    "one image": _one_image,
}


def conversion(framework: str, word: str) -> Conversion:
    """Return a conversion by its word."""
    return {**SMOOTH.get(framework, {}), **STEPS.get(framework, {})}[word]


def is_smooth(framework: str, word: str) -> bool:
    """Say whether a gradient goes through a conversion."""
    return word in SMOOTH.get(framework, {})


__all__ = ["CALLS", "conversion", "is_smooth"]
