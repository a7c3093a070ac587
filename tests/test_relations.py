"""What specs say of other libraries' losses of a name, checked against these libraries."""

import importlib
import os

import numpy as np
import pytest
from losses import CASES, LIBRARY, classification, pairs, regression, segmentation

import generated.numpy

os.environ.setdefault("KERAS_BACKEND", "jax")

RELATIONS = (
    *classification.RELATIONS,
    *segmentation.RELATIONS,
    *regression.RELATIONS,
    *pairs.RELATIONS,
)
BY_ID = {case.id: case for case in (*CASES, *LIBRARY)}
# The libraries compute in float32, as they do by default: a hundred roundings of it.
CLOSE = 100 * np.finfo(np.float32).eps


def as_tensors(library: str, inputs: tuple[np.ndarray, ...]) -> list:
    """Return inputs as a library has them, floats in single precision."""
    arrays = [x.astype(np.float32) if x.dtype.kind == "f" else x for x in inputs]
    if library == "chainer":
        return [x.astype(np.int32) if x.dtype.kind == "i" else x for x in arrays]
    if library == "mindspore":
        tensor = importlib.import_module("mindspore").Tensor
        return [tensor(x.astype(np.int32) if x.dtype.kind == "i" else x) for x in arrays]
    if library == "torch":
        return list(map(importlib.import_module("torch").from_numpy, arrays))
    return list(map(importlib.import_module("jax.numpy").asarray, arrays))


def as_number(result: object) -> float:
    return float(np.asarray(getattr(result, "array", result)))


@pytest.mark.parametrize("relation", RELATIONS, ids=lambda r: f"{r.case}-{r.builtin}")
def test_the_stated_relation_holds(relation):
    case = BY_ID[relation.case]
    library = relation.builtin.partition(".")[0]
    module = importlib.import_module(library)
    theirs = as_number(relation.call(module, *as_tensors(library, case.inputs())))
    ours = getattr(generated.numpy, case.class_name)(**case.options)(*case.inputs())
    np.testing.assert_allclose(theirs, ours, rtol=CLOSE, atol=CLOSE)
