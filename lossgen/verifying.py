"""The conformance run for users: every loss in every framework that is at hand."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lossgen.cache import cache_folder
from lossgen.errors import LossgenError

if TYPE_CHECKING:
    from lossgen.loss import Loss

DTYPES = ("float32", "float64")


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be verified.

    Attributes:
        names: classes or functions of losses, or none for all.
        backends: packages, or none for all that there are.
        interpreters: another Python for a backend.
    """

    specs: Path
    generated: Path
    names: tuple[str, ...] = ()
    backends: tuple[str, ...] = ()
    interpreters: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What was found.

    Attributes:
        rows: a mapping for each loss, backend and dtype.
        missing: backends that could not be run, and why.
    """

    rows: tuple[Mapping[str, Any], ...]
    missing: Mapping[str, str]

    @property
    def passed(self) -> bool:
        """Whether something was verified, and nothing fails but what is known to."""
        return bool(self.rows) and all(row["passed"] for row in self.rows)

    def as_json(self) -> str:
        """Return the report as JSON."""
        listed = {"passed": self.passed, "missing": dict(self.missing), "rows": list(self.rows)}
        return json.dumps(listed, indent=2) + "\n"


def verify(request: Request, advance: Callable[[int, int], object]) -> Report:
    """Verify, calling ``advance`` with how many losses of how many are done."""
    losses = _losses(request)
    there = _packages(request)
    elsewhere = dict(request.interpreters or {})
    runners, missing = _runners(request, [name for name in there if name not in elsewhere])
    rows: list[Mapping[str, Any]] = []
    steps = len(losses) + len(elsewhere)
    for done, loss in enumerate(losses, 1):
        rows += _rows(loss, runners)
        advance(done, steps)
    for done, (name, python) in enumerate(elsewhere.items(), 1):
        found, gone = _remote(request, name, python)
        rows += found
        missing |= gone
        advance(len(losses) + done, steps)
    order = {name: k for k, name in enumerate(there)}
    rows.sort(key=lambda row: (row["loss"], order.get(row["backend"], 0), row["dtype"]))
    return Report(tuple(rows), missing)


def _losses(request: Request) -> list[Loss]:
    from lossgen.jobs import load

    losses = load(request.specs)
    known = {key for loss in losses for key in (loss.name, loss.function)}
    for name in request.names:
        if name not in known:
            from difflib import get_close_matches

            near = get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]}?" if near else "lossgen list shows those there are."
            raise LossgenError(f"{request.specs} declares no loss {name}; {hint}")
    return [
        one for one in losses if not request.names or {one.name, one.function} & {*request.names}
    ]


def _packages(request: Request) -> list[str]:
    from lossgen.proof.runners import RUNNERS

    there = [name for name in RUNNERS if (request.generated / name / "__init__.py").is_file()]
    wanted = request.backends or tuple(there)
    for name in wanted:
        if name not in there:
            raise LossgenError(
                f"{request.generated} holds no package {name} that can be run; build it, or choose "
                f"of {', '.join(there) or 'none'}."
            )
    return [name for name in there if name in wanted]


def _runners(request: Request, names: Sequence[str]) -> tuple[dict[str, Any], dict[str, str]]:
    """Import the packages as a user does; what cannot be imported is missing."""
    from lossgen.proof.runners import COMPILED

    folder = request.generated.resolve()
    if str(folder.parent) not in sys.path:
        sys.path.insert(0, str(folder.parent))
    runners: dict[str, Any] = {}
    missing: dict[str, str] = {}
    for name in names:
        try:
            with redirect_stdout(sys.stderr):
                runners[name] = COMPILED[name](f"{folder.name}.{name}")
        except Exception as error:  # a framework may fail to start in any way
            missing[name] = f"{type(error).__name__}: {error}"
    return runners, missing


def _rows(loss: Loss, runners: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    from lossgen.proof.store import exhibits, keep
    from lossgen.proof.verify import verify as examined

    cache = cache_folder()
    cache = None if cache is None else cache / "proofs"
    found = exhibits(loss, cache)
    if not found:
        return
    known = sum(len(exhibit.held) for exhibit in found)
    for backend, runner in runners.items():
        for dtype in DTYPES:
            numpy = runners.get("numpy", runner)
            yield examined(loss, found, backend, dtype, runner, numpy).listed()
    if sum(len(exhibit.held) for exhibit in found) > known:
        keep(loss, found, cache)


def _remote(
    request: Request, backend: str, python: str
) -> tuple[list[Mapping[str, Any]], dict[str, str]]:
    """Run a backend in another Python, which has its framework and what lossgen needs."""
    command = [python, "-m", "lossgen", "verify", *request.names, "--json", "-"]
    command += ["--specs", str(request.specs), "--generated", str(request.generated)]
    home = str(Path(__file__).resolve().parents[1])
    paths = os.pathsep.join(filter(None, (home, os.environ.get("PYTHONPATH", ""))))
    try:
        done = subprocess.run(
            [*command, "--backend", backend],
            capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": paths},
        )  # fmt: skip
        report = json.loads(done.stdout)
    except (OSError, ValueError):
        return [], {backend: f"{python} could not run lossgen verify"}
    return report["rows"], report["missing"]


__all__ = ["Report", "Request", "verify"]
