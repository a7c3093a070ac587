"""`lossgen audit`: what is known of other libraries' losses is found, and said in sentences."""

import json
import math
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from declared import library

from lossgen.audit.builtins import PLANS, known
from lossgen.audit.compare import audit
from lossgen.audit.inputs import points
from lossgen.audit.plan import EVEN, ONE_HOT, Plan
from lossgen.catalogue import builtins
from lossgen.cli import main
from lossgen.oracle import Solution
from lossgen.proof.point import Point

ROOT = Path(__file__).parents[1]
SPECS = library()
LOSSES = {loss.name: loss for loss in SPECS}


def at(loss, *arrays, **options):
    """Return a point of a loss."""
    names = [t.name for t in LOSSES[loss].tensors() if t.kind != "weight"]
    names = list(dict.fromkeys(names))[: len(arrays)]
    kinds = (np.asarray(a) for a in arrays)
    given = [a.astype(np.float32).astype(float) if a.dtype.kind == "f" else a for a in kinds]
    return Point(loss, "here", dict(zip(names, given, strict=True)), options)


def found(target, loss, *arrays):
    """Return what is wrong at one point, by the input whose gradient it is."""
    plan = known(target, loss)
    seen = audit(plan, LOSSES[loss], at=[at(loss, *arrays, **plan.settings)])
    return {finding.by: (finding.found, finding.exact) for finding in seen.findings}


def test_soft_margin_overflows_in_torch():
    x = torch.tensor([-100.0], requires_grad=True)
    value = torch.nn.SoftMarginLoss()(x, torch.ones(1))
    value.backward()
    assert torch.isinf(value)
    assert torch.isnan(x.grad)
    seen = found("torch.nn.SoftMarginLoss", "SoftMarginLoss", [-100.0], [1.0])
    assert seen[""] == (math.inf, 100.0)
    assert math.isnan(seen["input"][0])
    assert seen["input"][1] == -1


def test_the_divergence_from_0_has_no_gradient_in_torch():
    seen = found("torch.nn.KLDivLoss", "KLDivLoss", [-1.0], [0.0])
    assert list(seen) == ["target"]
    assert math.isnan(seen["target"][0])


def test_a_margin_is_lost_beside_large_scores_in_torch():
    """1 - 1e20 + 1e20 is 0, although the scores are equal."""
    x = torch.full((1, 3), 1e20, requires_grad=True)
    torch.nn.MultiMarginLoss()(x, torch.tensor([0])).backward()
    assert not x.grad.any()
    seen = found("torch.nn.MultiMarginLoss", "MultiMarginLoss", [[1e20] * 3], np.array([0]))
    assert seen["input"][0] == 0 != seen["input"][1]


@pytest.mark.parametrize(
    ("target", "loss"),
    [
        ("torch.nn.BCEWithLogitsLoss", "BCEWithLogitsLoss"),
        ("torch.nn.MultiLabelSoftMarginLoss", "MultiLabelSoftMarginLoss"),
    ],
    ids=["bce", "multilabel"],
)
def test_a_small_loss_is_a_difference_of_larger_ones(target, loss):
    value = torch.nn.BCEWithLogitsLoss()(torch.tensor([[-10.0]]), torch.tensor([[0.0]])).item()
    exact = math.log1p(math.exp(-10))
    assert abs(value / exact - 1) > 1e-3
    seen = found(target, loss, [[-10.0]], [[0.0]])
    assert seen.get("", (exact, exact))[1] == pytest.approx(exact)
    assert (loss == "BCEWithLogitsLoss") == ("" in seen)


def test_cross_entropy_of_a_sure_row_cancels_everywhere():
    exact = math.log1p(2 * math.exp(-10))
    for target in (
        "torch.nn.CrossEntropyLoss",
        "mindspore.nn.CrossEntropyLoss",
        "chainer.functions.softmax_cross_entropy",
        "optax.losses.softmax_cross_entropy_with_integer_labels",
    ):
        seen = found(target, "CrossEntropyLoss", [[10.0, 0.0, 0.0]], np.array([0]))
        assert seen[""][1] == pytest.approx(exact)
        assert abs(seen[""][0] / exact - 1) > 2**-11.5


def test_a_single_entry_counts_twice_in_mindspore():
    seen = found("mindspore.nn.BCELoss", "BCELoss", [0.5], [0.0])
    assert seen[""] == (pytest.approx(2 * math.log(2)), pytest.approx(math.log(2)))


def test_what_comes_before_a_built_in_has_no_fault_of_its_own():
    """Keras' circle loss wants unit vectors: zero vectors are none, and have no slope."""
    labels = [0, 0, 1, 1]
    assert found("keras.losses.Circle", "CircleLoss", np.zeros((4, 3)), labels) == {}
    small, large = (np.eye(4, 3) * size + size / 8 for size in (1e-30, 1e30))
    for vectors in (small, large):
        assert found("keras.losses.Circle", "CircleLoss", vectors, labels) == {}


def test_slopes_at_a_kink_are_a_choice_and_nan_is_none():
    assert not found("optax.losses.hinge_loss", "HingeLoss", [1.0], [1.0])
    # The product is 1 but for a rounding, and so is the kink.
    assert not found("optax.losses.hinge_loss", "HingeLoss", [0.1], [10.0])
    seen = found("optax.losses.cosine_distance", "CosineDistanceLoss", [[0.0] * 3], [[0.0] * 3])
    assert math.isnan(seen["input"][0])


def moderate(plan):
    """Return a point at which nothing is hard, of two entries where a loss would have one."""
    rng = np.random.default_rng(3)
    first = next(points(LOSSES[plan.loss], plan))
    inputs = {}
    for name, array in first.inputs.items():
        alone = array.shape == (1, 1) and not plan.only and not plan.sizes
        drawn = (
            rng.uniform(0.2, 0.9, (1, 2) if alone else array.shape).astype(np.float32).astype(float)
        )
        held = array.dtype.kind != "f" or (name in plan.only and plan.only[name] != EVEN)
        inputs[name] = array if held else drawn
        if plan.only.get(name) == EVEN:
            inputs[name] = np.full(array.shape, 0.5)
    return Point(plan.loss, "moderate", inputs, first.options)


# MindSpore keeps the number of entries of the first call whose gradient a process asks for.
KEEPS_A_SIZE = "mindspore.nn.BCEWithLogitsLoss"


def wrong_in(plan, *rows):
    """Return how many results are wrong of moderate inputs, each repeated in some rows."""
    point = moderate(plan)
    inputs = [{n: np.tile(x, (count, 1)) for n, x in point.inputs.items()} for count in rows]
    seen = audit(plan, LOSSES[plan.loss], at=[replace(point, inputs=each) for each in inputs])
    assert seen.points == len(rows)
    assert seen.by
    return sum(np.isfinite(finding.found) for finding in seen.findings)


@pytest.mark.parametrize(
    "plan",
    [plan for plan in PLANS if plan.target != KEEPS_A_SIZE],
    ids=lambda plan: f"{plan.target}-{plan.loss}",
)
def test_each_built_in_is_called_as_it_means(plan):
    seen = audit(plan, LOSSES[plan.loss], at=[moderate(plan)])
    assert seen.points == 1
    assert seen.by
    # One has no gradient but NaN, as its spec says.
    assert not [finding for finding in seen.findings if np.isfinite(finding.found)]


@pytest.mark.parametrize(("rows", "wrong"), [("1, 1", 0), ("1, 2", 1)], ids=["one", "two"])
def test_a_mean_of_mindspore_is_divided_by_the_entries_of_the_first_call(rows, wrong):
    """In a process of its own, as what another test called first would count."""
    plan = f"known({KEEPS_A_SIZE!r}, 'BCEWithLogitsLoss')"
    script = f"from test_audit import *; print(wrong_in({plan}, {rows}))"
    path = os.pathsep.join([str(ROOT / "tests"), str(ROOT), os.environ.get("PYTHONPATH", "")])
    told = [sys.executable, "-c", script]
    done = subprocess.run(
        told, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=True
    )
    assert int(done.stdout.split()[-1]) == wrong


COMPARED = [(loss.name, name) for loss in SPECS for name in builtins(loss)]


@pytest.mark.parametrize(("loss", "name"), COMPARED, ids=[f"{a}-{b}" for a, b in COMPARED])
def test_what_specs_compare_with_has_a_plan(loss, name):
    assert known(name, loss) is not None


def test_rows_of_a_dialect_are_counted_once_where_a_mean_divides_by_weights():
    """The oracle once divided such a mean by the length of the rows, too."""
    loss = LOSSES["L1Loss"]
    point = at("L1Loss", [[0.0, 0.0]], [[1.0, 1.0]], dialect="keras")
    assert Solution(point.question(loss)).reduced("mean").value.value == 1


def test_points_are_the_same_at_every_run_and_the_simplest_come_first():
    plan = known("torch.nn.HuberLoss", "HuberLoss")
    first, again = ([*points(LOSSES["HuberLoss"], plan)] for _ in range(2))
    assert [p.inputs for p in first] == [p.inputs for p in again]
    assert [first[0].inputs[name].item() for name in ("input", "target")] == [1, 1]


def test_what_an_input_may_be_is_kept():
    one_hot = next(plan for plan in PLANS if ONE_HOT in plan.only.values())
    for point in points(LOSSES[one_hot.loss], one_hot):
        assert sorted(np.unique(point.inputs["target"])) == [0, 1]
        assert (point.inputs["target"].sum(1) == 1).all()


def run(*words):
    """Run the command against a few specs, in the current folder."""
    return CliRunner().invoke(main, ["audit", *words])


OWN = """
import torch
from torch import nn

SIZE = 3

class Naive(nn.Module):
    def __init__(self, scale=1.0):
        super().__init__()
        self.scale = scale

    def forward(self, input, target):
        return self.scale * torch.log(torch.cosh(input - target)).mean()

def turned(y_true, y_pred):
    return ((y_pred - y_true) ** 2).sum()

def numbers(input, target):
    return (input - target) ** 2

class Empty:
    pass
"""


@pytest.fixture
def own(tmp_path, monkeypatch):
    (tmp_path / "own.py").write_text(OWN)
    (tmp_path / "specs").mkdir()
    for name in ("gaussian_nll", "huber", "log_cosh", "mse"):
        (source,) = (ROOT / "specs").rglob(f"{name}.py")
        shutil.copy(source, tmp_path / "specs")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    # As few points as will do.
    monkeypatch.setattr("lossgen.audit.inputs.MANY", (24, 4))
    return tmp_path


def test_a_loss_of_ones_own_gets_a_line_for_each_finding(own):
    done = run("own:Naive", "--against", "LogCoshLoss")
    assert done.exit_code == 1
    # Its cosh of a small number is 1.
    assert done.output.splitlines()[0].startswith("own.Naive: value 0 at input = 0, target = ")


def test_the_folder_of_specs_may_follow(own):
    (own / "specs").rename(own / "losses")
    assert "Directory 'specs' does not exist" in run("own:Naive", "--against", "MSELoss").output
    for words in (("losses",), ("--specs", "losses")):
        done = run("own:numbers", *words, "--against", "MSELoss", "--reduction", "none")
        assert done.exit_code == 0, done.output


def test_nothing_found_is_said_and_is_status_0(own):
    done = run("own:turned", "--against", "mse_loss", "--order", "target,input", "--reduction=sum")
    assert done.exit_code == 0
    assert "half of the digits or more are right" in done.output


def test_another_function_is_wrong_nearly_everywhere(own):
    done = run("own:Naive", "--against", "LogCoshLoss", "--option", "scale=2.0")
    assert done.exit_code == 1
    assert "and so at most inputs" in done.output


def test_json_has_no_infinity(own):
    done = run("own:Naive", "--against", "LogCoshLoss", "--json")
    report = json.loads(done.stdout, parse_constant=lambda word: pytest.fail(word))
    assert report["target"] == "own.Naive"
    assert report["findings"][0]["result"] == "value"


REFUSED = {
    "names no loss of a module": ("Naive", "--against", "LogCoshLoss"),
    "nowhere cannot be imported": ("nowhere:Loss", "--against", "LogCoshLoss"),
    "own has no Other": ("own:Other", "--against", "LogCoshLoss"),
    "is no class and no function, but of type int": ("own:SIZE", "--against", "LogCoshLoss"),
    "makes objects that cannot be called": ("own:Empty", "--against", "MSELoss"),
    "did you mean HuberLoss": ("own:Naive", "--against", "HubrLoss"),
    "name both": ("own:Naive",),
    "does not say whose arrays it takes": ("math:hypot", "--against", "MSELoss"),
    "cannot be made: ": ("own:Naive", "--against", "LogCoshLoss", "--option", "size=1"),
    "--option scale is no NAME=VALUE": ("own:Naive", "--against", "MSELoss", "--option", "scale"),
    "takes input, target, and GaussianNLLLoss input, target, var": (
        *("own:Naive", "--against", "GaussianNLLLoss"),
    ),
    "does not name each of the inputs of MSELoss once": (
        *("own:turned", "--against", "MSELoss", "--order", "target"),
    ),
    "gives the shape ()": ("own:Naive", "--against", "LogCoshLoss", "--reduction", "none"),
    "fails at every input; the last time: ": (
        *("own:turned", "--against", "MSELoss", "--option", "reduction=sum"),
    ),
    "HuberLoss has no parameter size; it has delta": (
        *("own:Naive", "--against", "HuberLoss", "--set", "size=1"),
    ),
    "HuberLoss has no dialect optax; it has keras, chainer": (
        *("own:Naive", "--against", "HuberLoss", "--dialect", "optax"),
    ),
    "--only +,- lists no numbers": ("own:Naive", "--against", "MSELoss", "--only", "target=+,-"),
    "MSELoss has no input weight; it has input, target": (
        *("own:Naive", "--against", "MSELoss", "--by", "weight"),
    ),
}


@pytest.mark.parametrize("sentence", REFUSED)
def test_what_cannot_be_audited_is_told_and_is_status_2(own, sentence):
    done = run(*REFUSED[sentence])
    assert sentence in done.output
    assert done.exit_code == 2


def test_numpy_has_values_alone(own):
    plan = Plan("own.numbers", "MSELoss", reduction="none", framework="numpy")
    seen = audit(plan, LOSSES["MSELoss"])
    assert seen.by == ()
    assert not seen.findings


def test_an_unknown_library_is_refused(monkeypatch):
    monkeypatch.chdir(ROOT)
    result = run("--all", "--library", "tensorflow")
    assert result.exit_code == 2
    known = "torch, keras, mindspore, optax, chainer"
    assert f"no built-in of tensorflow is known; write one of {known}." in result.output
