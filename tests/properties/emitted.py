"""Losses that no package has: their emitted text, run beside the runtime that every package has."""

from __future__ import annotations

import sys
from functools import cache
from types import ModuleType
from typing import Any

from lossgen.expand import NAMES
from lossgen.loss import Loss
from lossgen.prose import settle
from lossgen.render import render_loss, render_shared


def _module(name: str, text: str, **attributes: Any) -> ModuleType:
    module = ModuleType(name)
    vars(module).update(attributes)
    sys.modules[name] = module
    exec(compile(settle(text), f"<{name}>", "exec"), vars(module))
    return module


@cache
def _package(backend: str) -> str:
    """Make a package of what the losses of a backend share, with every function there is."""
    package = f"drawn_{backend}"
    files = render_shared(backend, set(NAMES), ())
    waiting = {name.removesuffix(".py"): text for name, text in files.items()}
    _module(package, "", __path__=[])
    del waiting["__init__"]
    while waiting:
        for name, text in list(waiting.items()):
            if not any(f"from .{other} import" in text for other in waiting):
                _module(f"{package}.{name}", text, __package__=package)
                del waiting[name]
    return package


def run(loss: Loss, backend: str) -> Any:
    """Return the emitted module of a loss, imported."""
    package = _package(backend)
    (text, _), _ = render_loss(loss, backend)
    return _module(f"{package}._{loss.function}", text, __package__=package)
