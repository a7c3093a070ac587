"""A loss for a person to read: its formula, its program and its derivatives."""

from __future__ import annotations

from types import MappingProxyType

import sympy
from sympy.core.function import UndefinedFunction

from lossgen.backends import Backend
from lossgen.compile import compile_case
from lossgen.denominators import print_denominator
from lossgen.kernels import Kernel, print_kernels
from lossgen.language import Applied, AxisOperation, ParameterSymbol, Ref
from lossgen.loss import Case, Loss
from lossgen.mathematics import places
from lossgen.program import Program
from lossgen.verbatim import verbatim

ELEMENTWISE = (
    *("exp", "expm1", "log", "log1p", "sqrt", "sign", "sin", "cos", "atan"),
    *("tanh", "sinh", "cosh", "sigmoid", "erf", "loggamma", "floor"),
)
OPERATIONS = {name: f"{name}({{0}})" for name in ELEMENTWISE} | {
    "abs": "|{0}|",
    "maximum": "max({0}, {1})",
    "minimum": "min({0}, {1})",
    "relu": "max({0}, 0)",
    "select": "({1} if {0} else {2})",
    "sum": "Σ[{axis}]({0})",
    "amax": "max[{axis}]({0})",
    "amin": "min[{axis}]({0})",
    "argmax": "argmax[{axis}]({0})",
    "and": "({0} and {1})",
    "or": "({0} or {1})",
    "not": "(not {0})",
    "position": "position({size})",
    "like": "{0}",
    "full": "{0}",
    "pick": "{0}[{1}]",
    "take": "{0}[{1}]",
    "matmul": "{0} · {1}",
    "matrix_transpose": "{0}ᵀ",
    "exp_difference": "exp({0} - {1})",
    "count": "size({0})",
    "einsum": "Σ({0} · {1})",
    "transpose": "{0}",
}
MATHEMATICS = Backend(
    name="mathematics",
    operations=MappingProxyType(OPERATIONS),
    axis_word="axis",
    keep_word="",
    kernels=("value", "gradient", "hessian_diagonal"),
)


def describe(loss: Loss) -> str:
    """Return formula, program listing and gradient in readable Unicode mathematics."""
    parts = loss.parts or (("", loss.cases),)
    pages = [f"{loss.name}, {loss.function} ({loss.source})", loss.doc.strip()]
    for name, cases in parts:
        pages += [_case(loss, *pair, name) for pair in zip(cases, places(cases), strict=True)]
    return "\n\n".join(page for page in pages if page)


def _case(loss: Loss, case: Case, place: str, name: str) -> str:
    program = compile_case(loss, case.without_condition())
    title = f"Part {name}" if name else "Formula"
    lines = [f"{title}, {place.replace('``', '')}:" if place else f"{title}:"]
    lines += ["", _indented(_pretty(case.value)), ""]
    lines += [_arguments(program), ""]
    kernels = print_kernels(program, MATHEMATICS, "")
    below = print_denominator(program, MATHEMATICS, "")
    for kernel in (*kernels, *((below,) if below else ())):
        lines += [*_listing(kernel), ""]
    return "\n".join(lines).rstrip()


def _arguments(program: Program) -> str:
    words = {"float": "differentiable", "label": "label", "weight": "constant"}
    rows = []
    for argument in program.given:
        axes = f"[{', '.join(argument.axes)}]" if argument.axes else ""
        rows.append(f"    {argument.name}{axes}: {words.get(argument.kind, argument.kind)}")
    result = f"    result[{', '.join(program.axes)}]" if program.axes else "    result"
    return "\n".join(["Arguments:", *rows, result])


def _listing(kernel: Kernel) -> list[str]:
    lines = [f"{kernel.name.lstrip('_').replace('_', ' ').capitalize()}:"]
    lines += [f"    ({comment})" for comment in kernel.comments]
    code = [*kernel.lines, f"→ {kernel.returns}"]
    return [*lines, *(f"    {line.replace('[](', '(')}" for line in code)]  # a sum over all axes


def _pretty(expression: sympy.Basic) -> str:
    with verbatim():
        return str(sympy.pretty(_plain(expression), wrap_line=False))


def _plain(expression: sympy.Basic) -> sympy.Basic:
    """Replace lossgen's own symbols and operations by plain ones, which SymPy can lay out."""
    if isinstance(expression, Ref | ParameterSymbol):
        return sympy.Symbol(str(expression))
    if isinstance(expression, AxisOperation):
        body, axis, *rest = expression.args
        words = {"SumOver": "Sum", "Pick": "at"}
        head = UndefinedFunction(
            f"{words.get(type(expression).__name__, type(expression).__name__)}_{axis.name}"
        )
        return head(_plain(body), *(sympy.Symbol(str(arg)) for arg in rest))
    if isinstance(expression, Applied):
        return UndefinedFunction(expression.parameter.name)(*map(_plain, expression.inputs))
    if not expression.args or type(expression).__name__ == "Size":
        return sympy.Symbol(str(expression)) if type(expression).__name__ == "Size" else expression
    exact = isinstance(expression, sympy.Add | sympy.Mul | sympy.Pow)
    plain: sympy.Basic = expression.func(
        *map(_plain, expression.args), **({"evaluate": False} if exact else {})
    )
    return plain


def _indented(text: str) -> str:
    return "\n".join(f"    {line}".rstrip() for line in text.splitlines())
