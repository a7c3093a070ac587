"""Read a folder of specs: run each file and collect the losses it declares."""

from __future__ import annotations

import runpy
import sys
import traceback
from pathlib import Path

from sympy import Expr
from sympy.core.basic import Basic
from sympy.core.parameters import distribute

from lossgen.errors import SpecError
from lossgen.language import ParameterSymbol, Ref
from lossgen.loss import Loss
from lossgen.names import IMPORTED, is_plain

Faults = list[SpecError]


def load_specs(folder: Path) -> tuple[tuple[Loss, ...], tuple[SpecError, ...]]:
    """Return all losses below a folder, sorted by name, and what is wrong with the rest.

    A spec is Python and is run: build only specs that you trust.
    """
    folder = folder.resolve()
    losses: list[Loss] = []
    faults: Faults = []
    for path in sorted(folder.rglob("*.py")):
        if path.name.startswith("_"):
            continue
        losses += _load(path, folder, faults)
    faults += _duplicates(losses)
    return tuple(sorted(losses, key=lambda loss: loss.function)), tuple(faults)


def _load(path: Path, folder: Path, faults: Faults) -> list[Loss]:
    source = path.relative_to(folder).as_posix()
    if not source.isprintable():
        problem, remedy = f"{source!a} is no name for a file", "rename it: generated code quotes it"
        faults.append(SpecError(problem=problem, remedy=remedy))
        return []
    names = _run(path, folder, source, faults)
    if names is None:
        return []
    words = tuple(
        (name, value)
        for name, value in names.items()
        if isinstance(value, Expr) and is_plain(name) and name not in IMPORTED
    )
    doc = str(names.get("__doc__") or "")
    found = {id(value): value for value in names.values() if isinstance(value, Loss)}
    losses = [loss.placed(source, doc, words) for loss in found.values()]
    if not losses:
        problem = "declares no loss"
        faults.append(SpecError(file=source, problem=problem, remedy="bind a Loss(...) to a name"))
    faults += [_strange(loss) for loss in losses if not _is_symbolic(loss)]
    losses = [loss for loss in losses if _is_symbolic(loss)]
    for loss in losses:
        faults += _name_faults(loss)
    faults += _ambiguous(names, source)
    return losses


def _ambiguous(names: dict[str, object], source: str) -> Faults:
    """SymPy takes two symbols of one name for one, whatever else they were declared with."""
    declared: dict[object, set[object]] = {}
    for symbol in names.values():
        if isinstance(symbol, Ref):
            declared.setdefault(symbol, set()).add(symbol.tensor)
        elif isinstance(symbol, ParameterSymbol):
            declared.setdefault(symbol, set()).add(symbol.parameter)
    remedy = "declare it once, or rename one of the two"
    return [
        SpecError(
            file=source,
            expression=str(symbol),
            problem="an argument is declared twice",
            remedy=remedy,
        )
        for symbol, found in declared.items()
        if len(found) > 1
    ]


def _is_symbolic(loss: Loss) -> bool:
    parts = [part for case in loss.all_cases() for part in (case.value, *case.expressions())]
    return all(isinstance(part, Basic) for part in parts)


def _strange(loss: Loss) -> SpecError:
    problem, remedy = "the formula is no SymPy expression", "write Loss(name, formula)"
    return SpecError(file=loss.source, loss=loss.name, problem=problem, remedy=remedy)


def _run(path: Path, folder: Path, source: str, faults: Faults) -> dict[str, object] | None:
    """Run a spec; constants are not distributed over differences, which would cost digits."""
    sys.path.insert(0, str(folder))
    try:
        with distribute(False):
            return runpy.run_path(str(path))
    except (Exception, SystemExit) as error:  # a spec may raise anything
        frames = [
            frame
            for frame in traceback.extract_tb(error.__traceback__)
            if frame.filename == str(path)
        ]
        line = frames[-1].lineno if frames else getattr(error, "lineno", None)
        problem = f"raises {type(error).__name__}: {error}"
        faults.append(SpecError(file=source, line=line, problem=problem, remedy="correct the spec"))
        return None
    finally:
        sys.path.remove(str(folder))


def _name_faults(loss: Loss) -> Faults:
    names: list[object] = [loss.name, loss.function]
    names += [tensor.name for tensor in loss.tensors()]
    names += [parameter.name for parameter in loss.parameters()]
    names += [key for key, _ in loss.parts]
    return [
        SpecError(
            file=loss.source,
            loss=loss.name,
            problem=f"{name!r} is not a name that Python allows",
            remedy="use letters, digits and underscores, and no keyword",
        )
        for name in dict.fromkeys(names)
        if not is_plain(name)
    ]


def _duplicates(losses: list[Loss]) -> Faults:
    owners: dict[str, list[Loss]] = {}
    for loss in losses:
        for name in {loss.name, loss.function}:
            owners.setdefault(name, []).append(loss)
    return [
        SpecError(
            file=loss.source,
            loss=loss.name,
            problem=f"the name {name!r} is taken by {', '.join(others)}",
            remedy="give each loss its own name",
        )
        for loss in losses
        for name in dict.fromkeys((loss.name, loss.function))
        if (others := sorted(other.source for other in owners[name] if other is not loss))
    ]
