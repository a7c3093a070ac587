"""What a build costs: cold, with nothing to do, after one change; for 10, 100 and 1000 specs.

    python -m benchmarks.build --json build.json

Time is that of the processors, of all processes together, as the system counts it; memory is the
most that one process had. What takes microseconds is measured several times, and the least shown.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks import trees

ROOT = Path(__file__).resolve().parent.parent
TREES: dict[str, Callable[[Path, int], None]] = {"library": trees.library, "simple": trees.simple}
HEADINGS = ("tree", "specs", "cold", "per spec", "memory", "no-op", "one changed")


@dataclass(frozen=True)
class Cost:
    """What a process took with all that it started: seconds of processors, and MiB."""

    seconds: float
    memory: float


@dataclass(frozen=True)
class Row:
    """The builds of one tree."""

    tree: str
    specs: int
    cold: Cost
    nothing: Cost
    one_changed: Cost

    def cells(self) -> tuple[str, ...]:
        """Return the row as it is shown."""
        return (
            self.tree,
            str(self.specs),
            f"{self.cold.seconds:.1f} s",
            f"{1000 * self.cold.seconds / self.specs:.0f} ms",
            f"{self.cold.memory:.0f} MiB",
            f"{1000 * self.nothing.seconds:.0f} ms",
            f"{self.one_changed.seconds:.2f} s",
        )


def run(command: list[str], cache: Path) -> Cost:
    """Run a command to its end."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "LOSSGEN_CACHE": str(cache)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed")
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return Cost(used.ru_utime + used.ru_stime, used.ru_maxrss / unit)


def least(command: list[str], cache: Path, times: int) -> Cost:
    """Return what a command takes that can be repeated."""
    return min((run(command, cache) for _ in range(times)), key=lambda cost: cost.seconds)


def measure(tree: str, size: int, jobs: int) -> Row:
    """Build a tree in its three states."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        TREES[tree](home / "specs", size)
        words = ["build", str(home / "specs"), "--out", str(home / "out"), "--no-verify"]
        command = [sys.executable, "-m", "lossgen", *words, "--jobs", str(jobs)]
        cold = run(command, home / "cache")
        nothing = least(command, home / "cache", 7)
        changed = []
        for _ in range(3):
            trees.touch_one(home / "specs")
            changed.append(run(command, home / "cache"))
        return Row(tree, size, cold, nothing, min(changed, key=lambda cost: cost.seconds))


def main() -> None:
    """Measure all trees, print a table, and write it as JSON if that is asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[10, 100, 1000])
    parser.add_argument("--trees", nargs="+", choices=TREES, default=list(TREES))
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--json", type=Path, help="where to write the figures")
    given = parser.parse_args()
    start = least([sys.executable, "-c", "pass"], Path(), 7)
    print(f"Python alone takes {1000 * start.seconds:.0f} ms; {given.jobs} jobs, 5 backends.")
    print("".join(f"{heading:>12}" for heading in HEADINGS))
    rows = []
    for tree in given.trees:
        for size in given.sizes:
            rows.append(measure(tree, size, given.jobs))
            print("".join(f"{cell:>12}" for cell in rows[-1].cells()), flush=True)
    if given.json:
        version = platform.python_version()
        machine = f"{platform.platform()}, {os.cpu_count()} cores, Python {version}"
        found = {"machine": machine, "jobs": given.jobs, "python": asdict(start)}
        text = json.dumps(found | {"builds": [asdict(row) for row in rows]}, indent=2)
        given.json.write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
