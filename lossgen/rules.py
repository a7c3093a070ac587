"""Stable forms: named rewrite rules, applied before differentiation and again to the derivatives.

Each rule is a value: its formula, why the plain form fails, and where the new one holds. Rules work
bottom-up on nodes whose arguments are stable already; each returns the better form, or None.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lossgen import axis_patterns, exponential_patterns, patterns, square_patterns
from lossgen.memory import remembered
from lossgen.nodes import Node
from lossgen.rewrite import Pass, rebuild, transform


@dataclass(frozen=True, slots=True)
class Rule:
    """A rewrite rule.

    Attributes:
        name: how comments in generated code call it.
        formula: what becomes what.
        reason: where the plain form fails.
        apply: the new form of a node, or None where the rule does not fit.
    """

    name: str
    formula: str
    reason: str
    apply: Callable[[Node], Node | None]


RULES: tuple[Rule, ...] = (
    Rule(
        "softplus",
        "log(1 + exp(z)) -> softplus(z)",
        "exp overflows; 1 + exp(z) loses z < -17",
        patterns.softplus,
    ),
    Rule(
        "log-sigmoid",
        "log(sigmoid(z)) -> -softplus(-z)",
        "sigmoid underflows to 0",
        patterns.log_sigmoid,
    ),
    Rule("sigmoid", "1/(1 + exp(-z)) -> sigmoid(z)", "exp overflows", patterns.sigmoid),
    Rule(
        "complement",
        "1 - sigmoid(z) -> sigmoid(-z), exp(z) - 1 -> expm1(z)",
        "cancellation",
        patterns.complement,
    ),
    Rule(
        "sigmoid difference",
        "sigmoid(z) - sigmoid(-z) -> tanh(z/2)",
        "cancellation near 0",
        patterns.logistic_bend,
    ),
    Rule(
        "power of a sigmoid",
        "sigmoid(z)**g as one",
        "its slope is finite where sigmoid(z)**(g - 1) is not",
        patterns.sigmoid_power,
    ),
    Rule(
        "folded softplus",
        "max(z, 0) + log(1 + exp(-|z|)) -> softplus(z)",
        "slope at 0",
        patterns.softplus_folded,
    ),
    Rule(
        "convex split",
        "softplus(z) - t z -> t softplus(-z) + (1 - t) softplus(z)",
        "cancellation for large z",
        patterns.softplus_difference,
    ),
    Rule(
        "softplus pair", "softplus(z) - softplus(-z) -> z", "cancellation", patterns.softplus_pair
    ),
    Rule(
        "sign of multiples",
        "sign(a z - b z) -> sign((a - b) z)",
        "a z and b z may both underflow to 0",
        patterns.sign_of_multiples,
    ),
    Rule(
        "log-cosh",
        "log(cosh(z)) -> |z| + log1p(exp(-2|z|)) - log 2",
        "cosh overflows",
        patterns.log_cosh,
    ),
    Rule(
        "deviation",
        "x - sum(x)/size -> deviation(x)",
        "its own sums would not be exactly 0",
        axis_patterns.deviation,
    ),
    Rule(
        "norm",
        "sqrt(sum(x**2)) -> norm(x)",
        "squares overflow; infinite slope at 0",
        axis_patterns.norm,
    ),
    Rule(
        "direction",
        "x / norm(x) as one",
        "slope of a quotient at the zero vector",
        axis_patterns.direction,
    ),
    Rule(
        "log-sum-exp", "log(sum(exp(a))) -> logsumexp(a)", "exp overflows", axis_patterns.logsumexp
    ),
    Rule(
        "sum of the others",
        "logsumexp(a) - a[k] -> (max(a) - a[k]) + log1p(sum of the others)",
        "cancellation where the label's class dominates",
        axis_patterns.cross_entropy_gap,
    ),
    Rule(
        "picked cross-entropy", "(logsumexp(a) - a)[k] as one", "as above", axis_patterns.pick_nll
    ),
    Rule(
        "weighted cross-entropy",
        "sum(w (logsumexp(a) - a)) as one",
        "as above",
        axis_patterns.weighted_nll,
    ),
    Rule(
        "softmax variance",
        "p - p**2 -> p (1 - p)",
        "cancellation where p is near 1",
        axis_patterns.variance,
    ),
    Rule(
        "quotient of powers",
        "x**2 / y**2 -> (x / y)**2, and so for 3 and 4",
        "powers overflow and underflow",
        square_patterns.quotient_power,
    ),
    Rule(
        "bell curve",
        "exp(-z**2) -> gauss(z)",
        "exp magnifies what the square rounds away",
        square_patterns.gauss,
    ),
    Rule(
        "complement of a bell curve",
        "gauss(z) - 1 -> expm1(-z**2)",
        "cancellation",
        square_patterns.gauss_complement,
    ),
    Rule(
        "hypotenuse",
        "sqrt(1 + z**2) -> hypot1(z), 1/(1 + z**2) -> hypot1(z)**-2",
        "the square overflows",
        square_patterns.hypot,
    ),
    Rule(
        "leg over hypotenuse",
        "z / sqrt(1 + z**2) as one",
        "its slope is that of a difference that cancels",
        square_patterns.over_hypot,
    ),
    Rule(
        "hypotenuse less leg",
        "sqrt(a**2 + z**2) - a -> a hypot1m1(z/a)",
        "cancellation near 0; the square overflows",
        square_patterns.hypot_less_leg,
    ),
    Rule(
        "power transform",
        "(1 + z)**p - 1 -> p box_cox(z, p)",
        "cancellation where z or p is near 0",
        square_patterns.box_cox,
    ),
    Rule(
        "power transform over its power",
        "p box_cox(z, p) / p -> box_cox(z, p)",
        "0 / 0 where p is 0",
        square_patterns.box_cox_quotient,
    ),
    Rule(
        "scaled exponential",
        "z exp(a) as one",
        "exp overflows where z is small, or 0",
        exponential_patterns.scaled_exp,
    ),
    Rule(
        "common exponential",
        "z exp(a) + k exp(a) -> (z + k) exp(a)",
        "both overflow where they cancel",
        exponential_patterns.common_exponential,
    ),
    Rule("log1p", "log(1 + z) -> log1p(z)", "1 + z loses small z", patterns.log1p),
    Rule(
        "log of a square",
        "log1p(z**2) as one",
        "the square overflows where its logarithm is small",
        square_patterns.log_square,
    ),
)


def improve(
    node: Node, applied: dict[str, Rule] | None = None, skipped: frozenset[str] = frozenset()
) -> Node:
    """Apply the rules to one node until none fits."""
    better, rules = _improved(node, skipped)
    if applied is not None:
        applied.update((rule.name, rule) for rule in rules)
    return better


@remembered
def _improved(node: Node, skipped: frozenset[str]) -> tuple[Node, tuple[Rule, ...]]:
    """Return the best form of a node, and the rules that led to it."""
    for rule in RULES:
        better = None if rule.name in skipped else rule.apply(node)
        if better is not None and better is not node:
            applied = {rule.name: rule}
            found = stabilise(better, applied=applied, skipped=skipped)[0]
            return found, tuple(applied.values())
    return node, ()


def stabilise(
    *roots: Node,
    applied: dict[str, Rule] | None = None,
    skipped: frozenset[str] = frozenset(),
) -> tuple[Node, ...]:
    """Return the roots in stable form.

    Args:
        roots: graphs.
        applied: collects the rules that were used.
        skipped: the names of rules not to use.
    """
    if applied is None and not skipped:
        return _stable(roots)
    return transform(roots, lambda node: improve(node, applied, skipped))


_stable = Pass(lambda node, args: improve(rebuild(node, args)))
