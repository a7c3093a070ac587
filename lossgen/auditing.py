"""``lossgen audit``: options in, sentences, JSON or a page out."""

from __future__ import annotations

import json
import sys
from contextlib import closing, redirect_stdout
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lossgen.errors import LossgenError
from lossgen.folders import parted, specs_option
from lossgen.terminal import Bar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lossgen.audit.finding import Audit
    from lossgen.audit.plan import Plan
    from lossgen.loss import Loss

OPTIONS = (
    click.argument("words", nargs=-1, metavar="[TARGET] [SPECS]"),
    click.option("--against", metavar="NAME", help="The loss of the specs that is exact."),
    specs_option,
    click.option("--option", "options", multiple=True, metavar="NAME=VALUE", help="For TARGET."),
    click.option("--set", "chosen", multiple=True, metavar="NAME=VALUE", help="For the loss."),
    click.option("--dialect", metavar="NAME", help="For the loss: the dialect that TARGET speaks."),
    click.option("--order", metavar="A,B", help="The inputs of the loss in TARGET's order."),
    click.option(
        "--reduction",
        type=click.Choice(("none", "mean", "sum", "batchmean")),
        help="What TARGET does with entries.  [default: mean]",
    ),
    click.option("--framework", metavar="NAME", help="Whose arrays TARGET takes."),
    click.option(
        "--only",
        multiple=True,
        metavar="INPUT=VALUES",
        help="The values that an input may have, as in target=1,-1.",
    ),
    click.option("--by", multiple=True, metavar="INPUT", help="Compare this gradient only."),
    click.option("--soft", is_flag=True, help="Probabilities where labels would do, too."),
    click.option(
        "--dtype", type=click.Choice(("float32", "float64")), default="float32", show_default=True
    ),
    click.option("--all", "everything", is_flag=True, help="Audit all built-ins of libraries."),
    click.option("--library", "libraries", multiple=True, help="With --all: of this one only."),
    click.option("--markdown", is_flag=True, help="With --all: write a page."),
    click.option("--json", "as_json", is_flag=True, help="Write JSON."),
)


class Refused(click.ClickException):
    """What cannot be audited: the exit status tells it from what was found."""

    exit_code = 2


def _with_options(command: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(OPTIONS):
        command = option(command)
    return command


@click.command("audit")
@_with_options
def audit(words: tuple[str, ...], specs: Path | None, **options: Any) -> None:
    """Compare the loss TARGET, package.module:Name, with the exact result of one of SPECS.

    TARGET is a class or a function of NumPy, PyTorch, JAX, Keras, MindSpore or Chainer. What is
    said of it: where it is infinite or NaN and the exact result is not, and where less than half of
    its digits are right, each with the simplest input that shows it. The exit status is 1 if there
    is any such input, and 2 if TARGET cannot be run.
    """
    names, folder = parted(words, specs)
    if names[1:]:
        raise click.UsageError(f"one TARGET at a time; got {' and '.join(names)}.")
    given = {"target": names[0] if names else None, "specs": folder, **options}
    try:
        found = _everything(given) if given["everything"] else _one(given)
    except LossgenError as error:
        raise Refused(str(error)) from error
    if found and not given["everything"]:
        raise SystemExit(1)


def _one(given: Mapping[str, Any]) -> bool:
    """Audit one loss, and say whether anything was found."""
    from lossgen.audit.ask import plan_of
    from lossgen.audit.compare import audit as examined
    from lossgen.jobs import load

    if not given["target"] or not given["against"]:
        raise LossgenError("name both: lossgen audit package.module:Name --against NAME.")
    losses = {key: loss for loss in load(given["specs"]) for key in (loss.function, loss.name)}
    loss = _declared(losses, given["against"], given["specs"])
    with redirect_stdout(sys.stderr):
        found = examined(plan_of(given, loss), loss, given["dtype"])
    click.echo(json.dumps(_plain(found), indent=2) if given["as_json"] else str(found))
    return bool(found.findings)


def _declared(losses: Mapping[str, Loss], name: str, specs: Path) -> Loss:
    if name in losses:
        return losses[name]
    from difflib import get_close_matches

    near = get_close_matches(name, losses, n=1)
    hint = f"did you mean {near[0]}?" if near else "lossgen list shows those there are."
    raise LossgenError(f"{specs} declares no loss {name}; {hint}")


def _everything(given: Mapping[str, Any]) -> bool:
    """Audit the built-ins of other libraries, and say whether anything was found."""
    from lossgen.audit.builtins import ordered
    from lossgen.audit.compare import audit as examined
    from lossgen.audit.known import Known
    from lossgen.audit.page import page
    from lossgen.jobs import load

    everything = list(ordered(load(given["specs"])))
    libraries = list(dict.fromkeys(plan.library for plan, _ in everything))
    for name in given["libraries"]:
        if name not in libraries:
            raise LossgenError(
                f"no built-in of {name} is known; write one of {', '.join(libraries)}."
            )
    wanted = [
        (plan, loss)
        for plan, loss in everything
        if plan.library in (given["libraries"] or libraries)
    ]
    audits: list[Audit] = []
    known = {loss.name: Known() for _, loss in wanted}
    failures: dict[Plan, str] = {}
    with closing(Bar("Auditing", quiet=given["markdown"] or given["as_json"])) as bar:
        for k, (plan, loss) in enumerate(wanted):
            bar(k, len(wanted))
            try:
                with redirect_stdout(sys.stderr):
                    audits.append(examined(plan, loss, given["dtype"], known=known[loss.name]))
            except LossgenError as error:
                failures[plan] = str(error)
    if given["markdown"]:
        click.echo(page(audits, failures), nl=False)
    elif given["as_json"]:
        report = {
            "audits": [_plain(each) for each in audits],
            "failures": {f"{plan}, as {plan.loss}": text for plan, text in failures.items()},
        }
        click.echo(json.dumps(report, indent=2))
    else:
        for found in audits:
            click.echo(str(found))
        for plan, text in failures.items():
            click.echo(f"{plan}, as {plan.loss}: {text}")
    return any(found.findings for found in audits)


def _plain(found: Audit) -> dict[str, Any]:
    """Return an audit for JSON, which has no infinity."""
    return {
        "target": str(found.plan),
        "loss": found.plan.loss,
        "dialect": found.plan.dialect,
        "dtype": found.dtype,
        "inputs": found.points,
        "refused": found.refused,
        "gradients": list(found.by),
        "findings": [
            {
                "result": finding.quantity,
                "at": {name: array.tolist() for name, array in finding.point.inputs.items()},
                "found": finding.found if isfinite(finding.found) else str(finding.found),
                "exact": finding.exact,
                "share": finding.share,
            }
            for finding in found.findings
        ],
    }


__all__ = ["audit"]
