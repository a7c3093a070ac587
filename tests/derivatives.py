"""First and second derivatives of a case of losses.py, by PyTorch's autograd in float64."""

from dataclasses import dataclass

import numpy as np
import torch
from losses import Case

# These losses and their references sum fewer than a hundred terms, each rounded by half a unit: 100
# units of the largest entry hold for both, and a wrong term is far beyond.
EXACT = 100 * np.finfo(np.float64).eps


def reductions(case: Case) -> tuple[str, ...]:
    """Named parts may differ in shape, so they have no unreduced loss."""
    return case.reductions


def each_reduction(cases):
    """Return the pairs of case and reduction, and their names."""
    pairs = [(case, reduction) for case in cases for reduction in reductions(case)]
    return {"argvalues": pairs, "ids": [f"{case.id}-{word}" for case, word in pairs]}


def one_reduction(cases):
    """Return each case in one of its reductions, in turns: for what takes seconds to compile."""
    words = (reductions(case) for case in cases)
    return [
        (case, word[k % len(word)]) for k, (case, word) in enumerate(zip(cases, words, strict=True))
    ]


def floating(inputs) -> tuple[int, ...]:
    """Return the places of the differentiable inputs."""
    return tuple(place for place, x in enumerate(inputs) if x.dtype.kind == "f")


@dataclass(frozen=True)
class Derivatives:
    """A loss, its gradient given `upstream`, and the gradient of that along `directions`.

    `second` has one entry for each floating-point input, and that of the upstream last.
    """

    inputs: tuple[np.ndarray, ...]
    value: np.ndarray
    upstream: np.ndarray
    gradients: tuple[np.ndarray, ...]
    directions: tuple[np.ndarray, ...]
    second: tuple[np.ndarray, ...]


def derivatives(case: Case, reduction: str) -> Derivatives:
    """Differentiate the formula twice, with a random upstream and random directions."""
    inputs = case.inputs()
    rng = np.random.default_rng(1)
    tensors = [torch.tensor(x) for x in inputs]
    live = [tensors[place].requires_grad_() for place in floating(inputs)]
    value = case.reference(*tensors, reduction=reduction)
    upstream = torch.tensor(rng.standard_normal(value.shape), requires_grad=True)
    directions = [torch.tensor(rng.standard_normal(x.shape)) for x in live]
    gradients = torch.autograd.grad(value, live, upstream, create_graph=True)
    along = sum((g * d).sum() for g, d in zip(gradients, directions, strict=True))
    second = torch.autograd.grad(
        along, [*live, upstream], allow_unused=True, materialize_grads=True
    )
    arrays = [tuple(t.numpy(force=True) for t in each) for each in (gradients, directions, second)]
    return Derivatives(inputs, value.detach().numpy(), upstream.detach().numpy(), *arrays)


def assert_close(got, expected, tolerance: float = EXACT) -> None:
    """Compare relative to the largest expected entry: a derivative may cancel to nearly nothing."""
    assert len(got) == len(expected)
    for mine, right in zip(got, expected, strict=True):
        mine = np.asarray(mine)
        assert mine.shape == right.shape
        largest = np.abs(right).max(initial=1.0)
        np.testing.assert_allclose(mine, right, rtol=0.0, atol=tolerance * largest)
