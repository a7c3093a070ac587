"""Read a folder of specs: run each file and collect the losses it declares."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from sympy import Expr
from sympy.core.basic import Basic

from lossgen.alike import places
from lossgen.errors import SpecError
from lossgen.execute import read, run
from lossgen.loss import Loss
from lossgen.name_faults import name_faults
from lossgen.names import IMPORTED, is_plain
from lossgen.source import text_faults
from lossgen.states import State, spec_files, state_of
from lossgen.watch import watched

Faults = list[SpecError]
# Stands in the first line of generated files, where Python looks for an encoding, and tools for
# what they are told.
FILE_NAME = re.compile(r"[\w.+,/ -]+")
DEEPEST = 150
REMEDIES = {
    "when": "compare a parameter, as in when=Eq(parameter, 0)",
    "valid": "write a comparison, as in valid=Ne(labels, ignored)",
    "denominator": "write it with weights, labels and sizes, as in denominator=Size('n')",
}


@dataclass(frozen=True, slots=True)
class Loaded:
    """What one file of specs gave when it was run.

    Attributes:
        read: the state of each file on which that depends.
    """

    losses: tuple[Loss, ...]
    faults: tuple[SpecError, ...]
    read: Mapping[str, State]


def load_specs(folder: Path) -> tuple[Loaded, ...]:
    """Run each file of specs below a folder.

    A spec is Python and is run: build only specs that you trust.
    """
    folder = folder.resolve()
    return tuple(load_spec(folder, source) for source in spec_files(str(folder)))


def load_spec(folder: Path, source: str) -> Loaded:
    """Run one file of specs, which is given relative to the resolved folder."""
    faults: Faults = []
    losses: list[Loss] = []
    before = {str(folder / source): state_of(str(folder / source))}
    places.restart()
    modules = len(sys.modules)
    with watched(folder) as paths:
        losses += _load(folder / source, folder, faults)
    if len(sys.modules) > modules:  # what stays imported may have declared something
        places.hold()
    states = {path: state_of(path) for path in sorted(paths)} | before
    return Loaded(tuple(losses), tuple(faults), states)


def _load(path: Path, folder: Path, faults: Faults) -> list[Loss]:
    source = path.relative_to(folder).as_posix()
    if not FILE_NAME.fullmatch(source):
        problem = f"{source!a} is no name for a file that generated code could quote"
        remedy = "rename it with letters, digits, spaces and any of . _ - + , only"
        faults.append(SpecError(problem=problem, remedy=remedy))
        return []
    text = read(path)
    names = text if isinstance(text, SpecError) else run(path, folder, text)
    if isinstance(names, SpecError):
        faults.append(names.at(file=source))
        return []
    assert not isinstance(text, SpecError)
    faults += [fault.at(file=source) for fault in text_faults(text, names)]
    losses = _declared(names, path, folder, source)
    if not losses:
        problem = "declares no loss"
        remedy = "bind a Loss(...) to a name"
        fault = SpecError(loss=text.loss_at(None), problem=problem, remedy=remedy)
        faults.append(fault.at(file=source))
    faults += [_strange(loss) for loss in losses if not _is_symbolic(loss)]
    losses = [loss for loss in losses if _is_symbolic(loss)]
    deep = [_depth(loss) > DEEPEST for loss in losses]
    faults += [_deep(loss) for loss, too_deep in zip(losses, deep, strict=True) if too_deep]
    losses = [loss for loss, too_deep in zip(losses, deep, strict=True) if not too_deep]
    for loss in losses:
        faults += name_faults(loss)
    return losses


def _declared(names: dict[str, object], path: Path, folder: Path, source: str) -> list[Loss]:
    """Return the losses that a file binds to names, with its words for their parts."""
    words = tuple(
        (name, value)
        for name, value in (*_shared(names, folder), *names.items())
        if isinstance(value, Expr) and is_plain(name) and name not in IMPORTED
    )
    doc = str(names.get("__doc__") or "")
    found = {
        id(value): value
        for value in names.values()
        if isinstance(value, Loss) and value.origin in (str(path), "")  # not one that is imported
    }
    return [loss.placed(source, doc, words) for loss in found.values()]


def _shared(names: dict[str, object], folder: Path) -> list[tuple[str, object]]:
    """Return the words of the files that specs share, of those that are imported whole."""
    modules = [value for value in names.values() if isinstance(value, ModuleType)]
    ours = [m for m in modules if Path(getattr(m, "__file__", None) or "/").parent == folder]
    return [item for module in ours for item in vars(module).items()]


def _is_symbolic(loss: Loss) -> bool:
    parts = [part for case in loss.all_cases() for part in (case.value, *case.expressions())]
    return all(isinstance(part, Basic) for part in parts)


def _strange(loss: Loss) -> SpecError:
    problem, remedy = "the formula is no SymPy expression", "write Loss('HuberLoss', formula)"
    for case in loss.all_cases():
        for word in ("when", "valid", "denominator"):
            value = getattr(case, word)
            if value is not None and not isinstance(value, Basic):
                problem, remedy = f"{word}={value!r} is no SymPy expression", REMEDIES[word]
    return SpecError(file=loss.source, loss=loss.name, problem=problem, remedy=remedy)


def _deep(loss: Loss) -> SpecError:
    problem = f"the formula is nested {_depth(loss)} deep"
    remedy = f"write it in fewer steps, {DEEPEST} at most"
    return SpecError(file=loss.source, loss=loss.name, problem=problem, remedy=remedy)


def _depth(loss: Loss) -> int:
    """Return how deeply the formulas are nested, without recursion, which has its own limit."""
    found: dict[int, int] = {}
    stack = [part for case in loss.all_cases() for part in case.expressions()]
    while stack:
        node = stack[-1]
        below = [arg for arg in node.args if id(arg) not in found]
        stack += below
        if not below:
            found[id(node)] = 1 + max((found[id(arg)] for arg in node.args), default=0)
            stack.pop()
    return max(found.values(), default=0)


__all__ = ["Loaded", "load_spec", "load_specs"]
