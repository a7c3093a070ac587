"""Read a folder of specs: run each file and collect the losses it declares."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType

from sympy import Expr
from sympy.core.basic import Basic

from lossgen.errors import SpecError
from lossgen.execute import read, run
from lossgen.loss import Loss, snake_case
from lossgen.names import IMPORTED, is_plain, name_problem
from lossgen.source import text_faults

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
    losses = [loss.placed(source, doc, words) for loss in found.values()]
    if not losses:
        problem = "declares no loss"
        remedy = "bind a Loss(...) to a name"
        fault = SpecError(loss=text.loss_at(None), problem=problem, remedy=remedy)
        faults.append(fault.at(file=source))
    faults += [_strange(loss) for loss in losses if not _is_symbolic(loss)]
    losses = [loss for loss in losses if _is_symbolic(loss)]
    faults += [_deep(loss) for loss in losses if _depth(loss) > DEEPEST]
    losses = [loss for loss in losses if _depth(loss) <= DEEPEST]
    for loss in losses:
        faults += _name_faults(loss)
    return losses


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


def _name_faults(loss: Loss) -> Faults:
    names: list[object] = [loss.name]
    if name_problem(loss.name) is None or loss.function != snake_case(loss.name):
        names.append(loss.function)
    names += [tensor.name for tensor in loss.tensors()]
    names += [parameter.name for parameter in loss.parameters()]
    names += [key for key, _ in loss.parts]
    return [
        SpecError(file=loss.source, loss=str(loss.name), problem=problem, remedy=remedy)
        for name in dict.fromkeys(names)
        if (found := name_problem(name))
        for problem, remedy in [found]
    ]


def _duplicates(losses: list[Loss]) -> Faults:
    owners: dict[str, list[Loss]] = {}
    for loss in losses:
        for name in {loss.name, loss.function}:
            owners.setdefault(name, []).append(loss)
    found = []
    for loss in losses:
        others = {
            name: sorted(other.source for other in owners[name] if other is not loss)
            for name in dict.fromkeys((loss.name, loss.function))
        }
        if others[loss.name] == others[loss.function]:
            others = {loss.name: others[loss.name]}
        found += [
            SpecError(
                file=loss.source,
                loss=loss.name,
                problem=f"the name {name!r} is taken by {', '.join(taken)}",
                remedy="give each loss its own name",
            )
            for name, taken in others.items()
            if taken
        ]
    return list(dict.fromkeys(found))
