"""What a graph means: every operation by its textbook formula, in mpmath numbers of any precision.

Shares nothing with how lossgen expands, derives or prints an operation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import product
from typing import Any

from mpmath import mp

from lossgen.nodes import Node

Place = Mapping[str, int]
Array = dict[tuple[int, ...], Any]


def _moment(rate: Any, end: Any, order: int) -> Any:
    """Return the mean of s**order exp(rate end s) over s from 0 to 1, times rate**(order + 1)."""
    mean = mp.hyp1f1(order + 1, order + 2, rate * end) / (order + 1)
    return rate ** (order + 1) * mean


ELEMENTWISE: dict[str, Callable[..., Any]] = {
    "abs": abs,
    "atan": mp.atan,
    "box_cox": lambda a, p: _moment(mp.log(1 + a), p, 0),
    "box_cox_bend": lambda a, p: _moment(mp.log(1 + a), p, 2),
    "box_cox_slope": lambda a, p: _moment(mp.log(1 + a), p, 1),
    "cos": mp.cos,
    "cosh": mp.cosh,
    "digamma": lambda a: mp.psi(0, a),
    "erf": mp.erf,
    "exp": mp.exp,
    "exp_difference": lambda a, b: mp.exp(a - b),
    "exp_moment1": lambda a: _moment(mp.one, a, 1),
    "exp_moment2": lambda a: _moment(mp.one, a, 2),
    "expm1": lambda a: mp.exp(a) - 1,
    "floor": mp.floor,
    "gauss": lambda a, width: mp.exp(-width * a * a),
    "hypot1": lambda a: mp.sqrt(1 + a * a),
    "hypot1m1": lambda a: mp.sqrt(1 + a * a) - 1,
    "hinge": lambda a: max(a, mp.zero),
    "inverse": lambda a: 1 / a,
    "quotient": lambda a, b: a / b,
    "log": mp.log,
    "log1p": lambda a: mp.log(1 + a),
    "log1p_exp": lambda a: mp.log(1 + mp.exp(a)),
    "loggamma": mp.loggamma,
    "log1p_square": lambda a: mp.log(1 + a * a),
    "log_cosh": lambda a: mp.log(mp.cosh(a)),
    "maximum": max,
    "minimum": min,
    "over_hypot1": lambda a: a / mp.sqrt(1 + a * a),
    "over_square1": lambda a: a / (1 + a * a),
    "pow": lambda a, b: mp.inf if not a and b < 0 else a**b,  # as floating-point numbers have it
    "power1p": lambda a, p: (1 + a) ** p,
    "power_slope": lambda a, b: b * abs(a) ** (b - 1) if a else mp.mpf(b == 1),
    "raise_to": max,
    "relu": lambda a: max(a, mp.zero),
    "scaled_exp": lambda a, b: a * mp.exp(b),
    "sech2": lambda a: 1 / mp.cosh(a) ** 2,
    "sigmoid": lambda a: 1 / (1 + mp.exp(-a)),
    "sigmoid_power": lambda a, b: (1 + mp.exp(-a)) ** -b,
    "sign": mp.sign,
    "signed_power": lambda a, b: mp.sign(a) * abs(a) ** b,
    "sin": mp.sin,
    "sinh": mp.sinh,
    "softplus": lambda a: mp.log(1 + mp.exp(a)),
    "sqrt": mp.sqrt,
    "stop_gradient": lambda a: a,
    "tanh": mp.tanh,
    "trigamma": lambda a: mp.psi(1, a),
    "unit": lambda a, b: a / b if b else mp.zero,
    "with_slope": lambda value, a, slope: value,
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "and": lambda *args: all(args),
    "or": lambda *args: any(args),
    "not": lambda a: not a,
}
# Operations over a whole axis: functions of its values.
FOLDS: dict[str, Callable[[list[Any]], Any]] = {
    "amax": max,
    "amin": min,
    "argmax": lambda values: values.index(max(values)),
    "norm": lambda values: mp.sqrt(mp.fsum(v * v for v in values)),
    "length": lambda values: FOLDS["norm"](values),
    "lse": lambda values: mp.log(mp.fsum(map(mp.exp, values))),
    "others": lambda values: mp.fsum(mp.exp(v - max(values)) for v in values) - 1,
}
# Operations that keep their axis: functions of its values and a place on it.
KEEPING: dict[str, Callable[[list[Any], int], Any]] = {
    "softmax": lambda values, k: mp.exp(values[k]) / mp.fsum(map(mp.exp, values)),
    "cosoftmax": lambda values, k: 1 - mp.exp(values[k]) / mp.fsum(map(mp.exp, values)),
    "nll": lambda values, k: FOLDS["lse"](values) - values[k],
    "shifted": lambda values, k: values[k] - max(values),
    "exp_shifted": lambda values, k: mp.exp(values[k] - max(values)),
    "is_largest": lambda values, k: k == values.index(max(values)),
    "rest": lambda values, k: mp.fsum(values) - values[k],
    "deviation": lambda values, k: values[k] - mp.fsum(values) / len(values),
    "direction": lambda values, k: ELEMENTWISE["unit"](values[k], FOLDS["norm"](values)),
}


class Meaning:
    """Evaluates graphs: ``sizes`` are the lengths of the axes, ``values`` the arguments."""

    def __init__(self, sizes: Mapping[str, int], values: Mapping[str, Array]) -> None:
        self._sizes, self._values = sizes, values
        self._memo: dict[tuple[Node, tuple[int, ...]], Any] = {}

    def size(self, axis: str) -> int:
        """Return the length of an axis, also of one that was renamed on the way."""
        return self._sizes[axis if axis in self._sizes else axis.rstrip("_'")]

    def array(self, node: Node, axes: Sequence[str]) -> Array:
        """Return the values of a node along axes, which must be its own."""
        if set(axes) != node.axes:
            raise ValueError(f"{node} has the axes {sorted(node.axes)}, not {sorted(axes)}")
        return {
            place: self.at(node, dict(zip(axes, place, strict=True)))
            for place in product(*(range(self.size(axis)) for axis in axes))
        }

    def at(self, node: Node, place: Place) -> Any:
        """Return the value of a node at one place."""
        key = (node, tuple(place[axis] for axis in sorted(node.axes)))
        if key not in self._memo:
            self._memo[key] = self._at(node, {axis: place[axis] for axis in node.axes})
        return self._memo[key]

    def _at(self, node: Node, place: Place) -> Any:
        special = getattr(self, f"_{node.op}", None)
        if special is not None:
            return special(node, place)
        if node.op in ELEMENTWISE:
            return ELEMENTWISE[node.op](*(self.at(arg, place) for arg in node.args))
        if node.op in FOLDS:
            return FOLDS[node.op](self._along(node.args[0], node.reduced[0], place))
        if node.op in KEEPING:
            return KEEPING[node.op](self._along(node.args[0], node.axis, place), place[node.axis])
        raise KeyError(f"{node.op} has no meaning yet: say in tests/graphs.py what it is")

    def _along(self, node: Node, axis: str, place: Place) -> list[Any]:
        return [self.at(node, {**place, axis: k}) for k in range(self.size(axis))]

    def _const(self, node: Node, place: Place) -> Any:
        value = node.value
        return (
            mp.mpf(value)
            if isinstance(value, float)
            else mp.mpf(value.numerator) / value.denominator
        )

    def _leaf(self, node: Node, place: Place) -> Any:
        return self._values[node.name][tuple(place[axis] for axis in node.view)]

    def _position(self, node: Node, place: Place) -> Any:
        return place[node.axis]

    def _size(self, node: Node, place: Place) -> Any:
        return mp.mpf(self.size(node.axis))

    def _add(self, node: Node, place: Place) -> Any:
        return mp.fsum(self.at(arg, place) for arg in node.args)

    def _mul(self, node: Node, place: Place) -> Any:
        return mp.fprod(self.at(arg, place) for arg in node.args)

    def _select(self, node: Node, place: Place) -> Any:
        condition, yes, no = node.args
        return self.at(yes if self.at(condition, place) else no, place)

    def _sum(self, node: Node, place: Place) -> Any:
        return mp.fsum(self._everywhere(node.args[0], node.reduced, place))

    def _everywhere(self, node: Node, axes: Sequence[str], place: Place) -> Iterable[Any]:
        for inner in product(*(range(self.size(axis)) for axis in axes)):
            yield self.at(node, {**place, **dict(zip(axes, inner, strict=True))})

    def _pick(self, node: Node, place: Place) -> Any:
        body, index = node.args
        return self.at(body, {**place, node.axis: int(self.at(index, place))})

    def _put(self, node: Node, place: Place) -> Any:
        body, index, value = node.args
        here = place[node.axis] == int(self.at(index, place))
        return self.at(value if here else body, place)

    def _p_norm(self, node: Node, place: Place) -> Any:
        body, order = node.args
        p = self.at(order, place)
        return mp.fsum(abs(v) ** p for v in self._along(body, node.axis, place)) ** (1 / p)

    _p_length = _p_norm

    def _floored_norm(self, node: Node, place: Place) -> Any:
        body, floor = node.args
        return FOLDS["norm"]([*self._along(body, node.axis, place), self.at(floor, place)])

    def _nll_at(self, node: Node, place: Place) -> Any:
        body, index = node.args
        values = self._along(body, node.axis, place)
        return FOLDS["lse"](values) - values[int(self.at(index, place))]

    def _excess_at(self, node: Node, place: Place) -> Any:
        values, k = self._along(node.args[0], node.axis, place), place[node.axis]
        return KEEPING["softmax"](values, k) - int(k == self.at(node.args[1], place))

    def _grad_at(self, node: Node, place: Place) -> Any:
        above = {axis: at for axis, at in place.items() if axis != node.axis}
        return self._excess_at(node, place) * self.at(node.args[2], above)

    def _xent(self, node: Node, place: Place) -> Any:
        body, weight = (self._along(arg, node.axis, place) for arg in node.args)
        return mp.fsum(w * (FOLDS["lse"](body) - b) for b, w in zip(body, weight, strict=True))

    def _excess(self, node: Node, place: Place) -> Any:
        body, weight = (self._along(arg, node.axis, place) for arg in node.args)
        k = place[node.axis]
        return KEEPING["softmax"](body, k) * mp.fsum(weight) - weight[k]

    def _centred(self, node: Node, place: Place) -> Any:
        body, moved = (self._along(arg, node.axis, place) for arg in node.args)
        return moved[place[node.axis]] - moved[body.index(max(body))]

    def _softmax_tangent(self, node: Node, place: Place) -> Any:
        body, moved = (self._along(arg, node.axis, place) for arg in node.args)
        soft = [KEEPING["softmax"](body, k) for k in range(len(body))]
        k = place[node.axis]
        return soft[k] * (moved[k] - mp.fdot(soft, moved))

    def _relabel(self, node: Node, place: Place) -> Any:
        old, new = node.reduced, node.view
        return self.at(node.args[0], {o: place[axis] for o, axis in zip(old, new, strict=True)})

    def _like(self, node: Node, place: Place) -> Any:
        return self.at(node.args[0], place)


__all__ = ["Array", "Meaning"]
