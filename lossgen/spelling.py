"""How expressions are written: arithmetic with as few parentheses as reading needs."""

from __future__ import annotations

import math
import re

from lossgen import nodes as n
from lossgen.backends import Backend
from lossgen.code import (
    ATOM,
    COMPARE,
    PRODUCT,
    SUM,
    UNARY,
    Text,
    called,
    is_integer,
    is_primary,
    is_short,
    of_numbers,
    sorted_axes,
)
from lossgen.layout import denominator, is_negative, magnitude, terms_in_order
from lossgen.nodes import COMPARISONS, Node
from lossgen.page import new_axes


class Spelling:
    """Writes elementwise expressions for a backend.

    Attributes:
        order: all axes in the order in which arrays carry them.
        keep: reductions keep their axis, which is the variable ``axis``.
        text: what has been written for each node so far.
        nodes: all that is written, operands first.
        places: where the length of each axis can be read: an argument, the place, and its rank.
        floats: the floating-point arguments that are arrays.
        ordinals: the positions that formulas count with.
        called: the runtime's functions that were used.
    """

    def __init__(self, backend: Backend, order: tuple[str, ...], *, keep: bool) -> None:
        self.backend, self.order, self.keep = backend, order, keep
        self.text: dict[Node, Text] = {}
        self.nodes: tuple[Node, ...] = ()
        self.places: dict[str, tuple[str, int, int]] = {}
        self.floats: tuple[str, ...] = ()
        self.ordinals: frozenset[Node] = frozenset()
        self.called: set[str] = set()

    def _like(self) -> str:
        """Return the argument that lends numbers its precision; of none, the first there is."""
        given = [name for name, _, _ in self.places.values()]
        names = [name for name in given if name in self.floats]
        return next(iter((*names, *self.floats, *given)), "")

    def axes_of(self, node: Node) -> tuple[str, ...]:
        """Return a node's axes in the order of arrays; a renamed axis stands beside its own."""
        return sorted_axes(node.axes, self.order)

    def _print(self, node: Node) -> Text:
        special = getattr(self, f"_print_{node.op}", None)
        if special is not None:
            text: Text = special(node)
            return text
        if node.op in COMPARISONS:
            return self._comparison(node)
        level = SUM if node.op in n.LOGIC else COMPARE  # & binds tighter than a comparison
        args = [self._operand(arg, node, level) for arg in node.args]
        if node.op not in n.BOOLEAN and of_numbers(
            node
        ):  # a function of parameters, perhaps numbers
            args = [self._scalar(arg) for arg in args]
        return Text(self._spell(node.op, *args))

    def _comparison(self, node: Node) -> Text:
        integer = any(is_integer(arg) for arg in node.args)
        left, right = (self._operand(arg, node, SUM, integer) for arg in node.args)
        code = f"{left} {COMPARISONS[node.op]} {right}"
        if not integer and of_numbers(node):  # two numbers would compare to no tensor
            return Text(self.backend.truth.format(code))
        return Text(code, COMPARE)

    def _spell(self, op: str, *args: str, **words: str) -> str:
        form = self.backend.operations.get(op)
        if form is None:
            raise KeyError(f"backend {self.backend.name} does not spell {op!r}")
        return self._format(form, *args, **words)

    def _format(self, form: str, *args: str, **words: str) -> str:
        self.called.update(called(form, self.backend.helpers))
        receiver = form.startswith("{0}.") or form.startswith("~{0}")
        if receiver and not is_primary(args[0]):
            args = (f"({args[0]})", *args[1:])
        return form.format(*args, **words)

    def _operand(self, node: Node, user: Node, level: int, integer: bool = False) -> str:
        """Return an operand's code, aligned with the axes of what uses it."""
        if node.op == "const":
            return self._const(node, integer).within(level)
        text = self.text[node]
        new = () if self.keep else new_axes(node, user, self.order)
        if not new:
            like = self._repeats(node, user)
            return self._spell("repeated", text.code, like=like) if like else text.within(level)
        code, form = text.within(ATOM), self.backend.expand
        if form is not None:
            for place in new:
                code = self._format(form, code, place=str(place))
            like = self._repeats(node, user)
            return self._spell("repeated", code, like=like) if like else code
        slices = ["None" if k in new else ":" for k in range(max(new) + 1)]
        return f"{code}[{', '.join(slices)}]"

    def _repeats(self, node: Node, user: Node) -> str:
        """Return an argument like which to repeat an operand, if that is what is quicker."""
        spread = user.op in ("add", "mul", "select") and node.axes < user.axes
        if not spread or "repeated" not in self.backend.operations or of_numbers(node):
            return ""
        leaves = [leaf for leaf in self.text if leaf.op == "leaf" and leaf.axes == user.axes]
        arrays = (leaf.name for leaf in leaves if leaf.attrs[2] != "weight")  # that may be a number
        return next(arrays, "")

    def _const(self, node: Node, integer: bool = False) -> Text:
        value = node.value
        if integer and value == int(value):
            return Text(str(int(value)), UNARY if value < 0 else ATOM)
        number = float(value)
        if math.isinf(number):
            return Text("-math.inf", UNARY)
        level = UNARY if number < 0 else ATOM
        if self.backend.inexact == "{0}" or is_short(value):
            return Text(repr(number), level)
        return Text(self._format(self.backend.inexact, repr(number), like=self._like()))

    def _scalar(self, code: str) -> str:
        return self.backend.scalar.format(code, like=self._like())

    def _print_eq(self, node: Node) -> Text:
        """Print whether an entry is at a place, where the backend has a word for it."""
        left, right = node.args
        if self.keep and left.op == "position" and "is_at" in self.backend.operations:
            return Text(self._spell("is_at", self.text[right].code))
        return self._comparison(node)

    def _print_maximum(self, node: Node) -> Text:
        inner = next((arg for arg in node.args if arg.op == "minimum"), None)
        if inner is not None and "between" in self.backend.operations:
            (low,), high = (arg for arg in node.args if arg is not inner), inner.args[-1]
            if n.is_const(low) and n.is_const(high):
                args = (self._operand(arg, node, COMPARE) for arg in (inner.args[0], low, high))
                return Text(self._spell("between", *args))
            if low is n.negate(high):
                args = (self._operand(arg, node, COMPARE) for arg in (inner.args[0], high))
                return Text(self._spell("within", *args))
        return self._extremum(node, "at_least")

    def _print_minimum(self, node: Node) -> Text:
        return self._extremum(node, "at_most")

    def _extremum(self, node: Node, by_number: str) -> Text:
        """Print an extremum; some frameworks take a number only as a bound."""
        left, right = sorted(node.args, key=of_numbers)
        args = [self._operand(arg, node, COMPARE) for arg in (left, right)]
        if of_numbers(left):
            args[0] = self._scalar(args[0])
        alike = f"{node.op}_alike"
        if left.op == right.op == "sigmoid" and alike in self.backend.operations:
            return Text(self._spell(alike, *args))  # where one is NaN, so is the other
        bounded = of_numbers(right) and by_number in self.backend.operations
        return Text(self._spell(by_number if bounded else node.op, *args))

    def _print_const(self, node: Node) -> Text:
        return self._const(node)

    def _print_select(self, node: Node) -> Text:
        condition, yes, no = node.args
        casts = "indicator" in self.backend.operations and self.floats
        if n.is_const(yes, 1) and n.is_const(no, 0) and condition.axes and not self.keep:
            mask = self._operand(condition, node, COMPARE)
            if casts:
                return Text(self._spell("indicator", mask, like=self._like()))
        integer = is_integer(node)
        if n.is_const(no, 0) and condition.axes < yes.axes and self._can_mask(integer):
            mask, kept = (self._operand(arg, node, COMPARE) for arg in (condition, yes))
            return Text(self._spell("masked", mask, kept))
        if "filled" in self.backend.operations and not integer and _fills(node):
            return self._filled(node)
        args = [
            self._operand(arg, node, COMPARE, integer and k > 0) for k, arg in enumerate(node.args)
        ]
        if node.args[1].axes | node.args[2].axes or integer or self.keep:
            return Text(self._spell("select", *args))
        long = [
            k for k in (1, 2) if not (n.is_const(node.args[k]) and is_short(node.args[k].value))
        ]
        for k in long:  # numbers alone would have the framework's default precision
            args[k] = self.backend.number.format(args[k], like=self._like())
        code = self._spell("select", *args)
        weak = self.backend.number == "{0}" and not self.backend.tensors_only
        plain = long or weak or not (condition.axes and casts)
        return Text(code if plain else self._spell("indicator", code, like=self._like()))

    def _filled(self, node: Node) -> Text:
        """Print a number that stands in place of some entries."""
        condition, yes, no = node.args
        first = yes.op == "const"
        number, kept = (yes, no) if first else (no, yes)
        mask = self._operand(condition, node, COMPARE if first else ATOM)
        mask = mask if first else self._spell("not", mask)
        value = "-math.inf" if math.isinf(number.value) else repr(float(number.value))
        return Text(self._spell("filled", self._operand(kept, node, COMPARE), mask, value))

    def _can_mask(self, integer: bool) -> bool:
        """Say whether whole rows have a way of their own to become 0."""
        return "masked" in self.backend.operations and not integer and not self.keep

    def _print_add(self, node: Node) -> Text:
        scaled = self._scaled_sum(*terms_in_order(node)[:2]) if len(node.args) == 2 else None
        if scaled is not None:
            op, *args = scaled
            codes = [self._operand(arg, node, COMPARE) for arg in args]
            return Text(self._spell(op, *codes))
        code = ""
        for term in terms_in_order(node):
            sign = "-" if is_negative(term) else "+"
            shown = self._operand(magnitude(term), node, PRODUCT if code or sign == "-" else SUM)
            code += f" {sign} {shown}" if code else shown if sign == "+" else f"-{shown}"
        return Text(code, SUM)

    def _scaled_sum(self, first: Node, second: Node) -> tuple[str, Node, Node, Node] | None:
        """Return the parts of a + c * b where the backend has a word for it and c is a number."""
        scaled = magnitude(second)
        op = "subtract_scaled" if is_negative(second) else "add_scaled"
        if op not in self.backend.operations or self.keep or scaled.op != "mul":
            return None
        if (
            len(scaled.args) != 2
            or not n.is_const(scaled.args[0])
            or self.text[scaled].level == ATOM
        ):
            return None
        number, entries = scaled.args
        # A divisor has no text of its own: it is none of its reciprocal's operands.
        plain = all(
            n.is_const(arg) or (arg in self.text and self.text[arg].level == ATOM)
            for arg in (first, entries)
        )
        if not (plain and first.axes and entries.axes) or is_negative(first) or is_integer(first):
            return None
        return op, first, entries, number

    def _print_mul(self, node: Node) -> Text:
        sign = "-" if n.is_const(node.args[0], -1) else ""
        factors = [(arg, denominator(arg)) for arg in (node.args[1:] if sign else node.args)]
        above = [arg for arg, inverse in factors if inverse is None]
        below = [inverse for _, inverse in factors if inverse is not None]
        operations = self.backend.operations if node.axes and below else {}
        called = "divide" in operations or (not above and "reciprocal" in operations)
        bottom = " * ".join(self._factors(below, node, UNARY, alone=called))
        if not above and "reciprocal" in operations:
            return Text(sign + self._spell("reciprocal", bottom), UNARY if sign else ATOM)
        top = sign + " * ".join(self._factors(above, node, PRODUCT, alone=called and not sign))
        top = top if above else f"{sign}1.0"
        if called:
            return Text(self._spell("divide", top, bottom))
        if below:
            top += f" / {bottom}" if len(below) == 1 else f" / ({bottom})"
        return Text(top, PRODUCT if above[1:] or below else UNARY)

    def _factors(self, factors: list[Node], node: Node, first: int, *, alone: bool) -> list[str]:
        """Return factors, in parentheses where they need some; alone in a call, one needs none."""
        if alone and len(factors) == 1:
            return [self._operand(factors[0], node, COMPARE)]
        codes: list[str] = []
        for factor in factors:
            square = factor.op == "pow" and self.text[factor].level == PRODUCT
            level = first if square or not codes else UNARY
            codes.append(self._operand(factor, node, level))
        return codes

    def _print_inverse(self, node: Node) -> Text:
        """One number for many: a product with it costs less than as many quotients."""
        return self._reciprocal(node.args[0], node)

    def _print_quotient(self, node: Node) -> Text:
        """Likewise, of what many are multiplied by anyway."""
        above, below = node.args
        code = f"{self._operand(above, node, PRODUCT)} / {self._operand(below, node, UNARY)}"
        return Text(code, PRODUCT)

    def _reciprocal(self, inverse: Node, node: Node) -> Text:
        if inverse.axes and "reciprocal" in self.backend.operations:
            return Text(self._spell("reciprocal", self._operand(inverse, node, COMPARE)))
        return Text(f"1.0 / {self._operand(inverse, node, UNARY)}", PRODUCT)

    def _print_pow(self, node: Node) -> Text:
        inverse = denominator(node)
        if inverse is not None:
            text = self._reciprocal(inverse, node)
            if inverse.op != "size" or self.backend.inexact == "{0}":
                return text
            return Text(self._format(self.backend.inexact, text.code, like=self._like()))
        base, exponent = node.args
        code = self._operand(base, node, ATOM)
        if n.is_const(exponent, 2) and len(code) < 16 and not re.search(r"\w\(", code):
            return Text(f"{code} * {code}", PRODUCT)
        entries = base.axes or self.backend.tensors_only  # a parameter may be a number
        if n.is_const(exponent, 2) and entries and "square" in self.backend.operations:
            return Text(self._spell("square", self._operand(base, node, COMPARE)))
        return Text(f"{code} ** {self._operand(exponent, node, ATOM, integer=True)}", UNARY)


def _fills(node: Node) -> bool:
    """Say whether a choice is between a number and entries, none of which meets several others."""
    condition, yes, no = node.args
    return (yes.op == "const") != (no.op == "const") and (
        bool(condition.axes) and condition.axes <= yes.axes | no.axes
    )
