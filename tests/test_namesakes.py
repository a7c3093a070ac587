"""Losses with a namesake in torch.nn: swapping one for the other changes nothing."""

import importlib
import inspect
import math
import warnings

import numpy as np
import pytest
import torch
from namesakes import NAMESAKES, calls
from torch.nn import functional

import generated.torch as ours

# Both sides round some dozens of float64 operations, 1.1e-16 each; and a mean over weights of both
# signs of terms loses a digit. Where torch itself is inexact, the exact value is asked for below.
ROUNDING = {"rtol": 1e-13, "atol": 1e-13, "equal_nan": True}
BACKENDS = ("numpy", "jax", "mindspore", "chainer")
# What torch.nn's class calls differently than its function, and a keyword that it insists on.
RENAMED = ("PoissonNLLLoss",)
KEYWORDS = ("GaussianNLLLoss",)
# Keywords of torch's past, and ours that no position takes.
OMITTED = ("size_average", "reduce")
ADDED = ("dialect", "sample_weight", "denominator")
# The places of inputs by which torch does not differentiate.
CONSTANT = {"SoftMarginLoss": (1,)}

each_namesake = pytest.mark.parametrize("name", NAMESAKES)


def leaves(inputs, constant):
    """Return the inputs as leaves, and those that have gradients."""
    made = [
        x.clone().requires_grad_(x.is_floating_point() and place not in constant)
        if isinstance(x, torch.Tensor)
        else x
        for place, x in enumerate(inputs)
    ]
    return made, [x for x in made if isinstance(x, torch.Tensor) and x.requires_grad]


def outcome(call, inputs, constant=()):
    """Return value and gradients, under an upstream that tells the entries apart."""
    made, wrt = leaves(inputs, constant)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # kl_div's "mean" warns
        loss = call(*made)
    upstream = torch.linspace(1, 2, loss.numel(), dtype=loss.dtype).reshape(loss.shape)
    return loss, *torch.autograd.grad(
        loss, wrt, upstream, allow_unused=True, materialize_grads=True
    )


def known(name, inputs):
    """Say whether torch's own outcome means anything.

    Over an empty batch its multi-class margin losses return what the memory holds.
    """
    return name not in ("MultiMarginLoss", "MultiLabelMarginLoss") or inputs[0].numel()


def reductions(name):
    return ("none", "mean", "sum", "batchmean") if name == "KLDivLoss" else ("none", "mean", "sum")


def takes_positions(name):
    """Say whether torch.nn's class takes any option without its keyword; some of ours all do."""
    kinds = {p.kind for p in inspect.signature(getattr(torch.nn, name)).parameters.values()}
    return name in KEYWORDS or kinds != {inspect.Parameter.KEYWORD_ONLY}


@each_namesake
def test_values_and_gradients_are_torchs(name):
    for options, inputs in filter(lambda call: known(name, call[1]), calls(name)):
        for reduction in reductions(name):
            given = options | {"reduction": reduction}
            functions = [getattr(m, NAMESAKES[name]) for m in (functional, ours)]
            classes = [getattr(m, name)(**given) for m in (torch.nn, ours)]
            constant = CONSTANT.get(name, ())
            expected = outcome(classes[0], inputs, constant)
            place = f"{name}({given}) of {inputs}"
            found = outcome(classes[1], inputs, constant)
            torch.testing.assert_close(
                found, expected, msg=lambda text, place=place: f"{place}: {text}", **ROUNDING
            )
            same = outcome(lambda *xs, f=functions[1], o=given: f(*xs, **o), inputs, constant)
            torch.testing.assert_close(same, found, rtol=0, atol=0, equal_nan=True)


@each_namesake
def test_signatures_are_torchs(name):
    def visible(call, kinds=True):
        found = inspect.signature(call).parameters.values()
        kept = [p for p in found if p.name not in OMITTED and p.name not in ADDED]
        return [(p.name, p.default, *([p.kind] if kinds else [])) for p in kept]

    mine, theirs = getattr(ours, name), getattr(torch.nn, name)
    assert visible(mine, name not in KEYWORDS) == visible(theirs, name not in KEYWORDS)
    if name not in RENAMED:
        assert visible(mine.forward) == visible(theirs.forward)
    function = NAMESAKES[name]
    assert visible(getattr(ours, function)) == visible(getattr(functional, function))


@pytest.mark.parametrize("name", filter(takes_positions, NAMESAKES))
def test_options_may_be_positional(name):
    for options, inputs in list(calls(name))[-2:]:
        given = options | {"reduction": "sum"}
        mine = getattr(ours, name)
        order = [p for p in inspect.signature(mine).parameters if p in given]
        parameters = inspect.signature(mine).parameters.values()
        defaults = {p.name: p.default for p in parameters if p.kind is not p.KEYWORD_ONLY}
        values = [given.get(word, defaults[word]) for word in defaults]
        assert order
        found = outcome(mine(*values), inputs)
        expected = outcome(mine(**given), inputs)
        torch.testing.assert_close(found, expected, rtol=0, atol=0)


@each_namesake
def test_states_are_torchs(name):
    for options, _ in calls(name):
        mine, theirs = getattr(ours, name)(**options), getattr(torch.nn, name)(**options)
        expected = theirs.state_dict()
        assert list(mine.state_dict()) == list(expected)
        mine.load_state_dict(expected)
        for key, value in vars(theirs).items():
            if not key.startswith("_") and key not in ("training",):
                assert getattr(mine, key) == value
        assert repr(mine).startswith(f"{name}(")


@each_namesake
@pytest.mark.parametrize("backend", BACKENDS)
def test_the_other_backends_have_the_same_numbers(name, backend):
    package = importlib.import_module(f"generated.{backend}")
    options, inputs = list(calls(name))[3]
    expected = getattr(torch.nn, name)(**options)(*inputs)
    convert = {
        "numpy": lambda: np.asarray,
        "jax": lambda: importlib.import_module("jax.numpy").asarray,
        "mindspore": lambda: importlib.import_module("mindspore").Tensor,
        "chainer": lambda: np.asarray,
    }[backend]()

    def given(value, dtype=np.float64):
        if not isinstance(value, torch.Tensor):
            return value
        array = value.numpy()
        return convert(array.astype(dtype) if value.is_floating_point() else array)

    # JAX keeps to float32 unless it is told otherwise.
    dtype, rtol = (np.float32, 3e-6) if backend == "jax" else (np.float64, 1e-13)
    options = {key: given(value, dtype) for key, value in options.items()}
    found = getattr(package, name)(**options)(*(given(x, dtype) for x in inputs))
    found = found.asnumpy() if backend == "mindspore" else getattr(found, "array", found)
    np.testing.assert_allclose(np.asarray(found), expected.numpy(), rtol=rtol, atol=rtol)


# Where torch clamps, is inexact or undefined.


def test_probabilities_that_are_clamped():
    x = torch.tensor([0.0, 0.0, 1.0, 1.0, 1e-300, 1e-13, 1 - 1e-14], dtype=torch.float64)
    t = torch.tensor([0.0, 1.0, 0.0, 1.0, 0.5, 1.0, 0.25], dtype=torch.float64)
    (mine, *slopes), (theirs, *expected) = (
        outcome(module.BCELoss(reduction="none"), (x, t)) for module in (ours, torch.nn)
    )
    torch.testing.assert_close(mine, theirs, rtol=1e-15, atol=0)
    # torch divides by no less than the float32 nearest to 1e-12, which is 4e-9 of it away.
    torch.testing.assert_close(slopes[0], expected[0], rtol=4.1e-9, atol=0)
    # torch takes log(x / (1 - x)), whose rounding of 1 - x is 1.1e-16 of it.
    torch.testing.assert_close(slopes[1], expected[1], rtol=1e-15, atol=0)


def test_saturated_logits_are_exact():
    x = torch.tensor([38.0, -200.0, 800.0], dtype=torch.float64, requires_grad=True)
    one = torch.ones(3, dtype=torch.float64)
    # softplus(-38), softplus(200), softplus(-800), which is below the smallest number.
    expected = torch.tensor([3.139132792048029e-17, 200.0, 0.0], dtype=torch.float64)
    slopes = torch.tensor([-3.139132792048029e-17, -1.0, 0.0], dtype=torch.float64)
    for loss in (
        ours.soft_margin_loss(x, one, reduction="none"),
        ours.binary_cross_entropy_with_logits(x, one, reduction="none"),
        ours.multilabel_soft_margin_loss(x[:, None], one[:, None], reduction="none"),
    ):
        torch.testing.assert_close(loss, expected, rtol=5e-16, atol=0)
        (grad,) = torch.autograd.grad(loss.sum(), x)
        torch.testing.assert_close(grad, slopes, rtol=5e-16, atol=0)


def test_a_target_of_zero_has_finite_gradients():
    x = torch.tensor([0.5, -1.0], dtype=torch.float64, requires_grad=True)
    t = torch.tensor([0.0, 2.0], dtype=torch.float64, requires_grad=True)
    for loss in (
        ours.poisson_nll_loss(x, t, full=True, reduction="sum"),
        ours.kl_div(x, t, reduction="sum"),
    ):
        assert all(grad.isfinite().all() for grad in torch.autograd.grad(loss, [x, t]))


def test_a_negative_target_has_no_divergence():
    x = torch.tensor([-0.5, -1.0, -2.0], dtype=torch.float64)
    t = torch.tensor([-0.25, 0.0, math.nan], dtype=torch.float64)
    (mine, *slopes), (theirs, *expected) = (
        outcome(module.KLDivLoss(reduction="none"), (x, t)) for module in (ours, torch.nn)
    )
    torch.testing.assert_close(mine, theirs, equal_nan=True)
    torch.testing.assert_close(slopes[0], expected[0], equal_nan=True)
    assert slopes[1].isnan().tolist() == [True, False, True]


@pytest.mark.parametrize("backend", ["torch", *BACKENDS])
def test_a_margin_counts_beside_huge_scores(backend):
    # Of float32, which from 2**25 on has multiples of 4 only.
    package = importlib.import_module(f"generated.{backend}")
    scores = np.float32([[2**25, 2**25 + 4]])
    convert = {
        "torch": torch.tensor,
        "jax": lambda x: importlib.import_module("jax.numpy").asarray(x),
        "mindspore": lambda x: importlib.import_module("mindspore").Tensor(x),
    }.get(backend, np.asarray)
    loss = package.MultiMarginLoss(reduction="sum")(convert(scores), convert(np.array([0])))
    assert float(getattr(loss, "array", loss)) == 2.5  # (4 + 1) / 2


@pytest.mark.parametrize("function", ["multi_margin_loss", "multilabel_margin_loss", "nll_loss"])
def test_nothing_at_all(function):
    shape = (0, 3) if function == "multilabel_margin_loss" else (0,)
    x, y = torch.zeros(0, 3, requires_grad=True), torch.zeros(shape, dtype=torch.long)
    call = getattr(ours, function)
    assert call(x, y).isnan()
    assert call(x, y, reduction="sum") == 0
    assert call(x, y, reduction="none").shape == (0,)


REFUSED = {
    "BCELoss": ({}, ([1.5], [1.0]), "input must be at most 1"),
    "GaussianNLLLoss": ({}, ([1.0], [1.0], [-1.0]), "var must be at least 0"),
    "MultiLabelMarginLoss": ({}, ([[1.0, 2.0]], [[2, -1]]), "target must hold labels"),
    "MultiMarginLoss": ({}, ([[1.0, 2.0]], [2]), "target must hold labels"),
    "NLLLoss": ({}, ([[1.0, 2.0]], [-1]), "target must hold labels"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_torch_refuses_is_refused(name):
    options, values, message = REFUSED[name]
    inputs = [torch.tensor(value) for value in values]
    with pytest.raises((RuntimeError, ValueError, IndexError)):
        getattr(torch.nn, name)(**options)(*inputs)
    with pytest.raises(ValueError, match=message):
        getattr(ours, name)(**options)(*inputs)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("MultiMarginLoss", {"p": 3}),
        ("MultiMarginLoss", {"weight": torch.ones(1, 3)}),
        ("TripletMarginLoss", {"margin": 0.0}),
        ("HuberLoss", {"delta": 0.0}),
        ("SmoothL1Loss", {"beta": -1.0}),
        ("CrossEntropyLoss", {"label_smoothing": 2.0}),
    ],
)
def test_options_that_torch_refuses_are_refused(name, options):
    inputs = next(inputs for _, inputs in calls(name) if inputs[0].numel())
    for module in (torch.nn, ours):
        with pytest.raises((RuntimeError, ValueError, AssertionError)):
            getattr(module, name)(**options)(*inputs)
