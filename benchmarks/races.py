"""Races of losses with what people use today: medians of interleaved runs in one process."""

from __future__ import annotations

import argparse
import ctypes
import json
import math
import os
import platform
import random
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

Step = Callable[[], object]
Meter = Callable[[Step], float]
OURS = "lossgen"
SIZES = (10**3, 10**5, 10**7)
LEAST = 5  # runs of each contestant, however long they take


def _timed(clock: Callable[[], float]) -> Meter:
    def measure(step: Step) -> float:
        start = clock()
        step()
        return 1e6 * (clock() - start)

    return measure


def _peak(step: Step) -> float:
    """Return how much memory a step has at most beyond what is there before, on Linux."""
    ctypes.CDLL(None).malloc_trim(0)  # pages that were freed and kept would not be counted
    Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")
    before = _resident("VmRSS")
    step()
    return _resident("VmHWM") - before


def _resident(entry: str) -> float:
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(float(line.split()[1]) / 1024 for line in lines if line.startswith(entry))


METERS: Mapping[str, Meter] = {
    "wall": _timed(time.perf_counter),
    "processor": _timed(time.process_time),
    "memory": _peak,
}
UNITS = {"wall": "us", "processor": "us", "memory": "mib"}


@dataclass(frozen=True)
class Contest:
    """A loss, and steps with inputs of about so many entries, by contestant."""

    name: str
    steps: Callable[[int], Mapping[str, Step]]


@dataclass(frozen=True)
class Result:
    """Medians by contestant, in microseconds or MiB."""

    name: str
    size: int
    medians: Mapping[str, float]

    @property
    def peers(self) -> dict[str, float]:
        """All but ours."""
        return {peer: time for peer, time in self.medians.items() if peer != OURS}

    @property
    def ratio(self) -> float:
        """How much of the fastest peer's time, or memory, the loss takes."""
        ours, peer = self.medians[OURS], min(self.peers.values())
        return ours / peer if peer else 1.0 if not ours else math.inf

    def as_json(self, unit: str) -> dict[str, object]:
        """Return what is written down."""
        medians = {f"{who}_{unit}": round(time, 1) for who, time in self.medians.items()}
        return {"name": self.name, "size": self.size, "ratio": round(self.ratio, 3)} | medians


def race(contest: Contest, size: int, measure: Meter, seconds: float) -> Result:
    """Return the medians of runs that take turns, in an order that is drawn anew each time."""
    steps = contest.steps(size)
    for step in steps.values():
        step()  # compilers have their say before the clock runs
    times: dict[str, list[float]] = {who: [] for who in steps}
    order = list(steps)
    stop = time.perf_counter() + seconds * len(steps)
    while time.perf_counter() < stop or min(map(len, times.values())) < LEAST:
        random.shuffle(order)
        for who in order:
            times[who].append(measure(steps[who]))
    medians = {who: statistics.median(runs) for who, runs in times.items()}
    return Result(contest.name, size, medians)


def table(results: Sequence[Result]) -> str:
    """Return the ratios as a table in Markdown."""
    sizes = sorted({result.size for result in results})
    lines = [
        "| loss | beside | " + " | ".join(f"{size:.0e}" for size in sizes) + " |",
        "| --- | --- |" + " --- |" * len(sizes),
    ]
    for name in dict.fromkeys(result.name for result in results):
        own = {result.size: result for result in results if result.name == name}
        ratios = " | ".join(f"{own[size].ratio:.2f}" if size in own else "" for size in sizes)
        peers = ", ".join(next(iter(own.values())).peers)
        lines.append(f"| {name} | {peers} | {ratios} |")
    return "\n".join(lines)


def main(about: str | None, contests: Sequence[Contest], versions: Mapping[str, str]) -> None:
    """Run contests as the command line asks, print the table, and write it down."""
    run(parser(about).parse_args(), contests, versions)


def parser(about: str | None) -> argparse.ArgumentParser:
    """Return what all benchmarks of losses understand."""
    parser = argparse.ArgumentParser(description=(about or "").partition("\n")[0])
    parser.add_argument("--sizes", type=float, nargs="+", default=SIZES)
    parser.add_argument("--cores", type=int, default=1, help="processor cores to run on")
    parser.add_argument("--clock", choices=METERS, default="wall", help="what to measure")
    parser.add_argument("--seconds", type=float, default=0.3, help="for each contestant and size")
    parser.add_argument("--only", nargs="*", help="names of contests")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    parser.add_argument("--page", type=Path, help="a page in Markdown whose table is replaced")
    return parser


def run(
    options: argparse.Namespace, contests: Sequence[Contest], versions: Mapping[str, str]
) -> None:
    """Run contests, print the table, and write it down."""
    random.seed(0)
    cores = _keep_to(options.cores)
    chosen = [c for c in contests if not options.only or c.name in options.only]
    results, unit = [], UNITS[options.clock]
    for contest in chosen:
        for size in options.sizes:
            results.append(race(contest, int(size), METERS[options.clock], options.seconds))
            print(json.dumps(results[-1].as_json(unit)), flush=True)
    print(table(results))
    if options.page:
        words = ", ".join(f"{name} {version}" for name, version in versions.items())
        where = f"{machine()}, {words}, {cores} of the cores, {options.clock} time."
        _put(options.page, next(iter(versions)), f"{where}\n\n{table(results)}\n")
    if options.json:
        found = {"machine": machine(), "cores": cores, "clock": options.clock, **versions}
        rows = [result.as_json(unit) for result in results]
        options.json.write_text(json.dumps(found | {"results": rows}, indent=2) + "\n")


def _put(page: Path, name: str, text: str) -> None:
    """Replace what stands between the marks of a name."""
    start, stop = f"<!-- {name} -->\n", f"<!-- end of {name} -->\n"
    before, _, rest = page.read_text(encoding="utf-8").partition(start)
    _, found, after = rest.partition(stop)
    if not found:
        raise SystemExit(f"{page} has no marks {start.strip()} and {stop.strip()}")
    page.write_text(f"{before}{start}{text}{stop}{after}", encoding="utf-8")


def machine() -> str:
    """Return what the figures were measured on."""
    names = (line.partition(":")[2].strip() for line in _processors())
    processor = next(names, platform.processor() or platform.machine())
    return f"{processor}, {os.cpu_count()} cores, Python {platform.python_version()}"


def _processors() -> Iterator[str]:
    listed = Path("/proc/cpuinfo")
    if listed.exists():
        lines = listed.read_text(encoding="utf-8").splitlines()
        yield from (line for line in lines if line.startswith("model name"))


def _keep_to(cores: int) -> int:
    """Stay on the first of the cores, where the system lets a process choose; return how many."""
    if not hasattr(os, "sched_setaffinity"):
        return os.cpu_count() or 1
    own = sorted(os.sched_getaffinity(0))[:cores]
    os.sched_setaffinity(0, own)
    return len(own)
