"""Read a folder of specs: run each file and collect the losses it declares."""

from __future__ import annotations

import keyword
import runpy
import sys
import traceback
from collections import Counter
from pathlib import Path

from sympy import Expr
from sympy.core.parameters import distribute

from lossgen.errors import SpecError
from lossgen.loss import Loss

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
    names = _run(path, folder, source, faults)
    if names is None:
        return []
    words = tuple((name, value) for name, value in names.items() if isinstance(value, Expr))
    doc = str(names.get("__doc__") or "")
    losses = [value.placed(source, doc, words) for value in names.values() if isinstance(value, Loss)]
    if not losses and not faults:
        problem = "declares no loss"
        faults.append(SpecError(file=source, problem=problem, remedy="bind a Loss(...) to a name"))
    for loss in losses:
        faults += _name_faults(loss)
    return losses


def _run(path: Path, folder: Path, source: str, faults: Faults) -> dict[str, object] | None:
    """Run a spec; constants are not distributed over differences, which would cost digits."""
    sys.path.insert(0, str(folder))
    try:
        with distribute(False):
            return runpy.run_path(str(path))
    except Exception as error:  # a spec may raise anything
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
        line = frames[-1].lineno if frames else getattr(error, "lineno", None)
        problem = f"raises {type(error).__name__}: {error}"
        faults.append(SpecError(file=source, line=line, problem=problem, remedy="correct the spec"))
        return None
    finally:
        sys.path.remove(str(folder))


def _name_faults(loss: Loss) -> Faults:
    names = [loss.name, loss.function]
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
        for name in sorted(set(map(str, names)))
        if not name.isidentifier() or keyword.iskeyword(name) or name.startswith("_")
    ]


def _duplicates(losses: list[Loss]) -> Faults:
    faults: Faults = []
    for attribute in ("name", "function"):
        counts = Counter(getattr(loss, attribute) for loss in losses)
        for loss in losses:
            name = getattr(loss, attribute)
            if counts[name] > 1:
                others = sorted(o.source for o in losses if getattr(o, attribute) == name and o is not loss)
                faults.append(
                    SpecError(
                        file=loss.source,
                        loss=loss.name,
                        problem=f"the name {name!r} is taken by {', '.join(others)}",
                        remedy="give each loss its own name",
                    )
                )
    return faults
