"""From graphs to text: one printer, which a backend's record tells how to spell."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from lossgen import nodes as n
from lossgen.backends import Backend
from lossgen.expand import FUNCTIONS, Expansion
from lossgen.language import ELLIPSIS
from lossgen.nodes import COMPARISONS, Node
from lossgen.rewrite import transform

ATOM, UNARY, PRODUCT, SUM, COMPARE = range(5)
INTEGER_KINDS = ("label", "integer")
LONG = 64
DEFAULT_WORDS = {
    "exp": "exponential", "amax": "largest", "amin": "smallest", "argmax": "top", "sum": "sums", "unit": "quotient",
    "sqrt": "root", "select": "chosen", "pick": "picked", "mul": "product", "add": "term",
    "pow": "power", "log1p": "log_term", "position": "index", "sigmoid": "probability",
    "like": "spread", "relabel": "share", "sign": "direction", "tanh": "tanh", "log": "logarithm",
    "relu": "positive",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Text:
    """Printed code and how tightly it binds."""

    code: str
    level: int = ATOM

    def within(self, level: int) -> str:
        """Return the code, in parentheses where it binds less tightly than its surroundings."""
        return f"({self.code})" if self.level > level else self.code


@dataclass(frozen=True, slots=True)
class Body:
    """A printed function body: assignments, what it returns, the runtime's functions it calls."""

    lines: tuple[str, ...]
    results: tuple[str, ...]
    helpers: tuple[str, ...]


def print_body(
    backend: Backend,
    outputs: Sequence[Node],
    order: Sequence[str],
    names: Mapping[Node, str],
    reserved: Sequence[str],
    *,
    calls: frozenset[str] = frozenset(FUNCTIONS),
    keep: bool = False,
    result_names: Sequence[str] = (),
) -> Body:
    """Print graphs as statements.

    Args:
        outputs: the results.
        order: all axes in the order in which arrays carry them.
        names: the author's words for nodes.
        reserved: names that temporaries must not take.
        calls: composite operations that are functions of the package.
        result_names: words for the results, where several are long.
        keep: reductions keep their axis, which is the variable ``axis``.
    """
    expansion = Expansion(calls)
    roots = expansion.expand(*outputs)
    words = dict(expansion.words)
    for node, name in names.items():
        words[expansion.expand(node)[0]] = name
    taken = set(reserved) | backend.helpers | set(FUNCTIONS.values())
    return _Printer(backend, tuple(order), words, taken, roots, keep).body(result_names)


class _Printer:
    def __init__(
        self,
        backend: Backend,
        order: tuple[str, ...],
        words: dict[Node, str],
        taken: set[str],
        roots: tuple[Node, ...],
        keep: bool,
    ) -> None:
        self.keep = keep
        self.backend, self.order, self.words, self.taken = backend, order, words, taken
        self.roots = _arranged_products(roots)
        self.nodes = self._walk()
        self.uses = Counter(arg for node in self.nodes for arg in self._operands(node))
        self.uses.update(self.roots)
        self.aligned = self._aligned()
        self.places = self._places()
        self.text: dict[Node, Text] = {}
        self.lines: list[str] = []
        self.assigned: dict[str, str] = {}
        self.called: set[str] = set()

    def body(self, result_names: Sequence[str]) -> Body:
        for node in self.nodes:
            self._emit(node)
        results = [self.text[root].code for root in self.roots]
        for k, name in enumerate(result_names if len(results) > 1 else ()):
            if len(results[k]) > LONG // 2:
                self.lines.append(f"{name} = {results[k]}")
                results[k] = name
        return Body(tuple(self.lines), tuple(results), tuple(sorted(self.called)))

    # Structure

    def _operands(self, node: Node) -> tuple[Node, ...]:
        """Return what the printed form of a node mentions."""
        if node.op == "add":
            return tuple(_magnitude(arg) for arg in node.args)
        if node.op == "mul":
            return tuple(_denominator(arg) or arg for arg in node.args)
        if node.op == "pow":
            return (_denominator(node),) if _denominator(node) is not None else node.args
        pair = _matrix_pair(node)
        return pair if pair is not None else node.args

    def _walk(self) -> list[Node]:
        """Return every printed node once, operands first."""
        found: dict[Node, None] = {}

        def visit(node: Node) -> None:
            if node not in found:
                for arg in self._operands(node):
                    visit(arg)
                found[node] = None

        for root in self.roots:
            visit(root)
        return list(found)

    def _places(self) -> dict[str, tuple[str, int, int]]:
        """Where the length of each axis can be read: an argument, the place, how many it has."""
        found: dict[str, tuple[str, int, int]] = {}
        leaves = [node for node in n.walk(*self.roots) if node.op == "leaf"]
        for node in leaves:
            view = node.attrs[1]
            for place, axis in enumerate(view):  # type: ignore[arg-type]
                found.setdefault(str(axis), (str(node.attrs[0]), place, len(view)))  # type: ignore[arg-type]
        return found

    def axes_of(self, node: Node) -> tuple[str, ...]:
        """Return a node's axes in the order of arrays; a renamed axis stands beside its own."""
        return tuple(sorted(node.axes, key=lambda axis: (self.order.index(axis.rstrip("_'")), axis)))

    # Emission

    def _emit(self, node: Node) -> None:
        text = self._print(node)
        if self._is_trivial(node) or not self._needs_name(node, text):
            self.text[node] = text
            return
        if text.code not in self.assigned:  # under other names of its axes, an array is the same
            self.assigned[text.code] = self._name(node)
            self.lines.append(f"{self.assigned[text.code]} = {text.code}")
        self.text[node] = Text(self.assigned[text.code])

    def _is_trivial(self, node: Node) -> bool:
        return node.op in ("leaf", "const", "size") or (
            node.op == "mul" and len(node.args) == 2 and n.is_const(node.args[0], -1) and node.args[1].op == "leaf"
        )

    def _needs_name(self, node: Node, text: Text) -> bool:
        if node in self.roots and self.uses[node] == 1:
            return False
        return self.uses[node] > 1 or len(text.code) > LONG or node in self.aligned and text.level != ATOM

    def _aligned(self) -> set[Node]:
        """Return the nodes of which a use needs new axes, which read badly behind an expression."""
        return {
            node
            for user in self.nodes
            if user.op not in n.AXIS_OPERATIONS and user.op != "relabel"
            for node in self._operands(user)
            if self._new_axes(node, user)
        } | {
            arg
            for user in self.nodes
            if user.op in ("xent", "excess") and user.op in FUNCTIONS
            for arg in user.args[1:]
            if self._new_axes(arg, user.args[0])
        }

    def _new_axes(self, node: Node, user: Node) -> list[int]:
        mine, target = self.axes_of(node), self.axes_of(user)
        if not mine or self.keep:
            return []
        first = target.index(mine[0])
        return [k for k, axis in enumerate(target[first:]) if axis not in mine]

    def _name(self, node: Node) -> str:
        word = self.words.get(node)
        if word is None:
            word = DEFAULT_WORDS.get(node.op, "mask" if node.op in n.BOOLEAN else node.op)
            if node.op in ("abs", "sign", "exp", "sigmoid", "log1p"):
                inner = self.text[node.args[0]].code
                word = f"{node.op}_{inner}" if re.fullmatch(r"[a-z_]+", inner) else word
            elif node.op == "mul" and any(arg.op == "leaf" and arg.attrs[0] == "upstream" for arg in node.args):
                word = "slope"
        elif word in ("length", "direction"):
            sources = {str(leaf.attrs[0]) for leaf in n.walk(node) if leaf.op == "leaf"}
            word = f"{sources.pop()}_{word}" if len(sources) == 1 else word
        candidates = itertools.chain([word], (f"{word}_{k}" for k in itertools.count(2)))
        name = next(candidate for candidate in candidates if candidate not in self.taken)
        self.taken.add(name)
        return name

    # Expressions

    def _print(self, node: Node) -> Text:
        if node.op in FUNCTIONS:
            return self._composite(node)
        special = getattr(self, f"_print_{node.op}", None)
        if special is not None:
            text: Text = special(node)
            return text
        if node.op in COMPARISONS:
            integer = any(self._is_integer(arg) for arg in node.args)
            left, right = (self._operand(arg, node, SUM, integer) for arg in node.args)
            return Text(f"{left} {COMPARISONS[node.op]} {right}", COMPARE)
        args = [self._operand(arg, node, COMPARE) for arg in node.args]
        if not node.axes and node.op not in n.BOOLEAN:  # a function of parameters, perhaps numbers
            args = [self.backend.scalar.format(arg) for arg in args]
        return Text(self._spell(node.op, *args))

    def _composite(self, node: Node) -> Text:
        """Print a call of a function that the package's ``_functions`` module holds."""
        name = FUNCTIONS[node.op]
        self.called.add(name)
        if not node.attrs:
            return Text(f"{name}({', '.join(self._operand(arg, node, COMPARE) for arg in node.args)})")
        body = node.args[0]
        axes = self.axes_of(body)
        args = [self.text[body].code]
        for arg in node.args[1:]:  # an index lacks the axis, anything else is aligned with the body
            at_label = node.op in ("nll_at", "excess_at")
            args.append(self.text[arg].code if at_label else self._operand(arg, body, COMPARE))
        args.append(f"axis={axes.index(str(node.attrs[0])) - len(axes)}")
        return Text(f"{name}({', '.join(args)})")

    def _spell(self, op: str, *args: str, **words: str) -> str:
        form = self.backend.operations.get(op)
        if form is None:
            raise KeyError(f"backend {self.backend.name} does not spell {op!r}")
        return self._format(form, *args, **words)

    def _format(self, form: str, *args: str, **words: str) -> str:
        self.called.update(name for name in self.backend.helpers if re.search(rf"\b{name}\(", form))
        receiver = form.startswith("{0}.") or form.startswith("~{0}")
        if receiver and not re.fullmatch(r"[\w.]+(\(.*\))?(\[.*\])?", args[0]):
            args = (f"({args[0]})", *args[1:])
        return form.format(*args, **words)

    def _operand(self, node: Node, user: Node, level: int, integer: bool = False) -> str:
        """Return an operand's code, aligned with the axes of what uses it."""
        if node.op == "const":
            return self._const(node, integer).within(level)
        text = self.text[node]
        new = self._new_axes(node, user)
        if not new:
            return text.within(level)
        code = text.within(ATOM)
        if self.backend.expand is not None:
            for place in new:
                code = self._format(self.backend.expand, code, place=str(place))
            return code
        slices = ["None" if k in new else ":" for k in range(max(new) + 1)]
        return f"{code}[{', '.join(slices)}]"

    def _const(self, node: Node, integer: bool = False) -> Text:
        value = node.value
        if integer and value == int(value):
            return Text(str(int(value)), UNARY if value < 0 else ATOM)
        number = float(value)
        level = UNARY if number < 0 else ATOM
        exact = isinstance(value, Fraction) and value.denominator & (value.denominator - 1) == 0
        if exact and abs(value.numerator) < 2**11 and value.denominator < 2**11 or self.backend.inexact == "{0}":
            return Text(repr(number), level)
        like = next(name for name, _, _ in self.places.values())
        return Text(self._format(self.backend.inexact, repr(number), like=like))

    def _is_integer(self, node: Node) -> bool:
        if node.op == "leaf":
            return node.attrs[2] in INTEGER_KINDS
        if node.op == "select":
            return any(self._is_integer(arg) for arg in node.args[1:])
        return node.op in ("position", "argmax")

    def _print_const(self, node: Node) -> Text:
        return self._const(node)

    def _print_leaf(self, node: Node) -> Text:
        view = tuple(map(str, node.attrs[1]))  # type: ignore[arg-type]
        return Text(self._arranged(str(node.attrs[0]), view, self.axes_of(node)))

    def _arranged(self, code: str, have: tuple[str, ...], want: tuple[str, ...]) -> str:
        if have == want:
            return code
        permutation = "(" + ", ".join(str(have.index(axis)) for axis in want) + ")"
        return self._spell("transpose", code, permutation=permutation)

    def _print_size(self, node: Node) -> Text:
        name, place, rank = self.places[str(node.attrs[0])]
        if self.keep:
            return Text(f"{name}.shape[axis]")
        if node.attrs[0] == ELLIPSIS and rank == 1:
            return Text(self._spell("count", name))
        return Text(f"{name}.shape[{place}]")

    def _print_position(self, node: Node) -> Text:
        axis = str(node.attrs[0])
        name = self.places[axis][0]
        if self.keep:
            return Text(self._spell("position_along", name))
        return Text(self._spell("position", size=self._print_size(n.size(axis)).code, like=name))

    def _print_relabel(self, node: Node) -> Text:
        inner = node.args[0]
        old, new = (tuple(map(str, axes)) for axes in node.attrs)  # type: ignore[arg-type]
        code = self._arranged(self.text[inner].code, self.axes_of(inner), old)
        return Text(self._arranged(code, new, self.axes_of(node)), self.text[inner].level)

    def _print_like(self, node: Node) -> Text:
        if node.args[0].op == "const":
            return Text(self._spell("full", self._const(node.args[0]).code, self.text[node.args[1]].code))
        return Text(self._spell("like", self._operand(node.args[0], node, COMPARE), self.text[node.args[1]].code))

    def _print_select(self, node: Node) -> Text:
        integer = self._is_integer(node)
        args = [self._operand(arg, node, COMPARE, integer and k > 0) for k, arg in enumerate(node.args)]
        return Text(self._spell("select", *args))

    def _print_pick(self, node: Node) -> Text:
        body, index = node.args
        if self.keep:
            return Text(self._spell("pick_along", self.text[body].code, self.text[index].code))
        axes = self.axes_of(body)
        place = axes.index(str(node.attrs[0]))
        others = tuple(axis for axis in axes if axis != node.attrs[0])
        code, at = self.text[body].code, self.text[index].code
        if not others:
            return Text(self._spell("take", self.text[body].within(ATOM), at))
        if not set(others) <= index.axes:
            raise ValueError(f"a pick along {node.attrs[0]} needs an index for every {' '.join(others)}")
        return Text(self._spell("pick", code, at, axis=f"{self.backend.axis_word}={place}"))

    def _reduction(self, node: Node) -> Text:
        body = node.args[0]
        axes = self.axes_of(body)
        gone = sorted(axes.index(str(axis)) for axis in node.attrs[0])  # type: ignore[union-attr]
        if self.keep and f"{node.op}_along" in self.backend.operations:
            return Text(self._spell(f"{node.op}_along", self.text[body].code))
        if self.keep:
            keyword = f"{self.backend.axis_word}=axis, {self.backend.keep_word}=True"
        elif len(gone) == len(axes):
            keyword = ""
        else:
            keyword = f"{self.backend.axis_word}=" + (str(gone[0]) if len(gone) == 1 else str(tuple(gone)))
        code = self._spell(node.op, self.text[body].code, axis=keyword)
        return Text(code.replace(", )", ")"))

    _print_amax = _print_amin = _print_argmax = _reduction

    def _print_sum(self, node: Node) -> Text:
        pair = _matrix_pair(node)
        if pair is None:
            return self._reduction(node)
        left, right = pair
        (gone,) = node.attrs[0]  # type: ignore[misc]
        ours, theirs = self.axes_of(left), self.axes_of(right)
        result = self.axes_of(node)
        if len(ours) == len(theirs) == len(result) == 2:
            if result[0] in theirs:
                left, right, ours, theirs = right, left, theirs, ours
            first = self._matrix(left, turned=ours[1] != gone)
            second = self._matrix(right, turned=theirs[0] != gone)
            code = self._spell("matmul", first, second)
            return Text(code, ATOM if code.endswith(")") and "@" not in code else PRODUCT)
        letters = dict(zip(dict.fromkeys((*ours, *theirs)), "abcdefghijkl", strict=False))
        spec = [",".join("".join(letters[a] for a in axes) for axes in (ours, theirs))]
        spec.append("".join(letters[a] for a in result))
        return Text(self._spell("einsum", self.text[left].code, self.text[right].code, spec="->".join(spec)))

    def _matrix(self, node: Node, *, turned: bool) -> str:
        code = self.text[node].within(ATOM)
        return self._spell("matrix_transpose", code) if turned else code

    def _print_add(self, node: Node) -> Text:
        code = ""
        for term in sorted(node.args, key=_is_negative):
            sign = "-" if _is_negative(term) else "+"
            shown = self._operand(_magnitude(term), node, PRODUCT if code or sign == "-" else SUM)
            code += f" {sign} {shown}" if code else shown if sign == "+" else f"-{shown}"
        return Text(code, SUM)

    def _print_mul(self, node: Node) -> Text:
        top: list[str] = []
        bottom: list[str] = []
        sign = "-" if n.is_const(node.args[0], -1) else ""
        for arg in node.args[1:] if sign else node.args:
            inverse = _denominator(arg)
            if inverse is None:
                square = arg.op == "pow" and self.text[arg].level == PRODUCT
                top.append(self._operand(arg, node, PRODUCT if square or not top else UNARY))
            else:
                bottom.append(self._operand(inverse, node, UNARY))
        code = sign + (" * ".join(top) or "1.0")
        if bottom:
            code += " / " + (bottom[0] if len(bottom) == 1 else f"({' * '.join(bottom)})")
        return Text(code, PRODUCT if top[1:] or bottom else UNARY)

    def _print_pow(self, node: Node) -> Text:
        inverse = _denominator(node)
        if inverse is not None:
            return Text(f"1.0 / {self._operand(inverse, node, UNARY)}", PRODUCT)
        base, exponent = node.args
        code = self._operand(base, node, ATOM)
        if n.is_const(exponent, 2) and len(code) < 16:
            return Text(f"{code} * {code}", PRODUCT)
        return Text(f"{code} ** {self._operand(exponent, node, ATOM, integer=True)}", UNARY)


def _is_negative(term: Node) -> bool:
    return term.value < 0 if n.is_const(term) else n.split_coefficient(term)[0] < 0


def _magnitude(term: Node) -> Node:
    """Return a term of a sum as it stands behind its sign."""
    return n.mul(n.MINUS_ONE, term) if _is_negative(term) else term


def _denominator(factor: Node) -> Node | None:
    """Return what is divided by, where the factor is a negative power."""
    if factor.op == "pow" and n.is_const(factor.args[1]) and factor.args[1].value < 0:
        return n.power(factor.args[0], n.const(-factor.args[1].value))
    return None


def _arranged_products(roots: tuple[Node, ...]) -> tuple[Node, ...]:
    """Multiply what has fewer axes first, and write -(a b) where a b is there already."""
    roots = transform(roots, _group_factors)
    present = set(n.walk(*roots))

    def share(node: Node) -> Node:
        if node.op == "mul" and n.is_const(node.args[0], -1) and len(node.args) > 2:
            positive = n.make("mul", node.args[1:])
            return n.make("mul", (n.MINUS_ONE, positive)) if positive in present else node
        return node

    return tuple(substitute_all(roots, share))


def substitute_all(roots: tuple[Node, ...], step: Callable[[Node], Node]) -> list[Node]:
    """Return the roots with a step applied everywhere and nothing simplified."""
    done: dict[Node, Node] = {}
    for node in n.walk(*roots):
        args = tuple(done[arg] for arg in node.args)
        done[node] = step(node) if args == node.args else n.make(node.op, args, node.attrs, node.axes)
    return [done[root] for root in roots]


def _group_factors(node: Node) -> Node:
    if node.op != "mul" or len({arg.axes for arg in node.args if arg.axes}) < 2:
        return node
    narrow = [arg for arg in node.args if arg.axes and arg.axes != node.axes and _denominator(arg) is None]
    groups: dict[frozenset[str], list[Node]] = {}
    for arg in narrow:
        groups.setdefault(arg.axes, []).append(arg)
    wide = [arg for arg in node.args if arg not in narrow]
    if all(len(group) == 1 for group in groups.values()):
        return node
    minus = [arg for arg in wide if n.is_const(arg)]
    rest = [arg for arg in wide if not n.is_const(arg)]
    return n.make("mul", [*minus, *(n.mul(*group) for group in groups.values()), *rest])


def _matrix_pair(node: Node) -> tuple[Node, Node] | None:
    """Return the two factors where a sum over one axis is a matrix product."""
    if node.op != "sum" or len(node.attrs[0]) != 1 or node.args[0].op != "mul":  # type: ignore[arg-type]
        return None
    factors = [arg for arg in node.args[0].args]
    widest = [arg.axes for arg in factors if not any(arg.axes < other.axes for other in factors)]
    groups = list(dict.fromkeys(widest))
    if len(groups) != 2:
        return None
    split: dict[frozenset[str], list[Node]] = {group: [] for group in groups}
    for arg in factors:
        split[next(group for group in groups if arg.axes <= group)].append(arg)
    left, right = (n.make("mul", args) if len(args) > 1 else args[0] for args in split.values())
    return left, right
