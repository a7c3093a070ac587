"""Report the worst errors that the conformance has measured."""

from __future__ import annotations

from collections import defaultdict

COLUMNS = tuple(
    f"{quantity} {dtype[-2:]}"
    for quantity in ("value", "gradient", "hvp", "diagonal")
    for dtype in ("float32", "float64")
)


def pytest_terminal_summary(terminalreporter):
    """Print one line a loss and backend, one column a quantity and precision, in ULP."""
    table = defaultdict(dict)
    for outcome in ("passed", "failed", "xfailed"):
        for report in terminalreporter.stats.get(outcome, ()):
            for key, value in getattr(report, "user_properties", ()):
                if key == "ulp" and "[" in report.nodeid:
                    name = report.nodeid.rpartition("[")[2].rstrip("]")
                    loss, backend, dtype, quantity = name.split("-")
                    table[loss, backend][f"{quantity} {dtype[-2:]}"] = value
    if not table:
        return
    terminalreporter.section("largest errors in ULP")
    terminalreporter.write_line(f"{'':30}" + "".join(f"{column:>13}" for column in COLUMNS))
    for (loss, backend), row in sorted(table.items()):
        cells = (f"{row[c]:13.3g}" if c in row else f"{'':13}" for c in COLUMNS)
        terminalreporter.write_line(f"{loss:19}{backend:11}" + "".join(cells))
