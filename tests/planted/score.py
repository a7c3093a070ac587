"""Plant every fault and write the score to docs/planted.md."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from catalogue import every_fault
from explained import EXPLAINED

PAGE = Path(__file__).resolve().parents[2] / "docs" / "planted.md"
HEAD = """# Planted errors

`nox -s planted` puts a wrong sign, factor, branch, operand or axis into each derivative, each
stable form, each expansion and each operation as NumPy writes it, one at a time, and runs the quick
tests that ought to see it: `tests/test_derive.py`, `test_rules.py`, `test_digits.py` and
`test_printed.py`. Faults come from the registries (`PARTIALS`, `RULES`, `EXPANSIONS`, the record of
NumPy), so what is added there has its faults at once, and from the source of the modules that
derive and print. This page is what it wrote; it takes a few minutes.

"""


def caught(place: int) -> str | None:
    """Return the test that catches a fault."""
    return every_fault()[place].caught_by()


def page(results: list[tuple[str, str, str | None]]) -> str:
    """Return the page for rooms, faults, and the tests that caught them."""
    rooms = Counter(room for room, _, _ in results)
    seen = Counter(room for room, _, test in results if test is not None)
    lines = ["| | faults | caught |", "|---|---|---|"]
    lines += [f"| {room} | {count} | {seen[room]} |" for room, count in rooms.items()]
    lines.append(f"| all | {len(results)} | {seen.total()} |")
    left = [name for _, name, test in results if test is None]
    text = HEAD + "\n".join(lines) + "\n"
    if left:
        text += "\nNot caught:\n\n" + "".join(f"- `{name}`: {_why(name)}.\n" for name in left)
    return text


def _why(name: str) -> str:
    return EXPLAINED.get(name, "**no test sees it**")


def main() -> None:
    """Run all faults, in two processes; fail where one is neither caught nor explained."""
    faults = every_fault()
    with ProcessPoolExecutor(2) as pool:
        found = pool.map(caught, range(len(faults)), chunksize=4)
        results = []
        for fault, test in zip(faults, found, strict=True):
            results.append((fault.room, str(fault), test))
            print(f"{'caught  ' if test else 'SURVIVES'} {fault}  {test or ''}", flush=True)
    PAGE.write_text(page(results), encoding="utf-8")
    unseen = [name for _, name, test in results if test is None and name not in EXPLAINED]
    if unseen:
        raise SystemExit(f"{len(unseen)} faults are neither caught nor explained")


if __name__ == "__main__":
    main()
