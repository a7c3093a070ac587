"""What was found of the built-ins of other libraries, as a page of Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from itertools import groupby

from lossgen.audit.finding import Audit, told_apart
from lossgen.audit.plan import Plan

TITLES = {
    "torch": "PyTorch",
    "optax": "optax",
    "keras": "Keras",
    "mindspore": "MindSpore",
    "chainer": "Chainer",
}
INTRODUCTION = """# The losses of other libraries, audited

Made by `lossgen audit --all --markdown`. Each built-in that a spec of lossgen is compared with is
called as a user calls it, in its own framework, on a CPU and in float32, at simple inputs and at
inputs drawn from the spec's domain. Its value and gradients are compared with the exact result of
the spec's formula, found by mpmath.

A result is listed here if

- it is infinite or NaN where the exact result is a number of float32, or
- less than half of its digits are right: it is off by more than 2^11.5 units in the last place of
  the exact result or, where terms of unlike sign meet, of the sum of their absolute values. A zero
  in place of a number, and a wrong sign, are such. Numbers below the smallest normal one may be
  flushed to 0.

At a kink, where branches of the formula meet, or do but for the rounding of a product, there is a
choice of slopes, and only a gradient that is not finite is listed.

Of each result, the simplest input that shows it is given. To see it again, say of
`torch.nn.SoftMarginLoss`:

    lossgen audit torch.nn:SoftMarginLoss --against SoftMarginLoss

PyTorch, JAX, Keras, MindSpore and Chainer differentiate, so gradients are judged; of a loss in
NumPy, which `lossgen audit` takes, too, the value alone is.

A finding is no verdict. Where a built-in is clamped or smoothed on purpose, and the spec knows of
it as a dialect or a parameter, the built-in is compared with that.
"""


def page(audits: Sequence[Audit], failures: Mapping[Plan, str]) -> str:
    """Return the page: for each library a table of what is wrong, and a list of what is not."""
    parts = [INTRODUCTION]
    for library, title in TITLES.items():
        own = [audit for audit in audits if audit.plan.library == library]
        failed = [(plan, text) for plan, text in failures.items() if plan.library == library]
        if own or failed:
            parts.append("\n".join(_section(f"{title} {_version(library)}".strip(), own, failed)))
    return "\n".join(parts)


def _section(
    title: str, audits: Sequence[Audit], failed: Sequence[tuple[Plan, str]]
) -> Iterator[str]:
    yield f"## {title}\n"
    found = sorted((audit for audit in audits if audit.findings), key=_key)
    if found:
        yield "| built-in | compared with | result | at | gives | exact |"
        yield "|---|---|---|---|---|---|"
        yield from (row for audit in found for row in _rows(audit))
        yield ""
    exact = sorted((audit for audit in audits if not audit.findings), key=_key)
    if exact:
        yield "Nothing was found of\n"
        for name, group in groupby(exact, key=lambda audit: str(audit.plan)):
            members = list(group)
            losses = ", ".join(f"`{audit.plan.loss}`" for audit in members)
            yield f"- `{name}`, as {losses}, at {sum(audit.points for audit in members)} inputs"
        yield ""
    if failed:
        yield "Not run here:\n"
        yield from (f"- `{plan}`: {text}" for plan, text in failed)
        yield ""


def _key(audit: Audit) -> tuple[str, str]:
    return str(audit.plan), audit.plan.loss


def _rows(audit: Audit) -> Iterator[str]:
    for finding in audit.findings:
        cells = (
            f"`{audit.plan}`" + ", ".join(["", *audit.plan.conversions]),
            f"`{audit.plan.loss}`" + (f", `{audit.plan.dialect}`" if audit.plan.dialect else ""),
            finding.quantity,
            finding.given,
            *told_apart(finding.found, finding.exact),
        )
        yield f"| {' | '.join(cells)} |"


def _version(library: str) -> str:
    try:
        return version(library).partition("+")[0]
    except PackageNotFoundError:
        return ""


__all__ = ["page"]
