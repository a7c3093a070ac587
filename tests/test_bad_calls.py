"""Bad calls of generated losses: a TypeError or ValueError that names the argument, everywhere.

Each call is made of the function and of the class, in all backends; where JAX builds a class it
checks nothing, as it may be rebuilding one from traced leaves, so there the call is what raises.
"""

from __future__ import annotations

import ast
import importlib
import re
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest

from lossgen.registry import names as backend_names

F32 = np.float32
X, T = np.ones((3, 4), F32), np.zeros((3, 4), F32)
LABELS = np.array([0, 1, 2])


@dataclass(frozen=True)
class Call:
    """A call that is wrong in one argument."""

    loss: str
    wrong: str
    inputs: tuple[Any, ...] = (X, T)
    options: dict[str, Any] = field(default_factory=dict)
    error: type[Exception] | tuple[type[Exception], ...] = ValueError


CLASSES = {
    "huber_loss": "HuberLoss",
    "mse_loss": "MSELoss",
    "cross_entropy": "CrossEntropyLoss",
    "binary_cross_entropy_with_logits": "BCEWithLogitsLoss",
    "weighted_mse_loss": "WeightedMSELoss",
    "info_nce_loss": "InfoNCELoss",
    "two_head_loss": "TwoHeadLoss",
    "quantile_loss": "QuantileLoss",
    "dice_loss": "DiceLoss",
    "gaussian_nll_loss": "GaussianNLLLoss",
    "margin_ranking_loss": "MarginRankingLoss",
    "multi_margin_loss": "MultiMarginLoss",
    "triplet_margin_with_distance_loss": "TripletMarginWithDistanceLoss",
}
EITHER = (TypeError, ValueError)
BCE = "binary_cross_entropy_with_logits"


def huber(**options: Any) -> Call:
    (name,) = options
    return Call("huber_loss", name, options=options, error=EITHER)


def distance(function: Any) -> Call:
    options = {"distance_function": function}
    loss = "triplet_margin_with_distance_loss"
    return Call(loss, "distance_function", (X, T, T), options, EITHER)


def gaussian(wrong: str, target: Any = T, var: Any = X) -> Call:
    return Call("gaussian_nll_loss", wrong, (X, target, var), error=EITHER)


def entropy(labels: Any, **options: Any) -> Call:
    return Call("cross_entropy", next(iter(options), "target"), (X, labels), options)


def ranking(margin: Any) -> Call:
    return Call("margin_ranking_loss", "margin", (X, T, X), {"margin": margin}, EITHER)


CALLS = {
    "reduction that is unknown": huber(reduction="avg"),
    "reduction in capitals": huber(reduction="Mean"),
    "reduction that is None": huber(reduction=None),
    "reduction that is a number": huber(reduction=1),
    "reduction that parts have not": Call(
        "two_head_loss", "reduction", (X, T, X, T), {"reduction": "none"}
    ),
    "parameter below its range": huber(delta=-1.0),
    "parameter at its open end": huber(delta=0.0),
    "parameter that is NaN": huber(delta=float("nan")),
    "parameter in words": huber(delta="1"),
    "parameter that is None": huber(delta=None),
    "parameter that is complex": huber(delta=1j),
    "parameter that is a list": huber(delta=[1.0]),
    "parameter of any size that is None": ranking(None),
    "parameter of any size in words": ranking("q"),
    "parameter of any size that is a row": ranking(np.ones(4, F32)),
    "parameter above its range": Call("quantile_loss", "q", options={"q": 1.5}),
    "ignored label in words": replace(entropy(LABELS, ignore_index="x"), error=TypeError),
    "ignored label that is None": replace(entropy(LABELS, ignore_index=None), error=TypeError),
    "ignored label between two": entropy(LABELS, ignore_index=0.5),
    "power between two": Call("multi_margin_loss", "p", (X, LABELS), {"p": 1.5}),
    "smoothing above 1": entropy(LABELS, label_smoothing=2.0),
    "smoothing below 0": entropy(LABELS, label_smoothing=-0.1),
    "temperature 0": Call("info_nce_loss", "temperature", options={"temperature": 0.0}),
    "target that would broadcast": Call("huber_loss", "target", (X, T[:, :1])),
    "target of fewer axes": Call("mse_loss", "target", (X, T[0])),
    "target of no axes": Call("mse_loss", "target", (X, F32(0))),
    "target of more axes": Call("dice_loss", "target", (X, T[None])),
    "target of another head": Call("two_head_loss", "target2", (X, T, X, T[:1])),
    "keys for other queries": Call("info_nce_loss", "key", (X, T[:2])),
    "prediction without axes": Call("cross_entropy", "input", (F32(1), np.int64(0))),
    "fewer labels": entropy(LABELS[:2]),
    "labels in a column": entropy(LABELS[:, None]),
    "labels that are floats": entropy(LABELS.astype(F32)),
    "labels that are None": replace(entropy(None), error=TypeError),
    "label above all classes": entropy(np.array([0, 1, 4])),
    "label below all classes": entropy(np.array([0, 1, -1])),
    "integer prediction": Call("huber_loss", "input", (X.astype(np.int64), T), error=TypeError),
    "boolean prediction": Call("huber_loss", "input", (X > 0, T), error=TypeError),
    "complex prediction": Call("huber_loss", "input", (X.astype(np.complex64), T), error=TypeError),
    "complex target": Call("huber_loss", "target", (X, T.astype(np.complex64)), error=TypeError),
    "target that is None": Call("huber_loss", "target", (X, None), error=TypeError),
    "target in words": Call("huber_loss", "target", (X, "words"), error=TypeError),
    "target to spread that is None": gaussian("target", target=None),
    "target to spread in words": gaussian("target", target="words"),
    "target that does not spread": gaussian("target", target=T[:, :2]),
    "variance that is None": gaussian("var", var=None),
    "variance in a list": gaussian("var", var=[1.0, "2"]),
    "variance that does not spread": gaussian("var", var=X[:2]),
    "weights that are None": Call(
        "weighted_mse_loss", "weights", options={"weights": None}, error=EITHER
    ),
    "class weights for fewer classes": entropy(LABELS, weight=np.ones(3, F32)),
    "class weights in a column": entropy(LABELS, weight=np.ones((4, 1), F32)),
    "one class weight": entropy(LABELS, weight=F32(1)),
    "weights that do not broadcast": Call(BCE, "weight", options={"weight": np.ones((3, 3), F32)}),
    "weights that would make the loss larger": Call(
        BCE, "pos_weight", options={"pos_weight": np.ones((5, 3, 4), F32)}
    ),
    "weights of no samples": Call(
        "weighted_mse_loss", "weights", options={"weights": np.ones(4, F32)}
    ),
    "weights that are missing": Call("weighted_mse_loss", "weights", error=TypeError),
    "target that is missing": Call("huber_loss", "target", (X,), error=TypeError),
    "function that is not declared": distance("chebyshev"),
    "function that is none": distance(2.0),
    "vectors of fewer entries": Call(
        "triplet_margin_with_distance_loss", "negative", (X, T, T[:, :2])
    ),
    "option that is not there": Call("huber_loss", "beta", options={"beta": 1.0}, error=TypeError),
}


def array(backend: str, value: Any) -> Any:
    """Return an argument as a backend has it: arrays only are turned into its own."""
    if not isinstance(value, np.ndarray | np.generic):
        return value
    if backend in ("numpy", "chainer"):
        return np.asarray(value)
    module = importlib.import_module({"jax": "jax.numpy"}.get(backend, backend))
    make = {"torch": "as_tensor", "jax": "asarray", "mindspore": "Tensor"}[backend]
    return getattr(module, make)(np.array(value))


@pytest.mark.parametrize("backend", backend_names())
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_bad_call_names_the_argument(call: Call, backend: str) -> None:
    module = importlib.import_module(f"generated.{backend}")
    inputs = [array(backend, value) for value in call.inputs]
    options = {name: array(backend, value) for name, value in call.options.items()}
    with pytest.raises(call.error, match=rf"\b{call.wrong}\b") as of_function:
        getattr(module, call.loss)(*inputs, **options)
    with pytest.raises(call.error, match=rf"\b{call.wrong}\b"):
        getattr(module, CLASSES[call.loss])(**options)(*inputs)
    assert "\n" not in str(of_function.value).strip()


@pytest.mark.parametrize("backend", backend_names())
@pytest.mark.parametrize("word", ["None", "'words'", "{}"])
def test_what_is_no_array_is_refused(word: str, backend: str) -> None:
    module = importlib.import_module(f"generated.{backend}")
    with pytest.raises(EITHER, match=r"\binput\b"):
        module.huber_loss(ast.literal_eval(word), array(backend, T))


@pytest.mark.parametrize("backend", backend_names())
@pytest.mark.parametrize("given", [np.ones(2, F32), "words", [1.0]], ids=["row", "words", "list"])
def test_a_denominator_that_is_no_number_is_refused(given: Any, backend: str) -> None:
    module = importlib.import_module(f"generated.{backend}")
    inputs = [array(backend, value) for value in (X, T)]
    with pytest.raises(EITHER, match=r"\bdenominator\b"):
        module.huber_loss(*inputs, denominator=array(backend, given))
    loss = module.huber_loss(*inputs, denominator=array(backend, F32(2)))
    assert float(getattr(loss, "array", loss)) == 3.0


@pytest.mark.parametrize("backend", backend_names())
@pytest.mark.parametrize("given", [0, -2, 0.0, -1.5, float("nan")])
def test_a_denominator_that_is_not_positive_is_refused(given: float, backend: str) -> None:
    module = importlib.import_module(f"generated.{backend}")
    inputs = [array(backend, value) for value in (X, T)]
    with pytest.raises(ValueError, match=rf"^denominator must be positive, got {given}$"):
        module.huber_loss(*inputs, denominator=given)
    with pytest.raises(ValueError, match=rf"^denominator must be positive, got {given}$"):
        module.HuberLoss()(*inputs, denominator=given)


@pytest.mark.parametrize("backend", backend_names())
def test_a_denominator_is_looked_at_where_that_does_not_wait(backend: str) -> None:
    """PyTorch and JAX hold tensors that a device may still be computing."""
    module = importlib.import_module(f"generated.{backend}")
    inputs = [array(backend, value) for value in (X, T)]
    if backend in ("torch", "jax"):
        loss = module.huber_loss(*inputs, denominator=array(backend, F32(-2)))
        assert float(loss) == -3.0
        return
    with pytest.raises(ValueError, match=r"^denominator must be positive, got .*-2\."):
        module.huber_loss(*inputs, denominator=array(backend, F32(-2)))


@pytest.mark.parametrize("backend", backend_names())
def test_labels_that_are_floats_are_refused_by_what_to_do(backend: str) -> None:
    module = importlib.import_module(f"generated.{backend}")
    inputs = [array(backend, value) for value in (X, LABELS.astype(F32))]
    make = r"target\.(long\(\)|astype\(int\))"
    wrong = (
        r"^target must have shape \(3, 4\) as input has, got \(3,\); labels must be integers, as "
    )
    with pytest.raises(ValueError, match=f"{wrong}{make}$"):
        module.CrossEntropyLoss()(*inputs)
    with pytest.raises(TypeError, match=rf"^target must hold integer labels, as {make}, got .*32$"):
        module.NLLLoss()(*inputs)
    labels = inputs[1].long() if backend in ("torch", "mindspore") else inputs[1].astype(int)
    module.CrossEntropyLoss()(inputs[0], labels)


@pytest.mark.parametrize("backend", backend_names())
def test_labels_of_another_shape_are_refused_by_theirs(backend: str) -> None:
    """They have the shape of the prediction but for its classes."""
    module = importlib.import_module(f"generated.{backend}")
    hot = array(backend, np.eye(4, dtype=np.int64)[LABELS])
    with pytest.raises(
        ValueError,
        match=r"^target must have shape \(3,\) as input without axis 1 has, got \(3, 4\)$",
    ):
        module.CrossEntropyLoss()(array(backend, X), hot)


@pytest.mark.parametrize("backend", backend_names())
@pytest.mark.parametrize(
    "name",
    [
        "CrossEntropyLoss",
        "KLDivWithLogitsLoss",
        "ListNetLoss",
        "RankingSoftmaxLoss",
        "SoftmaxDiceLoss",
    ],
)
def test_what_has_no_classes_is_refused(name: str, backend: str) -> None:
    """Where softmax looks for the largest, it ended in an error of the framework's."""
    module = importlib.import_module(f"generated.{backend}")
    shape = (3, 0, 2) if name == "SoftmaxDiceLoss" else (3, 0)
    none = array(backend, np.ones(shape, F32))
    sentence = rf"^input must have entries along axis 1, got shape {re.escape(str(shape))}$"
    with pytest.raises(ValueError, match=sentence):
        getattr(module, name)()(none, none)


@pytest.mark.parametrize("backend", backend_names())
def test_labels_of_no_classes_are_refused_though_all_are_ignored(backend: str) -> None:
    module = importlib.import_module(f"generated.{backend}")
    none, ignored = array(backend, np.ones((3, 0), F32)), array(backend, np.full(3, -100))
    with pytest.raises(ValueError, match=r"^input must have entries along axis 1"):
        module.CrossEntropyLoss()(none, ignored)


@pytest.mark.parametrize("backend", backend_names())
def test_no_vectors_and_vectors_of_nothing_are_not_refused(backend: str) -> None:
    """There may be no samples; norms and sums of nothing are 0."""
    module = importlib.import_module(f"generated.{backend}")
    # MindSpore's product of matrices is anything where there is nothing to add up.
    for shape in ((0, 4),) if backend == "mindspore" else ((0, 4), (3, 0)):
        none = array(backend, np.ones(shape, F32))
        loss = module.InfoNCELoss(reduction="sum")(none, none)
        assert np.isclose(float(getattr(loss, "array", loss)), shape[0] * np.log(3))


@pytest.mark.parametrize("backend", backend_names())
def test_labels_in_a_list_are_as_good_as_any_list(backend: str) -> None:
    module = importlib.import_module(f"generated.{backend}")
    if backend in ("jax", "numpy"):  # there a list is an array
        right = module.cross_entropy(array(backend, X), array(backend, LABELS))
        assert module.cross_entropy(array(backend, X), LABELS.tolist()) == right
        return
    with pytest.raises(TypeError, match=r"\btarget\b"):
        module.cross_entropy(array(backend, X), LABELS.tolist())


@pytest.mark.parametrize("backend", backend_names())
def test_a_good_call_is_none_of_these(backend: str) -> None:
    module = importlib.import_module(f"generated.{backend}")
    for call in CALLS.values():
        good = {
            "two_head_loss": (X, T, X, T),
            "cross_entropy": (X, LABELS),
            "margin_ranking_loss": (X, T, X),
            "multi_margin_loss": (X, LABELS),
            "triplet_margin_with_distance_loss": (X, T, T),
            "gaussian_nll_loss": (X, T, X),
        }
        options = {"weights": T} if call.loss == "weighted_mse_loss" else {}
        inputs = [array(backend, value) for value in good.get(call.loss, (X, T))]
        options = {name: array(backend, value) for name, value in options.items()}
        getattr(module, call.loss)(*inputs, **options)
        getattr(module, CLASSES[call.loss])(**options)(*inputs)
