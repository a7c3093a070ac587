"""The oracle against closed forms, finite differences and the declared policy at kinks."""

from pathlib import Path

import numpy as np
import pytest
from declared import library
from mpmath import mp
from sympy import Abs, Max, Ne, Piecewise, cos, cosh, exp, log, sqrt

from lossgen import (
    Case,
    Loss,
    at,
    dialect,
    hinge,
    label,
    logsumexp,
    max_over,
    norm,
    normalize,
    parameter,
    raise_to,
    sigmoid,
    sum_over,
    tensor,
)
from lossgen.oracle import Question, Solution
from lossgen.oracle.terms import Sized

SPECS = Path(__file__).parents[1] / "specs"
x = tensor("input")
t = tensor("target")
v = tensor("vector", "n d")


def solve(value, reduction="none", parameters=(), learnt=(), upstream=None, **arrays):
    loss = value if isinstance(value, Loss) else Loss("SomeLoss", value)
    arrays = {name: np.asarray(array) for name, array in arrays.items()}
    question = Question(loss, arrays, dict(parameters), learnt)
    return Solution(question).reduced(reduction, upstream)


def numbers(exact):
    return [float(number) for number in np.ravel(exact.value)]


@pytest.mark.parametrize(
    ("formula", "closed", "at"),
    [
        (log(1 + exp(x)), lambda z: mp.log1p(mp.exp(z)), -120.0),
        (log(1 + exp(x)), lambda z: mp.log1p(mp.exp(z)), -700.0),
        (log(cosh(x)), lambda z: z**2 / 2, 1e-30),
        (-log(1 - sigmoid(x)), lambda z: z, 1e4),
        (logsumexp(x, "...") - Max(x, 0), lambda z: mp.zero, 3.0),
    ],
)
def test_no_digit_is_lost_to_cancellation(formula, closed, at):
    found = solve(formula, input=np.array([at])).value.value.item()
    with mp.workdps(40):
        assert mp.almosteq(found, closed(mp.mpf(at)), 1e-20, 0)


@pytest.mark.parametrize("at", [-355.0, -40.0, -1e-3, 0.0, 0.3, 40.0])
def test_second_derivatives_hide_behind_larger_terms_and_are_found(at):
    share = 1 - 2.0**-53
    found = solve(-share * log(sigmoid(x)) - (1 - share) * log(1 - sigmoid(x)), input=[at])
    with mp.workdps(40):
        slope = mp.sech(mp.mpf(at) / 2) ** 2 / 4
        assert mp.almosteq(found.hessian_diagonal("input").value[0], slope, 1e-18, 0)


def test_a_constant_loss_has_no_derivative():
    found = solve(x - x + t**0 + t, input=[1.0], target=[2.0])
    assert numbers(found.gradient("target")) == [1.0]


class TestDerivatives:
    @pytest.fixture(scope="class")
    def info_nce(self):
        return next(loss for loss in library() if loss.name == "InfoNCELoss")

    def test_they_are_limits_of_differences(self, info_nce):
        rng = np.random.default_rng(0)
        query, key = rng.standard_normal((2, 3)), rng.standard_normal((2, 3))
        direction = rng.standard_normal((2, 3))
        step = 2.0**-20

        def at(shift):
            moved = query + shift * direction
            return solve(info_nce, "mean", query=moved, key=key)

        here, plus, minus = at(0.0), at(step), at(-step)
        slope = sum(here.gradient("query").value.ravel() * direction.ravel())
        rise = (plus.value.value.item() - minus.value.value.item()) / (2 * step)
        assert float(rise) == pytest.approx(float(slope), rel=1e-8)
        bend = here.hessian_vector("query", {"query": direction}).value
        turn = (plus.gradient("query").value - minus.gradient("query").value) / (2 * step)
        np.testing.assert_allclose(turn.astype(float), bend.astype(float), rtol=1e-8)

    def test_the_diagonal_is_that_of_the_hessian(self, info_nce):
        rng = np.random.default_rng(1)
        query, key = rng.standard_normal((2, 2)), rng.standard_normal((2, 2))
        found = solve(info_nce, "sum", query=query, key=key)
        columns = [
            found.hessian_vector("key", {"key": unit.reshape(2, 2)}).value.ravel()[k]
            for k, unit in enumerate(np.eye(4))
        ]
        diagonal = found.hessian_diagonal("key").value.ravel()
        assert [float(number) for number in columns] == [float(number) for number in diagonal]

    def test_upstream_and_mean_scale_them(self):
        found = solve(x**3, input=[1.0, 2.0], upstream=np.array([1.0, 10.0]))
        assert numbers(found.gradient("input")) == [3.0, 120.0]
        mean = solve(x**3, "mean", input=[1.0, 2.0])
        assert numbers(mean.gradient("input")) == [1.5, 6.0]
        assert numbers(mean.value) == [4.5]

    def test_parameters_have_them_when_learnt(self):
        scale = parameter("scale", 2.0, positive=True)
        found = solve((x / scale) ** 2, "sum", {"scale": 4.0}, ("scale",), input=[1.0, 3.0])
        assert numbers(found.gradient("scale")) == [-20 / 64]
        assert numbers(found.hessian_diagonal("scale")) == [60 / 256]


class TestKinks:
    def test_the_absolute_value_is_flat_at_zero(self):
        assert numbers(solve(Abs(x), input=[0.0, -2.0]).gradient("input")) == [0.0, -1.0]

    def test_the_positive_part_is_flat_at_zero(self):
        assert numbers(solve(Max(x, 0), input=[0.0, 1.0]).gradient("input")) == [0.0, 1.0]

    def test_ties_of_a_maximum_share(self):
        found = solve(Max(x, t), input=[1.0], target=[1.0])
        assert numbers(found.gradient("input")) == numbers(found.gradient("target")) == [0.5]
        rows = solve(max_over(v, "d"), vector=[[1.0, 3.0, 3.0]])
        assert numbers(rows.gradient("vector")) == [0.0, 0.5, 0.5]

    def test_the_zero_vector_has_norm_and_direction_zero_and_no_slope(self):
        found = solve(norm(v, "d") + sum_over(normalize(v, "d"), "d"), vector=[[0.0, 0.0]])
        assert numbers(found.value) == [0.0]
        assert numbers(found.gradient("vector")) == [0.0, 0.0]

    @pytest.mark.parametrize("p", [1, 1.5, 3])
    def test_norms_of_an_order_are_flat_at_zero(self, p):
        rows = solve(norm(v, "d", p=p), vector=[[0.0, 0.0], [0.0, -3.0]])
        assert numbers(rows.value) == [0.0, 3.0]
        assert numbers(rows.gradient("vector")) == [0.0, 0.0, 0.0, -1.0]

    def test_a_floor_is_one_more_entry(self):
        rows = solve(norm(v, "d", floor=4.0), vector=[[0.0, 0.0], [0.0, 3.0]])
        assert numbers(rows.value) == [4.0, 5.0]
        assert numbers(rows.gradient("vector")) == [0.0, 0.0, 0.0, float(mp.mpf(3) / 5)]

    def test_the_hinge_has_slope_one_at_zero(self):
        assert numbers(solve(hinge(x), input=[0.0, 1.0, -1.0]).gradient("input")) == [1.0, 1.0, 0.0]

    def test_what_is_raised_passes_its_gradient_through(self):
        found = solve(raise_to(x, 2) ** 2, input=[1.0, 2.0, 3.0])
        assert numbers(found.value) == [4.0, 4.0, 9.0]
        assert numbers(found.gradient("input")) == [4.0, 4.0, 6.0]

    def test_a_branch_is_chosen_by_its_condition_alone(self):
        formula = Piecewise((x * log(x), x > 0), (0, True))
        found = solve(formula, input=[0.0, 1.0])
        assert numbers(found.gradient("input")) == [0.0, 1.0]


def test_what_is_not_valid_counts_for_nothing():
    logits, labels = tensor("input", "n c"), label("target", "n", classes="c")
    gap = logsumexp(logits, "c") - logits
    case = Case(at(gap, c=labels), valid=Ne(labels, -1))
    inputs = {"input": [[0.0, 0.0], [np.nan, 1.0]], "target": [0, -1]}
    found = solve(case, "mean", **inputs)
    assert numbers(found.value) == [float(mp.log(2))]
    assert numbers(found.gradient("input")) == [-0.5, 0.5, 0.0, 0.0]


@pytest.mark.parametrize("shape", [(2, 3), (2,), (2, 1), (3,), (1, 1), ()])
def test_an_input_that_is_spread_gathers_its_derivatives(shape):
    scale = tensor("scale", broadcast=True, per_row=True)
    rng = np.random.default_rng(2)
    inputs, scales = rng.standard_normal((2, 3)), rng.standard_normal(shape)
    last = (2, 1) if shape == (2,) else shape
    spread = np.broadcast_to(scales.reshape(last), (2, 3))
    found = solve(x * scale**2, "sum", input=inputs, scale=scales)
    assert float(found.value.value.item()) == pytest.approx((inputs * spread**2).sum())
    each = 2 * inputs * spread
    wide = (1,) * (2 - len(last)) + last
    over = tuple(k for k, size in enumerate(wide) if size == 1)
    for exact, terms in (
        (found.gradient("scale"), each),
        (found.hessian_diagonal("scale"), 2 * inputs),
    ):
        np.testing.assert_allclose(
            exact.value.astype(float), terms.sum(axis=over, keepdims=True).reshape(shape), 1e-12
        )


def test_batchmean_divides_by_the_number_of_samples():
    loss = Loss("SomeLoss", x**2, reductions=("none", "batchmean", "mean", "sum"))
    found = solve(loss, "batchmean", input=[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    assert numbers(found.value) == [91 / 2]
    assert numbers(found.gradient("input")) == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]


class TestSizes:
    def test_a_derivative_beside_its_root_has_terms(self):
        found = solve(x**4 - 6 * x**2, "sum", input=[1 + 2.0**-20])
        bend = found.hessian_diagonal("input")
        assert float(bend.size[0]) > 12 > 1e-4 > float(bend.value[0])
        away = solve(x**4 - 6 * x**2, "sum", input=[3.0]).hessian_diagonal("input")
        assert away.size[0] == abs(away.value[0])

    def test_a_formula_of_one_variable_has_one_term(self):
        exact = solve(-log(1 - sigmoid(x)), input=[-40.0]).value
        assert exact.size[0] == abs(exact.value[0])

    def test_a_formula_of_one_quotient_has_one_term(self):
        scale = parameter("scale", 3.0, positive=True)
        for formula in (sqrt(1 + (x / scale) ** 2) - 1, scale**2 * (1 - cos((x - t) / scale))):
            given = {"target": [0.0]} if formula.has(t) else {}
            exact = solve(formula, input=[1e-9], **given).value
            assert mp.almosteq(exact.size[0], abs(exact.value[0]), 1e-9)

    def test_a_steep_formula_of_a_quotient_has_what_rounding_it_costs(self):
        scale = parameter("scale", 3.0, positive=True)
        exact = solve(exp(x / scale), input=[300.0]).value
        assert mp.almosteq(exact.size[0], 100 * exact.value[0], 1e-9)

    def test_a_difference_of_inputs_has_one_term_and_of_products_two(self):
        found = solve(x - t, input=[1.0], target=[1 - 1e-10])
        assert found.value.size[0] == abs(found.value.value[0])
        found = solve(x**2 - t**2, input=[3.0], target=[3.0])
        assert numbers(found.value) == [0.0]
        assert float(found.value.size[0]) == 18.0

    def test_a_saturated_class_has_one_term(self):
        logits = tensor("input", "n c")
        formula = logsumexp(logits, "c") - logits
        found = solve(formula, "sum", input=[[300.0, 0.0]])
        for exact in (found.value, found.hessian_diagonal("input")):
            assert all(
                mp.almosteq(size, abs(value), 1e-15)
                for size, value in zip(exact.size.ravel(), exact.value.ravel(), strict=True)
            )

    def test_the_numbers_agree_with_those_of_the_exact_evaluation(self):
        assert Sized(mp.mpf(3)) + Sized(mp.mpf(-3)) == 0
        assert (Sized(mp.mpf(3)) * Sized(mp.mpf(3)) - Sized(mp.mpf(9))).size == 18


AFTER = {"keras": dialect(mean_over=-1, factor=3), "chainer": dialect(sum_over=1, by_sample=True)}
WEIGHED = np.arange(6.0).reshape(2, 3)


@pytest.mark.parametrize(
    ("word", "reduction", "expected"),
    [
        ("keras", "none", 3 * WEIGHED.mean(-1)),
        ("keras", "mean", 3 * WEIGHED.mean()),
        ("keras", "sum", 3 * WEIGHED.mean(-1).sum()),
        ("chainer", "none", WEIGHED.sum(1)),
        ("chainer", "mean", WEIGHED.sum() / 2),
        ("chainer", "sum", WEIGHED.sum()),
    ],
)
def test_a_dialect_has_its_own_ending(word, reduction, expected):
    """Whole numbers and their thirds: exact but for the rounding of what is expected."""
    loss = Loss("SomeLoss", x * t, dialects=AFTER)
    found = solve(loss, reduction, {"dialect": word}, input=WEIGHED, target=np.ones((2, 3)))
    np.testing.assert_allclose(numbers(found.value), np.ravel(expected), rtol=4e-16, atol=0)
    assert found.value.value.shape == np.shape(expected)
