"""How operations over axes are written: reductions, picks, matrix products, calls of composites."""

from __future__ import annotations

from lossgen import nodes as n
from lossgen.code import ATOM, COMPARE, PRODUCT, UNARY, Text, of_numbers
from lossgen.expand import FUNCTIONS
from lossgen.language import ELLIPSIS
from lossgen.lifetimes import is_fresh, is_last_read
from lossgen.matrices import matrix_pair
from lossgen.nodes import Node
from lossgen.spelling import Spelling


class AxisSpelling(Spelling):
    """Writes all expressions for a backend."""

    def _print(self, node: Node) -> Text:
        if node.op == "sqrt" and node.args[0].op == "size":
            return self._root_of_length(node)
        return self._composite(node) if node.op in FUNCTIONS else super()._print(node)

    def _root_of_length(self, node: Node) -> Text:
        """The root of a length is a number of Python's, as the length is.

        Type checkers know `math.pow` as a float, ``**`` not; exporters turn `math.sqrt` into a
        constant, where the length is free.
        """
        length = self._operand(node.args[0], node, ATOM)
        if self.backend.inexact != "{0}":
            return Text(self._format(self.backend.inexact, f"{length} ** 0.5", like=self._like()))
        if self.backend.array:
            return Text(f"math.pow({length}, 0.5)")
        return Text(f"{length} ** 0.5", UNARY)

    def _composite(self, node: Node, name: str = "") -> Text:
        """Print a call of a function that the package's ``_functions`` module holds."""
        name = name or FUNCTIONS[node.op]
        self.called.add(name)
        if not node.attrs:
            return Text(f"{name}({', '.join(self._given(arg, node) for arg in node.args)})")
        body = node.args[0]
        axes = self.axes_of(body)
        args = [self.text[body].code]
        for arg in node.args[1:]:  # an index lacks the axis, anything else is aligned with the body
            at_label = node.op in n.AT_LABEL
            aligned = not at_label and arg.op != "const"
            args.append(self._operand(arg, body, COMPARE) if aligned else self._alone(arg))
        args.append(f"axis={axes.index(node.axis) - len(axes)}")
        return Text(f"{name}({', '.join(args)})")

    def _given(self, arg: Node, node: Node) -> str:
        """Print an argument of a function; lengths alone are Python's numbers, and no array."""
        code = self._operand(arg, node, COMPARE)
        of_lengths = arg.op != "const" and all(
            inner.op in ("size", "const", "add", "mul", "pow") for inner in n.walk(arg)
        )
        if of_lengths:
            form = self.backend.number if self.backend.inexact == "{0}" else self.backend.inexact
            return self._format(form, code, like=self._like())
        return self._scalar(code) if of_numbers(node) else code

    def _alone(self, node: Node) -> str:
        return repr(float(node.value)) if node.op == "const" else self.text[node].code

    def _print_leaf(self, node: Node) -> Text:
        return Text(self._arranged(node.name, node.view, self.axes_of(node)))

    def _arranged(self, code: str, have: tuple[str, ...], want: tuple[str, ...]) -> str:
        if have == want:
            return code
        permutation = "(" + ", ".join(str(have.index(axis)) for axis in want) + ")"
        return self._spell("transpose", code, permutation=permutation)

    def _print_size(self, node: Node) -> Text:
        name, place, rank = self.places[node.axis]
        if self.keep:
            return Text(f"{name}.shape[axis]")
        if node.attrs[0] == ELLIPSIS and rank == 1:
            return Text(self._spell("count", name))
        return Text(f"{name}.shape[{place}]")

    def _print_position(self, node: Node) -> Text:
        axis = node.axis
        name = self.places[axis][0]
        if self.keep:
            return Text(self._spell("position_along", name))
        # What is counted with has the precision of what it meets; what is compared is an integer.
        counted = node in self.ordinals and "ordinal" in self.backend.operations and self._like()
        op = "ordinal" if counted else "position"
        like = self._like() if op == "ordinal" else name
        return Text(self._spell(op, size=self._print_size(n.size(axis)).code, like=like))

    def _print_relabel(self, node: Node) -> Text:
        inner = node.args[0]
        old, new = node.reduced, node.view
        code = self._arranged(self.text[inner].code, self.axes_of(inner), old)
        return Text(self._arranged(code, new, self.axes_of(node)), self.text[inner].level)

    def _print_like(self, node: Node) -> Text:
        inner, shape = node.args
        op, code = "like", ""
        if inner.op == "const":
            op, code = "full", self._const(inner).code
        level = ATOM if "{1}." in self.backend.operations.get(op, "") else COMPARE
        code = code or self._operand(inner, node, COMPARE)
        return Text(self._spell(op, code, self.text[shape].within(level)))

    def _print_pick(self, node: Node) -> Text:
        body, index = node.args
        if self.keep:
            return Text(self._spell("pick_along", self.text[body].code, self.text[index].code))
        axes = self.axes_of(body)
        place = axes.index(node.axis)
        others = tuple(axis for axis in axes if axis != node.attrs[0])
        if index.op == "const":
            places = [":"] * place + [str(int(index.value))]
            return Text(f"{self.text[body].within(ATOM)}[{', '.join(places)}]")
        code, at = self.text[body].code, self.text[index].code
        if not others:
            return Text(self._spell("take", self.text[body].within(ATOM), at))
        if not set(others) <= index.axes:  # NumPy, whose diagonals alone need it, broadcasts
            slices = ", ".join(":" if axis in index.axes else "None" for axis in others)
            at = f"{self.text[index].within(ATOM)}[{slices}]"
        return Text(self._spell("pick", code, at, axis=f"{self.backend.axis_word}={place}"))

    def _print_entry(self, node: Node) -> Text:
        body, place = node.args
        axis = f"{self.backend.axis_word}={self.axes_of(body).index(node.axis)}"
        return Text(self._spell("entry", self.text[body].code, str(int(place.value)), axis=axis))

    def _print_placed(self, node: Node) -> Text:
        value, index = (self.text[arg].code for arg in node.args)
        axis = f"{self.backend.axis_word}={self.axes_of(node).index(node.axis)}"
        size = self._print_size(n.size(node.axis)).code
        return Text(self._spell("placed", value, index, axis=axis, size=size))

    def _print_put(self, node: Node) -> Text:
        body, index = (self.text[arg].code for arg in node.args[:2])
        if self._is_exp_beside(node) and not body.isidentifier():
            exponent = self.text[node.args[0].args[0]].code
            return Text(self._spell("exp_beside", exponent, index))
        owned = "put_into" in self.backend.operations and not body.isidentifier()
        written = owned and "times_into" in self.backend.operations
        if written and is_last_read(node.args[0], self.nodes, self.text):
            body = self._spell("times_into", *(self.text[arg].code for arg in node.args[0].args))
        op = "put_into" if owned and is_fresh(node.args[0]) else "put_along"
        return Text(self._spell(op, body, index, self._alone(node.args[2])))

    def _is_exp_beside(self, node: Node) -> bool:
        known = "exp_beside" in self.backend.operations
        return known and node.args[0].op == "exp" and n.is_const(node.args[2], 0)

    def _print_length(self, node: Node) -> Text:
        args = (self.text[arg].code for arg in node.args)
        return Text(self._spell(f"{node.op}_along", *args))

    _print_p_length = _print_length

    def _reduction(self, node: Node) -> Text:
        body = node.args[0]
        axes = self.axes_of(body)
        gone = sorted(axes.index(axis) for axis in node.reduced)
        if self.keep and f"{node.op}_along" in self.backend.operations:
            return Text(self._spell(f"{node.op}_along", self.text[body].code))
        if self.keep:
            keyword = f"{self.backend.axis_word}=axis, {self.backend.keep_word}=True"
        elif len(gone) == len(axes) and node.op != "argmax":  # a place is along an axis
            keyword = ""
        else:
            keyword = f"{self.backend.axis_word}=" + (
                str(gone[0]) if len(gone) == 1 else str(tuple(gone))
            )
        code = self._spell(node.op, self.text[body].code, axis=keyword)
        return Text(code.replace(", )", ")"))

    _print_amax = _print_amin = _print_argmax = _reduction

    def _print_sum(self, node: Node) -> Text:
        pair = matrix_pair(node)
        if pair is None:
            return self._reduction(node)
        left, right = pair
        (gone,) = node.reduced
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
        return Text(
            self._spell("einsum", self.text[left].code, self.text[right].code, spec="->".join(spec))
        )

    def _matrix(self, node: Node, *, turned: bool) -> str:
        code = self.text[node].within(ATOM)
        return self._spell("matrix_transpose", code) if turned else code
