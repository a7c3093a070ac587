"""Let Chainer 7.8.1 be imported by today's Python.

At import it asks `numpy.distutils` and `pkg_resources` about the installation, and names types that
NumPy has dropped. Nothing of this takes part in a computation.
"""

import importlib.util
import sys
from types import ModuleType

import numpy as np


def prepare() -> None:
    """Put what is missing where Chainer looks for it."""
    if "chainer" in sys.modules:
        return
    system_info = _module("numpy.distutils.system_info", get_info=lambda name: {})
    vars(np)["distutils"] = _module("numpy.distutils", system_info=system_info)
    if importlib.util.find_spec("pkg_resources") is None:
        missing = {"DistributionNotFound": LookupError, "VersionConflict": ValueError}
        _module("pkg_resources", require=lambda name: [], ResolutionError=LookupError, **missing)
    for name, kind in (("float", float), ("int", int), ("bool", bool)):
        if name not in vars(np):
            setattr(np, name, kind)


def _module(name: str, **names: object) -> ModuleType:
    module = ModuleType(name)
    vars(module).update(names)
    sys.modules[name] = module
    return module
