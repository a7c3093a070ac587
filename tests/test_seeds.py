"""What the texts that asked for these losses print, in every backend."""

import importlib

import numpy as np
import pytest

BACKENDS = ("numpy", "torch", "jax", "mindspore", "chainer")
# The arrays of the MindSpore text, and what it prints for nn.L1Loss.
INPUT = np.array([[1, 2, 3], [2, 3, 4]], np.float32)
TARGET = np.array([[0, 2, 5], [3, 1, 1]], np.float32)
PRINTED = {"mean": 1.5, "sum": 9.0, "none": [[1.0, 0.0, 2.0], [1.0, 2.0, 3.0]]}


@pytest.fixture(params=BACKENDS)
def backend(request):
    return request.param


@pytest.fixture
def losses(backend):
    return importlib.import_module(f"generated.{backend}")


@pytest.fixture
def tensor(backend):
    """How a user of the framework makes a tensor of an array."""
    return {
        "numpy": lambda: np.asarray,
        "torch": lambda: importlib.import_module("torch").tensor,
        "jax": lambda: importlib.import_module("jax.numpy").asarray,
        "mindspore": lambda: importlib.import_module("mindspore").Tensor,
        "chainer": lambda: importlib.import_module("chainer").Variable,
    }[backend]()


def array(result):
    for convert in ("asnumpy", "numpy"):
        if hasattr(result, convert):
            return getattr(result, convert)()
    return np.asarray(getattr(result, "array", result))


@pytest.mark.parametrize("reduction", PRINTED)
def test_l1_loss_of_the_text(losses, tensor, reduction):
    result = array(losses.L1Loss(reduction)(tensor(INPUT), tensor(TARGET)))
    assert result.dtype == np.float32
    assert result.tolist() == PRINTED[reduction]


def test_mean_absolute_error_of_the_text(losses, tensor):
    base = tensor(np.array([0.1, 0.2, 0.3], np.float32))
    target = tensor(np.array([0.1, 0.2, 0.2], np.float32))
    assert str(array(losses.L1Loss()(base, target))) == "0.033333335"


def test_weights_of_samples_do_not_become_a_square(losses, tensor):
    # The gradients text multiplies weights (10,) with errors (10, 1), which gives (10, 10).
    weights = np.array([1, 2, 1, 1, 3, 1, 1, 2, 1, 1], np.float32)
    prediction = np.arange(10, dtype=np.float32)[:, None]
    target = np.full((10, 1), 2, np.float32)
    each = weights[:, None] * (prediction - target) ** 2
    for reduction, expected in (("none", each), ("sum", each.sum()), ("mean", each.mean())):
        loss = losses.WeightedMSELoss(tensor(weights), reduction)
        result = array(loss(tensor(prediction), tensor(target)))
        assert result.shape == expected.shape
        assert (result == expected).all()  # small whole numbers: exact
    assert np.square(prediction - target).mean() != each.mean()


def test_weights_of_another_length_are_refused(losses, tensor):
    loss = losses.WeightedMSELoss(tensor(np.ones(9, np.float32)))
    pair = tensor(np.ones((10, 1), np.float32)), tensor(np.ones((10, 1), np.float32))
    with pytest.raises(ValueError, match="weights"):
        array(loss(*pair))


def test_targets_of_another_shape_are_refused(losses, tensor):
    # The hinge and sigmoid examples compare (100, 1) with (100,), the same bug once more.
    pair = tensor(np.ones((10, 1), np.float32)), tensor(np.ones(10, np.float32))
    with pytest.raises(ValueError, match="target"):
        array(losses.L1Loss()(*pair))


def test_two_heads_of_the_chainer_text_are_added(losses, tensor):
    y1, t1, y2, t2 = INPUT, TARGET, INPUT[0], TARGET[0]
    loss = losses.TwoHeadLoss()
    squared, absolute = np.square(y1 - t1).mean(), np.abs(y2 - t2).mean()
    inputs = [tensor(item) for item in (y1, t1, y2, t2)]
    # 19/6 + 1: where the working precision is higher, the sum is rounded once and not each part.
    assert array(loss(*inputs)) in (squared + absolute, np.float32(25 / 6))
    parts = loss.parts(*inputs)
    assert list(parts) == ["loss1", "loss2"]
    assert [float(array(part)) for part in parts.values()] == [squared, absolute]
