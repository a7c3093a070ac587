"""What to write instead where Python or SymPy refuses a line of a spec.

Their messages speak of their own classes; here each is said in the words of a spec.
"""

from __future__ import annotations

import inspect
import re
from difflib import get_close_matches

import sympy
from sympy.core.basic import Basic

from lossgen import language, loss

REDUCE = "reduce over an axis by its name, as in sum_over(x, 'c')"
PICK = "pick by a label with at(x, c=y), or read along other axes with x.at('j c')"
CHOOSE = "write Piecewise((a, condition), (b, True)), or Max(a, b) and Min(a, b)"
IMPORT = "use the functions of SymPy, as in from sympy import exp"
OURS = "'?(?:Ref|ParameterSymbol|Add|Mul|Pow|[A-Z]\\w+)'?"
WORDS = {
    **{word: getattr(language, word) for word in language.__all__ if word.islower()},
    **{"Size": language.Size, "Loss": loss.Loss, "Case": loss.Case},
}
# What a message looks like, what is wrong, and what to write.
REFUSALS = (
    (rf"{OURS} object is not subscriptable", "a tensor has axes, no [...]", PICK),
    ("cannot determine truth value", "a comparison of tensors is neither True nor False", CHOOSE),
    (rf"{OURS} object is not iterable", "a tensor has no entries that Python could see", REDUCE),
    (rf"object of type {OURS} has no len", "a tensor has no length", "write Size('n')"),
    ("Cannot convert (expression|symbols)", "a tensor has no value in a spec", IMPORT),
    ("Cannot round symbolic", "a tensor has no value in a spec", "leave the rounding out"),
    ("loop of ufunc|must be Tensor, not", "another library met a tensor of a spec", IMPORT),
    (
        r"unsupported operand type\(s\) for @",
        "a spec has no matrix product",
        "name the axis to sum over, as in sum_over(x.at('i d') * t.at('j d'), 'd')",
    ),
    (
        r"unsupported operand type\(s\) for",
        "these cannot be put together",
        "write numbers, tensors and parameters only",
    ),
    (
        "Invalid comparison of non-real|is not comparable",
        "only real numbers can be compared",
        "leave I out",
    ),
    (
        "cannot sympify|Sympify of expression",
        "the formula is no SymPy expression",
        "write Loss('HuberLoss', formula)",
    ),
    (
        "name should be a string",
        "the name is no text",
        "write it first and in quotes, as in parameter('delta', 1.0)",
    ),
    (
        "ExprCondPair",
        "a branch of the Piecewise is no pair",
        "write Piecewise((a, condition), (b, True))",
    ),
    (
        "Second argument must be a Boolean",
        "a branch of the Piecewise has no condition",
        "compare, as in Piecewise((a, x > 0), (b, True))",
    ),
)
NAMES = {
    "relu": "write Max(0, x)",
    "softplus": "write log(1 + exp(x))",
    "square": "write x**2",
    "where": "write Piecewise((a, condition), (b, True))",
    "clip": "write Max(low, Min(x, high))",
    "clamp": "write Max(low, Min(x, high))",
    "mean": "write mean_over(x, 'c')",
    "sum": "write sum_over(x, 'c')",
    "log_softmax": "write log(softmax(x, 'c'))",
    **dict.fromkeys(("np", "numpy", "torch", "jnp", "jax", "F", "math", "tf"), IMPORT),
}
ATTRIBUTES = {
    **dict.fromkeys(("sum", "mean", "max", "min", "prod", "item"), REDUCE),
    **dict.fromkeys(("shape", "size", "ndim", "dim", "numel"), "write Size('n') for a length"),
    **dict.fromkeys(("T", "mT", "t", "transpose", "permute"), "name the axes, as in x.at('j i')"),
}


def advice(error: BaseException) -> tuple[str, str]:
    """Return what is wrong with a spec that raises, and what to do about it."""
    message = _message(error)
    if isinstance(error, ValueError) and "; " in message and _is_ours(error):
        problem, _, remedy = message.partition("; ")
        return problem, remedy
    for pattern, problem, remedy in REFUSALS:
        if re.search(pattern, message):
            return problem, remedy
    if isinstance(error, AttributeError) and isinstance(error.obj, Basic):
        problem = f"a formula has no .{error.name}"
        return problem, ATTRIBUTES.get(str(error.name), "use the words of specs/README.md")
    name = type(error).__name__
    return f"raises {name}: {message}" if message else f"raises {name}", _remedy(error, message)


def _remedy(error: BaseException, message: str) -> str:
    if isinstance(error, NameError):
        return _import(str(error.name))
    if isinstance(error, ImportError):
        found = re.search(r"cannot import name '(\w+)'", message)
        return _import(found[1]) if found else "install it, or write the formula without it"
    if isinstance(error, SystemExit):
        return "leave it out: a spec declares, and does not end the build"
    if isinstance(error, UnicodeError):
        return "save the file as UTF-8"
    if isinstance(error, SyntaxError):
        return "correct the Python, and save the file as UTF-8 text"
    called = re.match(r"(\w+)(?:\.__init__)?\(\) (?:missing|takes|got)", message)
    if isinstance(error, TypeError) and called and called[1] in WORDS:
        return f"write it as {called[1]}{_parameters(called[1])}"
    return "correct the spec"


def _import(name: str) -> str:
    for module, words in (("lossgen", set(WORDS)), ("sympy", set(dir(sympy)))):
        if name in words:
            return f"write from {module} import {name}"
    if name in NAMES:
        return NAMES[name]
    near = get_close_matches(name, [*WORDS, *dir(sympy)], n=1, cutoff=0.75)
    return f"did you mean {near[0]}" if near else "define it, or import it from sympy or lossgen"


def _parameters(name: str) -> str:
    signature = inspect.signature(WORDS[name])
    plain = [
        parameter.replace(annotation=inspect.Parameter.empty)
        if isinstance(parameter.default, str | int | float | None | type)
        else parameter.replace(annotation=inspect.Parameter.empty, default=inspect.Parameter.empty)
        for parameter in signature.parameters.values()
    ]
    return str(inspect.Signature(plain))


def _is_ours(error: BaseException) -> bool:
    """Say whether a word of lossgen has raised it, whose sentences name a remedy."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    name = "" if trace is None else str(trace.tb_frame.f_globals.get("__name__"))
    return name.startswith("lossgen.")


def _message(error: BaseException) -> str:
    if isinstance(error, SyntaxError):
        return str(error.msg)
    try:
        text = str(error)
    except Exception:  # a spec's own error may be unable to say what it is
        text = ""
    return re.sub(r" \((?:/|[A-Z]:\\)[^()]*\)", "", text)


__all__ = ["advice"]
