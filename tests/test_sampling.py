"""Points drawn from what specs declare: reproducible, inside of the domain, of every case."""

import numpy as np
import pytest
from declared import library
from mpmath import mp
from sympy import Abs, Ne, Piecewise, exp, log, sqrt

from lossgen import Loss, Position, logsumexp, masked, parameter, sigmoid, sum_over, tensor, weight
from lossgen.case import PLAIN
from lossgen.oracle import Question, Solution
from lossgen.oracle.domain import is_inside
from lossgen.proof.budgets import EXCEPTIONS, budget
from lossgen.proof.examine import examine, quantities
from lossgen.proof.exhibit import Exhibit
from lossgen.proof.judge import Truth, ulps, units
from lossgen.proof.runners import RUNNERS
from lossgen.proof.sample import points
from lossgen.proof.settings import settings

LOSSES = {loss.name: loss for loss in library()}
QUICK = ("HuberLoss", "BCEWithLogitsLoss", "CrossEntropyLoss", "DiceLoss", "CircleLoss")
x, t = tensor("input"), tensor("target")


def arrays(loss):
    return [array for point in points(loss) for array in point.tensors.values()]


class TestPoints:
    def test_they_are_the_same_at_every_run(self):
        for first, second in zip(*map(arrays, [LOSSES["HuberLoss"]] * 2), strict=True):
            np.testing.assert_array_equal(first, second)

    def test_they_change_with_the_formula(self):
        first, second = (points(Loss("Some", f))[0].inputs["input"] for f in (x**2, x**4))
        assert not np.array_equal(first, second)

    def test_they_keep_declared_bounds(self):
        share = tensor("input", lower=0.0, upper=1.0)
        for array in arrays(Loss("Some", share**2)):
            assert ((array >= 0) & (array <= 1)).all()

    def test_they_keep_to_where_the_formula_is_real_and_finite(self):
        for array in arrays(Loss("Some", log(x) + sqrt(1 - x))):
            assert ((array > 0) & (array < 1)).all()

    def test_they_are_spread_over_the_floating_point_range(self):
        sizes = np.abs(np.concatenate([np.ravel(a) for a in arrays(LOSSES["L1Loss"])]))
        assert sizes.min() == 0
        assert sizes[sizes > 0].min() < 1e-20 < 1e3 < sizes.max()

    def test_they_meet_ties_and_kinks(self):
        (point, *_) = points(LOSSES["HuberLoss"])
        error = np.abs(point.inputs["input"] - point.inputs["target"])
        assert {0.0, 1.0} <= set(error.tolist())

    def test_no_difference_is_a_rounding_away_from_a_kink(self):
        beside = {"input": np.array([1e-9]), "target": np.array([-1.0])}
        kinked = Loss("Some", Piecewise((x - t, Abs(x - t) <= 1), (0, True)))
        assert not is_inside(Question(kinked, beside, {}))
        assert is_inside(Question(kinked, beside | {"input": np.array([0.0])}, {}))

    def test_cells_stand_side_by_side_only_where_they_are_independent(self):
        assert [point.cells for point in points(Loss("Some", (x - t) ** 2))] == [100]
        v = tensor("input", "n d")
        assert {point.cells for point in points(Loss("Some", sum_over(v**2, "n d")))} == {1}

    def test_labels_are_classes_or_count_for_nothing(self):
        for point in points(LOSSES["CrossEntropyLoss"]):
            target = point.inputs["target"]
            if target.dtype.kind == "i":
                allowed = {*range(point.inputs["input"].shape[1]), -100, -1}
                assert set(target.ravel().tolist()) <= allowed

    def test_a_required_weight_is_there_and_an_optional_one_sometimes(self):
        v = tensor("input", "n c")
        w = weight("weight", "n c", optional=False)
        loss = Loss("Some", sum_over(w * v, "c"))
        assert all("weight" in point.options for point in points(loss))

    @pytest.mark.parametrize("name", ["CrossEntropyLoss", "SigmoidFocalLoss", "BarronLoss"])
    def test_every_case_is_met(self, name):
        loss = LOSSES[name]
        met = {case for s in settings(loss, np.random.default_rng(0)) for case in s.cases}
        assert met == {case for case in loss.all_cases() if case.after == PLAIN}


@pytest.mark.parametrize("name", QUICK)
def test_numpy_is_exact_at_sampled_points(name):
    run = RUNNERS["numpy"]("generated.numpy")
    for point in points(LOSSES[name], entries=40):
        exhibit = Exhibit(LOSSES[name], point)
        for dtype in ("float32", "float64"):
            for quantity in quantities("numpy"):
                for found in examine(exhibit, run, "numpy", dtype, quantity):
                    assert not found.fails, str(found)


class TestJudge:
    def exact(self, formula, **inputs):
        solved = Solution(Question(Loss("Some", formula), inputs, {}))
        return Truth.of(solved.reduced("none").value)

    def test_an_error_is_counted_in_last_places(self):
        exact = self.exact(x / 3, input=np.array([1.0]))
        third = np.array([1 / 3])
        assert ulps(third, exact, "float64")[0] <= 0.5
        assert (
            2.5 <= ulps(np.nextafter(third, 1) + 2 * np.spacing(third), exact, "float64")[0] <= 3.5
        )

    def test_what_is_not_finite_is_infinitely_wrong(self):
        exact = self.exact(x, input=np.array([1.0]))
        assert ulps(np.array([np.nan]), exact, "float64")[0] == np.inf

    def test_a_result_beyond_the_range_must_not_be_finite(self):
        exact = self.exact(exp(x), input=np.array([100.0]))
        assert ulps(np.array([np.inf], "f4"), exact, "float32")[0] == 0
        assert ulps(np.array([3e38], "f4"), exact, "float32")[0] == np.inf

    def test_another_dtype_is_refused(self):
        exact = self.exact(x, input=np.array([1.0]))
        with pytest.raises(TypeError, match="dtype float32 instead of float64"):
            ulps(np.array([1.0], "f4"), exact, "float64")

    def test_exceptions_are_few_and_name_losses_that_there_are(self):
        assert len(EXCEPTIONS) < 10
        assert {name for row in EXCEPTIONS for name in row.losses} <= LOSSES.keys()
        assert all(row.allowed is None or row.measured <= row.allowed for row in EXCEPTIONS)

    def test_a_sum_may_err_by_more(self):
        assert budget("Some", "numpy", "float64", "value", 1) == 4
        assert budget("Some", "numpy", "float64", "value", 8) == 7
        assert budget("Some", "numpy", "float64", "value", 8, averaged=True) == 8


class TestSizes:
    """How far the oracle forgives."""

    def size(self, formula, **inputs):
        exact = Solution(Question(Loss("Some", formula), inputs, {})).reduced("none").value
        return float(exact.size[0] / abs(exact.value[0]))

    def test_a_parameter_that_float32_rounds_costs_its_rounding(self):
        tiny = parameter("tiny", 1e-6)
        assert self.size(x - tiny, input=np.array([float(np.float32(1e-6))])) > 1e7
        assert self.size(x - parameter("half", 0.5), input=np.array([0.4])) == 1

    def test_a_rounded_difference_costs_its_condition_number(self):
        inputs = {
            "input": np.array([58.55196762084961]),
            "target": np.array([-0.00335497641935945]),
        }
        assert 10 < self.size(-log(sigmoid(x - t)), **inputs) < 60

    def test_an_exact_difference_costs_nothing(self):
        inputs = {"input": np.array([58.5]), "target": np.array([-0.25])}
        assert self.size(-log(sigmoid(x - t)), **inputs) == pytest.approx(1)

    def test_beside_the_end_of_the_domain_there_is_nothing_to_cross(self):
        assert self.size(log(1 - x), input=np.array([0.9])) == pytest.approx(1)

    def test_what_is_left_out_has_no_size(self):
        v = tensor("input", "n c")
        kept = masked(v, Ne(Position("c"), 0))
        found = self.size(sum_over(logsumexp(kept, "c") * v, "c"), input=np.array([[1.0, 2.0]]))
        assert found < 3


def test_dialects_bring_their_defaults_to_the_oracle():
    logits = np.array([[0.0, 0.0]])
    asked = Question(
        LOSSES["CrossEntropyLoss"],
        {"input": logits, "target": np.array([-1])},
        {"dialect": "chainer"},
    )
    assert asked.values["ignore_index"] == -1
    assert Solution(asked).reduced("none").value.value[0] == mp.zero


def test_an_ulp_of_the_largest_number_is_finite():
    largest = np.finfo(float).max
    right = Truth(np.array([largest]), np.zeros(1), np.array([np.inf]))
    assert units(right, "float64")[0] == 2.0**971 == largest - np.nextafter(largest, 0)
    assert ulps(np.array([np.nextafter(largest, 0)]), right, "float64")[0] == 1.0
