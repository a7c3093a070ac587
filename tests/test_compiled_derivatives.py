"""JAX's compiled derivatives: XLA rounds otherwise than one operation after the other does."""

from __future__ import annotations

import pytest
from declared import library

from lossgen.proof.examine import examine
from lossgen.proof.exhibit import Exhibit
from lossgen.proof.runners import COMPILED
from lossgen.proof.sample import points

LOSSES = {loss.name: loss for loss in library()}
# Losses of a softmax that moves, and of bell curves, which compilers have spoilt.
NAMES = (
    "GeneralizedDiceLoss",
    "ListNetLoss",
    "ReverseKLDivWithLogitsLoss",
    "SoftmaxFocalLoss",
    "SymmetricCrossEntropyLoss",
    "WelschLoss",
)


@pytest.mark.parametrize("quantity", ["gradient", "hvp"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", NAMES)
def test_they_are_exact_to_the_last_places(name, dtype, quantity):
    run = COMPILED["jax"]("generated.jax")
    exhibit = Exhibit(LOSSES[name], points(LOSSES[name])[0])
    found = list(examine(exhibit, run, "jax", dtype, quantity))
    assert found
    assert not [str(each) for each in found if each.fails]
