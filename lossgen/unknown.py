"""What to write instead of what SymPy knows and lossgen does not."""

from __future__ import annotations

import re

import sympy
from sympy.core.basic import Basic

DECLARED = "declare a tensor with named axes, as in x = tensor('input', 'n c')"
REAL = "leave it out: every argument is a real number"
COMPARED = "compare instead, as in Piecewise((1, x > 0), (0, True))"
WORKED_OUT = "work it out, and write the result"
INSTEAD = {
    **dict.fromkeys(("Heaviside", "floor", "ceiling", "frac", "Mod"), COMPARED),
    **dict.fromkeys(("re", "im", "conjugate", "arg", "adjoint", "Transpose"), REAL),
    **dict.fromkeys(("Derivative", "Integral", "Limit", "Subs", "Order"), WORKED_OUT),
    **dict.fromkeys(("MatrixSymbol", "MatrixElement", "Matrix"), DECLARED),
    "Indexed": "name the axes, as in x = tensor('input', 'n c') and x.at('i c')",
    "Sum": "write sum_over(x, 'n') for the sum over an axis",
    "Product": "write exp(sum_over(log(x), 'n')) for the product over an axis",
    "DiracDelta": "write a loss without it: it is no function of numbers",
    "ITE": "write Piecewise((a, condition), (b, True))",
    "Xor": "write (a & ~b) | (b & ~a)",
    "Contains": "compare, as in (x > 0) & (x < 1)",
    "Lambda": "write the expression itself",
    "tan": "write sin(x)/cos(x)",
    "cot": "write cos(x)/sin(x)",
    "sec": "write 1/cos(x)",
    "csc": "write 1/sin(x)",
    "coth": "write 1/tanh(x)",
    "sech": "write 1/cosh(x)",
    "csch": "write 1/sinh(x)",
    "asin": "write atan(x/sqrt(1 - x**2))",
    "asinh": "write log(x + sqrt(x**2 + 1))",
    "acosh": "write log(x + sqrt(x**2 - 1))",
    "atanh": "write log((1 + x)/(1 - x))/2",
    "erfc": "write 1 - erf(x)",
    "gamma": "write exp(loggamma(x))",
    "factorial": "write exp(loggamma(x + 1))",
    "polygamma": "write digamma(x), and nothing beyond",
}
ALWAYS = {"sum_over", "tensor", "at", "Piecewise", "sqrt", "sigmoid"}


def unknown_function(e: Basic, known: set[str]) -> tuple[str, str]:
    """Return what is wrong with a function, and what to write with those that are known."""
    name = type(e).__name__.removeprefix("ImmutableDense")
    words = sorted({word for word in known if hasattr(sympy, word)} | {"sigmoid", "sqrt"})
    remedy = INSTEAD.get(name, "")
    if not remedy or not set(re.findall(r"(\w+)\(", remedy)) <= {*words, *ALWAYS}:
        remedy = f"use one of {', '.join(words)}"
    return f"{name} is not a function that lossgen can differentiate", remedy


def plain_symbol(e: sympy.Symbol) -> tuple[str, str]:
    """Return what is wrong with a symbol that no word of lossgen has made."""
    name = e.name if e.name.isidentifier() and not e.name.startswith("_") else "z"
    remedy = f"declare it as {name} = tensor('{name}') or {name} = parameter('{name}', default=1.0)"
    return f"{e} is a plain SymPy symbol", remedy


__all__ = ["plain_symbol", "unknown_function"]
