"""Points of losses that compare vectors."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from draws import random

from lossgen.proof.point import Point


def info_nce(dtype: str) -> Iterator[Point]:
    loss = "InfoNCELoss"
    keys = random(3, 2, seed=1)
    yield Point(loss, "plain", {"query": random(3, 2), "key": keys}, {"temperature": 1.0})
    sharp = {"query": random(3, 2, seed=2), "key": keys}
    yield Point(loss, "sharp", sharp, {"temperature": 0.1})
    yield Point(loss, "learnt", sharp, {"temperature": 0.5}, learnt=("temperature",))
    yield Point(
        loss, "axes", {"query": np.eye(3)[:, :2].copy(), "key": keys}, {"temperature": 0.25}
    )
    scales = np.array([[1e-10], [1.0], [1e10]])
    yield Point(loss, "scales", {"query": random(3, 2) * scales, "key": keys * scales[::-1]})


def cosine_embedding(dtype: str) -> Iterator[Point]:
    loss = "CosineEmbeddingLoss"
    signs = np.array([1.0, -1.0, 1.0, -1.0])
    first, second = random(4, 3), random(4, 3, seed=1)
    yield Point(loss, "plain", {"input1": first, "input2": second, "target": signs})
    inputs = {"input1": first, "input2": second, "target": -signs}
    yield Point(loss, "margin", inputs, {"margin": 0.25})
    yield Point(loss, "learnt", inputs, {"margin": -0.5}, learnt=("margin",))
    yield Point(loss, "others", {"input1": first, "input2": second, "target": signs / 2})
    axes = np.array([[1.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    turned = np.array([[0.0, 3.0, 0.0], [1.0, 0.0, 0.5], [1.0, -2.0, 0.3], [0.0, 0.0, 0.0]])
    for sign in (1.0, -1.0):
        along = {"input1": axes, "input2": turned, "target": np.full(4, sign)}
        yield Point(loss, f"zeros_{'near' if sign > 0 else 'far'}", along)
    parallel = {"input1": first, "input2": first * [[2.0], [2.0], [-4.0], [-4.0]], "target": signs}
    yield Point(loss, "parallel", parallel)
    scales = np.array([[1e-15], [1e-6], [1e6], [1e15]])
    yield Point(loss, "tiny", {"input1": 1e-15 * first, "input2": second, "target": signs})
    yield Point(loss, "scales", {"input1": scales * first, "input2": second, "target": -signs})
    opposite = {"input1": scales * first, "input2": scales[::-1] * second, "target": signs}
    yield Point(loss, "unlike", opposite)
    yield Point(loss, "alike", {**opposite, "input2": scales * second})
    alone = {"input1": first[0], "input2": second[0], "target": np.array(1.0)}
    yield Point(loss, "alone", alone)


def triplet_margin(dtype: str) -> Iterator[Point]:
    loss = "TripletMarginLoss"
    names = ("anchor", "positive", "negative")
    plain = {name: random(4, 3, seed=k) for k, name in enumerate(names)}
    for p in (1.0, 1.5, 2.0, 3.0):
        yield Point(loss, f"order_{p}", plain, {"p": p})
        yield Point(loss, f"swapped_{p}", plain, {"p": p, "swap": True, "margin": 5.0})
    yield Point(loss, "learnt", plain, {"margin": 3.0}, learnt=("margin",))
    equal = {**plain, "positive": plain["anchor"]}
    for p in (1.0, 1.5, 2.0, 3.0):
        yield Point(loss, f"equal_{p}", equal, {"p": p, "margin": 5.0})
        yield Point(loss, f"zero_{p}", equal, {"p": p, "eps": 0.0, "margin": 5.0})
    axes = {**plain, "anchor": np.eye(4, 3), "positive": np.zeros((4, 3))}
    for p in (1.0, 1.5, 3.0):
        yield Point(loss, f"axes_{p}", axes, {"p": p, "eps": 0.0, "margin": 9.0})
    scales = np.array([[1e-15], [1e-6], [1e6], [1e15]])
    scaled = {name: scales * array for name, array in plain.items()}
    for p in (1.5, 2.0, 3.0):
        yield Point(loss, f"scales_{p}", scaled, {"p": p, "eps": 0.0, "swap": True})
    yield Point(loss, "alone", {name: array[0] for name, array in plain.items()}, {"margin": 4.0})


def triplet_margin_with_distance(dtype: str) -> Iterator[Point]:
    loss = "TripletMarginWithDistanceLoss"
    names = ("anchor", "positive", "negative")
    plain = {name: random(4, 3, seed=k) for k, name in enumerate(names)}
    equal = {**plain, "positive": plain["anchor"]}
    scales = np.array([[1e-15], [1e-6], [1e6], [1e15]])
    scaled = {name: scales * array for name, array in plain.items()}
    for distance in ("euclidean", "squared_euclidean", "manhattan", "cosine"):
        given = {"distance_function": distance}
        yield Point(loss, distance, plain, given)
        yield Point(loss, f"{distance}_swapped", plain, {**given, "swap": True, "margin": 5.0})
        yield Point(loss, f"{distance}_equal", equal, {**given, "margin": 5.0})
        yield Point(loss, f"{distance}_scales", scaled, given)
    yield Point(loss, "learnt", plain, {"margin": 3.0}, learnt=("margin",))
    yield Point(loss, "alone", {name: array[0] for name, array in plain.items()}, {"margin": 4.0})
    rows = {name: array.reshape(2, 2, 3) for name, array in plain.items()}
    yield Point(loss, "rows", rows, {"distance_function": "manhattan"})
