"""Points of a loss: first numbers that one would try by hand, then those drawn from its spec."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice, product
from math import prod

import numpy as np

from lossgen.audit.plan import EVEN, ONE_HOT, Plan, Values
from lossgen.language import ELLIPSIS, Tensor
from lossgen.loss import Case, Loss
from lossgen.oracle import Question
from lossgen.oracle.domain import is_inside
from lossgen.oracle.question import tensors_of
from lossgen.proof.draws import draw_tensor
from lossgen.proof.point import Array, Point
from lossgen.proof.space import Space, space

SEED = 0
# How many points are tried by hand, the simplest there are, and how many drawn; and how many where
# every entry depends on all samples.
MANY, FEW = (240, 40), (48, 12)
SIMPLE = (1.0, 0.0, -1.0, 2.0, 0.5, -2.0, 10.0, -10.0, 30.0, -30.0, 100.0, -100.0, 1000.0, -1000.0)
SMALL = (0.1, 1e-3, -1e-3, 1e-6, -1e-6, 1e-10, 1e4, -1e4, 1e6, 1e-20, 1e20, -1e20)
SHARES = (0.5, 1.0, 0.0, 0.25, 0.75, 0.1, 0.9, 1e-3, 0.999, 1e-6, 1 - 1e-6, 1e-20)


def points(loss: Loss, plan: Plan) -> Iterator[Point]:
    """Yield points of a loss, the simplest first, and always the same."""
    cases, tensors = _declared(loss, plan)
    alone = space(cases, np.random.default_rng(SEED)).along is not None
    most, drawn = MANY if alone else FEW
    found = chain(
        islice(_by_hand(cases, tensors, plan), most), islice(_drawn(cases, tensors, plan), drawn)
    )
    for number, arrays in enumerate(found):
        if not all(_allowed(arrays[name], values) for name, values in plan.only.items()):
            continue
        point = Point(loss.name, str(number), arrays, plan.settings).rounded("float32")
        if is_inside(point.question(loss)):
            yield point.rounded("float64")


def _kinds(loss: Loss, soft: bool) -> dict[str, Array]:
    """Return an empty array for each input: labels, or probabilities where both will do."""
    declared: dict[str, set[str]] = {}
    for tensor in loss.tensors():
        declared.setdefault(tensor.name, set()).add(tensor.kind)
    return {
        name: np.empty(0, "i8" if kinds == {"label"} or ("label" in kinds and not soft) else "f8")
        for name, kinds in declared.items()
    }


def inputs_of(loss: Loss, plan: Plan) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the inputs of a loss, and those of them that are labels."""
    _, tensors = _declared(loss, plan)
    names = tuple(tensor.name for tensor in tensors)
    return names, tuple(tensor.name for tensor in tensors if tensor.kind == "label")


def _declared(loss: Loss, plan: Plan) -> tuple[tuple[Case, ...], list[Tensor]]:
    """Return the cases that a plan chooses, and their inputs, with the weights it needs."""
    cases = Question(loss, _kinds(loss, plan.soft), plan.settings).cases
    found = {tensor.name: tensor for case in cases for tensor in tensors_of(case)}
    there = [tensor for tensor in found.values() if tensor.kind != "weight" or not tensor.optional]
    return cases, sorted(there, key=lambda tensor: tensor.order)


def _space(cases: Sequence[Case], plan: Plan, rng: np.random.Generator) -> Space:
    """Return a space in which a loss of any shape has one entry, in a row of its own."""
    found = space(cases, rng)
    alone = all(tensor.axes == (ELLIPSIS,) for case in cases for tensor in tensors_of(case))
    sizes = {axis: (length,) for axis, length in plan.sizes.items()}
    return Space({ELLIPSIS: (1, 1)} if alone else {**found.shapes, **sizes}, None)


def _by_hand(
    cases: Sequence[Case], tensors: Sequence[Tensor], plan: Plan
) -> Iterator[dict[str, Array]]:
    where = _space(cases, plan, np.random.default_rng(SEED))
    choices = []
    for tensor in tensors:
        classes = where.shapes[tensor.classes][0] if tensor.classes else 2
        only = plan.only.get(tensor.name)
        choices.append(list(_arrays(tensor, where.shape(tensor.axes), classes, only)))
    # The simplest are those in which one thing at most is out of the ordinary.
    places = product(*(range(len(group)) for group in choices))
    for chosen in sorted(places, key=lambda each: (prod(k + 1 for k in each), each[::-1])):
        yield {
            t.name: choices[k][place]
            for k, (t, place) in enumerate(zip(tensors, chosen, strict=True))
        }


def _arrays(
    tensor: Tensor, shape: tuple[int, ...], classes: int, only: Values | None
) -> Iterator[Array]:
    """Yield arrays of a tensor: a number in one place, everywhere, or growing towards the end."""
    count = prod(shape)
    if tensor.kind == "label":
        paired = tensor.classes is None  # two samples of each class
        for first in (0, 1) if count > 1 or classes > 1 else (0,):
            labels = (np.arange(count) + first) // 2 if paired else np.arange(first, count + first)
            yield (labels if paired else labels % classes).reshape(shape)
        return
    numbers = only if isinstance(only, tuple) else _numbers(tensor)
    for number in numbers:
        for pattern in _patterns(count):
            yield (number * pattern).reshape(shape)


def _patterns(count: int) -> Sequence[Array]:
    one = np.eye(count)
    if count == 1:
        return (one[0],)
    return (one[0], one[-1], np.ones(count), np.arange(count) / (count - 1))


def _numbers(tensor: Tensor) -> Sequence[float]:
    low, high = tensor.lower, tensor.upper
    numbers = SHARES if (low, high) == (0, 1) else (*SIMPLE, *SMALL)
    return [x for x in numbers if (low is None or x >= low) and (high is None or x <= high)]


def _allowed(array: Array, values: Values) -> bool:
    if values == ONE_HOT:
        rows = array.reshape(len(array), -1)
        return bool(np.isin(array, (0, 1)).all() and (rows.sum(1) == 1).all())
    if values == EVEN:
        return bool((array == array.flat[0]).all() and array.flat[0] > 0)
    return bool(np.isin(array, values).all())


def _drawn(
    cases: Sequence[Case], tensors: Sequence[Tensor], plan: Plan
) -> Iterator[Mapping[str, Array]]:
    """Yield points as the conformance run draws them."""
    rng = np.random.default_rng(SEED)
    while True:
        where = _space(cases, plan, rng)
        found: dict[str, Array] = {}
        for tensor in tensors:
            shape = where.shape(tensor.axes)
            if tensor.kind == "label" and tensor.classes:
                found[tensor.name] = rng.integers(0, where.shapes[tensor.classes][0], shape)
            elif tensor.kind == "label":  # two of each class
                found[tensor.name] = rng.permutation(np.arange(prod(shape)) // 2).reshape(shape)
            elif tensor.name in plan.only:
                found[tensor.name] = _held(plan.only[tensor.name], shape, rng)
            else:
                found[tensor.name] = draw_tensor(tensor, shape, found, (), rng)
        yield found


def _held(values: Values, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    if values == ONE_HOT:
        return np.asarray(np.eye(shape[-1])[rng.integers(shape[-1], size=shape[:-1])])
    return np.full(shape, rng.random()) if values == EVEN else rng.choice([*values], shape)


__all__ = ["inputs_of", "points"]
