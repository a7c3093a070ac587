"""The inputs with which PyTorch tests its own losses, given to the generated functions."""

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch.nn import functional
from torch.testing._internal.common_methods_invocations import op_db

import generated.torch as ours

OPERATORS = {
    f"{op.name.split('.')[-1]}-{op.variant_test_name}".rstrip("-"): op
    for op in op_db
    if op.name.startswith("nn.functional.") and hasattr(ours, op.name.split(".")[-1])
}
# Deprecated words, of which ours have none.
OMITTED = ("size_average", "reduce")
# Each entry takes some dozens of float64 operations on either side, whose order differs.
ROUNDING = {"rtol": 1e-12, "atol": 1e-12, "equal_nan": True}


def departs(name: str, tensors: list[Any]) -> bool:
    """Say whether docs/departures.md excepts a call."""
    first, second, *_ = tensors
    if name == "linear_cross_entropy":
        return second.dim() > 2
    scores = name in ("multi_margin_loss", "multilabel_margin_loss")
    return scores and (first.dim() == 0 or (first.dim() == 1 and second.numel() == 1))


def samples(name: str) -> Iterator[tuple[list[Any], dict[str, Any]]]:
    for sample in OPERATORS[name].sample_inputs("cpu", torch.float64, requires_grad=True):
        inputs = [sample.input, *sample.args]
        if not departs(name.split("-")[0], inputs):
            yield inputs, sample.kwargs


def outcome(function: Any, inputs: list[Any], options: dict[str, Any]) -> list[torch.Tensor]:
    """Return value and gradients, under an upstream that tells the entries apart."""
    leaves = [
        x.detach().clone().requires_grad_(x.requires_grad) if isinstance(x, torch.Tensor) else x
        for x in inputs
    ]
    loss = function(*leaves, **options)
    wrt = [x for x in leaves if isinstance(x, torch.Tensor) and x.requires_grad]
    upstream = torch.linspace(1, 2, loss.numel(), dtype=loss.dtype).reshape(loss.shape)
    slopes = torch.autograd.grad(loss, wrt, upstream, allow_unused=True, materialize_grads=True)
    return [loss.detach(), *slopes]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", OPERATORS)
def test_samples_of_torch(name):
    word = name.split("-")[0]
    found = 0
    for inputs, options in samples(name):
        theirs = outcome(getattr(functional, word), inputs, options)
        given = {key: value for key, value in options.items() if key not in OMITTED}
        if "size_average" not in options and "reduce" not in options:
            mine = outcome(getattr(ours, word), inputs, given)
            torch.testing.assert_close(mine, theirs, **ROUNDING)
            found += 1
    assert found
