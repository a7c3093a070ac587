"""Losses of overlap where nothing is predicted and nothing is there: numbers, never 0 / 0."""

import numpy as np
import pytest

import generated.numpy as losses

# Logits of -200 are probabilities of exactly 0 in float32.
NOWHERE = np.full((2, 3, 4), -200.0, np.float32), np.zeros((2, 3, 4), np.float32)

EMPTY = {
    "ComboLoss": 0.0,
    "DiceLoss": 0.0,
    "FocalTverskyLoss": 0.0,
    "JaccardLoss": 0.0,
    "LogCoshDiceLoss": 0.0,
    "SensitivitySpecificityLoss": 0.0,
    "SquaredDiceLoss": 1.0,
    "TverskyLoss": 0.0,
}


@pytest.mark.parametrize("name", EMPTY)
def test_nothing_in_nothing_costs_what_the_spec_says(name):
    value, gradients = getattr(losses, name)().value_and_grad(*NOWHERE)
    assert value == EMPTY[name]
    assert all(np.isfinite(gradient).all() for gradient in gradients)


@pytest.mark.parametrize("name", sorted(EMPTY.keys() - {"SensitivitySpecificityLoss"}))
def test_nothing_in_nothing_costs_nothing_unsmoothed(name):
    value, gradients = getattr(losses, name)(smooth=0.0).value_and_grad(*NOWHERE)
    assert value == 0.0
    assert all(np.isfinite(gradient).all() for gradient in gradients)


def test_an_absent_class_weighs_nothing_in_generalised_dice():
    rng = np.random.default_rng(0)
    logits, masks = rng.standard_normal((2, 3, 5)), np.zeros((2, 3, 5))
    assert losses.generalized_dice_loss(logits, masks) == 0.0
    masks[:, 0] = 1.0
    value, (slope, _) = losses.GeneralizedDiceLoss().value_and_grad(logits, masks)
    p = np.exp(logits[:, 0]) / np.exp(logits).sum(1)
    np.testing.assert_allclose(value, 1 - (2 * p.sum(1) / (p.sum(1) + 5)).mean(), rtol=1e-13)
    assert np.isfinite(slope).all()


@pytest.mark.parametrize("name", ["SoftmaxDiceLoss", "MulticlassDiceLoss"])
def test_a_class_that_is_nowhere_has_the_loss_0_unsmoothed(name):
    logits, masks = np.zeros((1, 2, 3), np.float32), np.zeros((1, 2, 3), np.float32)
    logits[:, 1], masks[:, 0] = -200.0, 1.0
    loss = getattr(losses, name)(smooth=0.0, reduction="none")
    assert (loss(logits, masks) == 0.0).all()
    assert all(np.isfinite(gradient).all() for gradient in loss.value_and_grad(logits, masks)[1])
