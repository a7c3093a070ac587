"""The last pass before printing: composite operations become primitive ones.

Derivatives are taken of the composites (softmax, cross-entropy at a label, log cosh), whose rules
are exact; here each is spelled in operations that every framework computes to the last bits.
"""

from __future__ import annotations

from functools import partial

from lossgen import nodes as n
from lossgen.composites import EXPANSIONS
from lossgen.memory import remembered
from lossgen.nodes import AXIS_OPERATIONS, Node, compare, select
from lossgen.rewrite import transform

WORDS = {
    "softmax": "probability",
    "cosoftmax": "other_probability",
    "shifted": "shifted",
    "exp_shifted": "decayed",
    "is_largest": "is_largest",
    "others": "others",
    "lse": "log_sum",
    "nll": "nll",
    "excess": "excess",
    "excess_at": "excess",
    "rest": "rest",
    "centred": "offset",
    "softmax_tangent": "d_probability",
    "norm": "length",
    "floored_norm": "length",
    "p_norm": "length",
    "deviation": "deviation",
    "direction": "direction",
    "softplus": "softplus",
    "sech2": "sech2",
    "log_cosh": "log_cosh",
}
# What other operations are called, where the author has no word.
DEFAULT_WORDS = {
    "abs": "magnitude",
    "exp": "exponential",
    "exact_exp": "exponential",
    "amax": "largest",
    "amin": "smallest",
    "argmax": "top",
    "sum": "sums",
    "unit": "quotient",
    "sqrt": "root",
    "select": "chosen",
    "pick": "picked",
    "placed": "one_hot",
    "entry": "picked",
    "put": "rest",
    "mul": "product",
    "add": "term",
    "pow": "power",
    "log1p": "log_term",
    "log1p_exp": "log_term",
    "lerp": "mixed",
    "position": "index",
    "grad_at": "gradient",
    "sigmoid": "probability",
    "like": "spread",
    "relabel": "share",
    "sign": "direction",
    "log": "logarithm",
    "relu": "positive",
    "tanh": "squashed",
}


FUNCTIONS = {
    "log_cosh": "log_cosh",
    "sech2": "sech2",
    "gauss": "gauss",
    "exp_moment1": "exp_moment1",
    "exp_moment2": "exp_moment2",
    "hypot1": "hypot1",
    "hypot1m1": "hypot1m1",
    "over_hypot1": "over_hypot1",
    "log1p_square": "log1p_square",
    "over_square1": "over_square1",
    "power1p": "power1p",
    "box_cox": "box_cox",
    "box_cox_slope": "box_cox_slope",
    "box_cox_bend": "box_cox_bend",
    "digamma": "digamma",
    "trigamma": "trigamma",
    "unit": "ratio",
    "scaled_exp": "scaled_exp",
    "norm": "norm",
    "floored_norm": "floored_norm",
    "p_norm": "p_norm",
    "signed_power": "signed_power",
    "power_slope": "power_slope",
    "deviation": "deviation",
    "direction": "direction",
    "softmax": "softmax",
    "cosoftmax": "softmax_complement",
    "lse": "logsumexp",
    "nll": "negative_log_softmax",
    "nll_at": "label_cross_entropy",
    "xent": "cross_entropy_with",
    "excess_at": "label_excess",
    "grad_at": "label_gradient",
    "excess": "excess_over",
    "rest": "sum_of_others",
    "centred": "centred",
    "softmax_tangent": "softmax_tangent",
}
# Values and gradients that are mostly the same work: functions that return both.
PAIRS = {
    ("nll_at", "excess_at"): "label_cross_entropy_and_excess",
    ("nll_at", "grad_at"): "label_cross_entropy_and_gradient",
    ("xent", "excess"): "cross_entropy_and_excess",
}
# Elementwise composites that only some frameworks have a better way for, as an operation.
CHOICES = frozenset(("log1p_exp",))
NAMES = frozenset((*FUNCTIONS.values(), *PAIRS.values()))
ALONG_AXES = AXIS_OPERATIONS | n.KEEPS_AXIS


def _is_callable(node: Node) -> bool:
    """Say whether the operands have the shapes that the functions expect."""
    if len(node.args) < 2 or node.op not in ALONG_AXES:
        return True
    body, other = node.args[:2]
    if node.op in ("floored_norm", "p_norm"):
        return True
    if node.op in n.AT_LABEL:
        return other.axes == body.axes - {node.axis}
    return node.axis in other.axes and other.axes <= body.axes


def _picked(node: Node) -> Node:
    """Read by comparing where the body has other axes than the index: an index reads row by row."""
    body, index = node.args
    others = body.axes - {node.axis}
    if not others or others == index.axes:
        return node
    here = compare("eq", n.position(node.axis), index)
    return n.reduce_axes("sum", select(here, body, n.ZERO), (node.axis,))


def _put(node: Node) -> Node:
    body, index, value = node.args
    return select(compare("eq", n.position(node.axis), index), value, body)


class Expansion:
    """Expands graphs; remembers in ``words`` what each composite was called.

    What stands in ``calls`` stays as it is: composites that are functions of the generated package,
    and ``put`` where a framework has an operation for it.
    """

    def __init__(self, calls: frozenset[str] = frozenset()) -> None:
        self._calls = calls
        self.words: dict[Node, str] = {}

    def expand(self, *roots: Node) -> tuple[Node, ...]:
        """Return the roots in primitive operations."""
        expanded, words = _expanded(self._calls, roots)
        for node, word in words:
            self.words.setdefault(node, word)
        return expanded


@remembered
def _expanded(
    calls: frozenset[str], roots: tuple[Node, ...]
) -> tuple[tuple[Node, ...], tuple[tuple[Node, str], ...]]:
    """Return the roots in primitive operations, and what each composite was called."""
    words: dict[Node, str] = {}
    return transform(roots, partial(_step, calls, words)), tuple(words.items())


def _step(calls: frozenset[str], words: dict[Node, str], node: Node) -> Node:
    if node.op in calls and _is_callable(node):
        if node.op in WORDS:
            words.setdefault(node, WORDS[node.op])
        return node
    if node.op == "pick" and node.args[1].op != "const":
        return _picked(node)
    if node.op == "put" and node.op not in calls:
        return transform((_put(node),), partial(_step, calls, words))[0]
    expansion = EXPANSIONS.get(node.op)
    if expansion is None:
        return node
    (result,), inner = _expanded(calls, (expansion(node),))
    for found, word in inner:
        words.setdefault(found, word)
    if node.op in WORDS:
        words.setdefault(result, WORDS[node.op])
    return result
