"""Run a target in its own framework, as generated packages are run."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from types import ModuleType
from typing import Any

import numpy as np

from lossgen.audit.target import Target
from lossgen.proof.runners import RUNNERS


def runner(target: Target, inputs: Sequence[str]) -> Any:
    """Return what runs a target, given a spec's inputs in the spec's order."""
    package = ModuleType("audited")
    vars(package)["__all__"] = []

    def call(*given: Any, reduction: str, **options: Any) -> Any:
        return target.call(dict(zip(inputs, given, strict=True)))

    made = RUNNERS[target.framework](package)
    made.functions = {target.plan.loss: call}
    return made


@contextmanager
def running(target: Target, dtype: str) -> Iterator[None]:
    """Compute as users of a dtype do, without a word on what overflows."""
    with warnings.catch_warnings(), np.errstate(all="ignore"), ExitStack() as stack:
        warnings.simplefilter("ignore")
        if target.framework == "jax":
            jax = importlib.import_module("jax")
            stack.enter_context(jax.experimental.enable_x64(dtype == "float64"))
        if target.plan.library == "keras":
            settings = importlib.import_module("keras").config
            stack.callback(settings.set_floatx, settings.floatx())
            settings.set_floatx(dtype)
        yield


__all__ = ["runner", "running"]
