"""What takes long both in a loss and in its gradient, and that MindSpore computes it once."""

import mindspore as ms
import numpy as np
import pytest
from mindspore import Tensor
from sympy import Abs, exp, log, sqrt

from generated import mindspore as ours
from generated.mindspore import (
    _binary_cross_entropy_with_logits as bce,
)
from generated.mindspore import (
    _cross_entropy as entropy,
)
from generated.mindspore import (
    _poisson_nll_loss as poisson,
)
from lossgen import Loss, label, logsumexp, parameter, sigmoid, tensor, weight
from lossgen.backends import JAX, MINDSPORE
from lossgen.common import find_common
from lossgen.compile import compile_case

x, t = tensor("input"), tensor("target")
rows, k = tensor("rows", "n c"), label("label", "n")
w, scale = weight("weight", broadcast=True), parameter("scale", 1.0, positive=True)
RANDOM = np.random.default_rng(8)


def program_of(formula):
    loss = Loss("SomeLoss", formula)
    return compile_case(loss, loss.cases[0])


@pytest.mark.parametrize(
    ("formula", "words", "arguments"),
    [
        pytest.param(exp(x) - t * x, ("exp_input",), ("input",), id="an exponential"),
        pytest.param(
            (1 - t) * -log(1 - sigmoid(x)) - t * log(sigmoid(x)),
            ("sigmoid_input", "probability"),
            ("input",),
            id="sigmoids, of which the loss takes a logarithm",
        ),
        pytest.param(
            exp(scale * x) - t * x, ("exponential",), ("input", "scale"), id="of a parameter"
        ),
        pytest.param(
            logsumexp(rows, "c") - rows.at(c=k),
            ("nll_at", "excess"),
            ("rows", "label"),
            id="a value and a slope along an axis that go together",
        ),
    ],
)
def test_what_takes_long_in_both_is_found_first(formula, words, arguments):
    program = program_of(formula)
    common = find_common(program, MINDSPORE)
    assert (common.words, common.arguments) == (words, arguments)
    assert set(words) & common.value.reads
    assert find_common(program, JAX) is None  # its compiler finds what is alike


@pytest.mark.parametrize(
    "formula",
    [
        pytest.param((x - t) ** 2, id="products"),
        pytest.param(sqrt(1 + Abs(x)), id="roots"),
        pytest.param(log(x) ** 0 * log(x), id="what the slope has not"),
        pytest.param(exp(w * x), id="of a weight, which may be absent"),
        pytest.param(logsumexp(rows, "c"), id="along an axis"),
    ],
)
def test_nothing_else_is(formula):
    assert find_common(program_of(formula), MINDSPORE) is None


class Counter:
    """A function that counts its calls."""

    def __init__(self, function):
        self.function, self.calls = function, 0

    def __call__(self, *args, **keywords):
        self.calls += 1
        return self.function(*args, **keywords)


@pytest.mark.parametrize(
    ("name", "module", "word"),
    [
        ("PoissonNLLLoss", poisson, "exp"),
        ("BCEWithLogitsLoss", bce, "sigmoids"),
        ("BCEWithLogitsLoss", bce, "log1p"),
        ("CrossEntropyLoss", entropy, "label_cross_entropy_and_excess"),
    ],
)
@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_a_step_computes_it_once(monkeypatch, name, module, word, reduction):
    counter = Counter(getattr(module, word))
    monkeypatch.setattr(module, word, counter)
    scores = Tensor(RANDOM.normal(size=(6, 4)).astype(np.float32))
    target = Tensor(RANDOM.integers(0, 4, 6).astype(np.int32))
    if name != "CrossEntropyLoss":
        target = Tensor(RANDOM.random((6, 4)).astype(np.float32))
    loss = getattr(ours, name)(reduction=reduction)
    ms.value_and_grad(loss, 0)(scores, target)[1].asnumpy()
    assert counter.calls == 1
