"""Trees of specs to build: the library's, again and again with other numbers, or simple ones."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path

SPECS = Path(__file__).resolve().parent.parent / "specs"
SIMPLE = '''"""Simple loss {k}."""

from sympy import Abs, Piecewise

from lossgen import Loss, parameter, tensor

x, t = tensor("input"), tensor("target")
delta = parameter("delta", 1.0, positive=True)
error = Abs(x - t)

simple_loss = Loss(
    "Simple{k}Loss",
    Piecewise((error**2 / {number}, error <= delta), (delta * (error - delta / {number}), True)),
)
'''


def library(folder: Path, size: int) -> None:
    """Write a tree of the library's specs, each copy under names and with a number of its own."""
    for copy in sorted(SPECS.glob("_*.py")):
        _put(folder / copy.name, copy.read_text(encoding="utf-8"))
    sources = sorted(path for path in SPECS.rglob("*.py") if not path.name.startswith("_"))
    for k, path in islice(_endless(sources), size):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        _vary(tree, k)
        name = path.relative_to(SPECS)
        _put(folder / name.parent / f"{name.stem}_{k}.py", f"{ast.unparse(tree)}\n")


def simple(folder: Path, size: int) -> None:
    """Write a tree of one small formula, each copy under a name and with a number of its own."""
    for k in range(size):
        text = SIMPLE.format(k=k, number=2 + (k + 1) / 1000)
        _put(folder / f"family_{k % 10}" / f"simple_{k}.py", text)


def touch_one(folder: Path) -> None:
    """Change one spec of a tree, in its words alone."""
    path = min(path for path in folder.rglob("*.py") if not path.name.startswith("_"))
    path.write_text(path.read_text(encoding="utf-8").replace('"""', '"""Changed: ', 1))


def _endless(sources: list[Path]) -> Iterator[tuple[int, Path]]:
    return ((k, path) for k in count() for path in sources)


def _put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _vary(tree: ast.Module, k: int) -> None:
    """Give the losses other names, and their first factor another value."""
    factors = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and "." in node.module:
            node.module += f"_{k}"  # of a loss that this one is made of
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "Loss":
            words = [keyword.value for keyword in node.keywords if keyword.arg == "function"]
            for word, joint in ((node.args[0], ""), *((word, "_") for word in words)):
                if isinstance(word, ast.Constant):
                    word.value = f"{word.value}{joint}{k}"
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Div):
            factors += [n for n in (node.left, node.right) if isinstance(n, ast.Constant)]
    for factor in factors[:1]:
        factor.value += (k + 1) / 1000


__all__ = ["library", "simple", "touch_one"]
