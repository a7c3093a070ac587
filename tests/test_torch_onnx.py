"""Losses as ONNX models: exported by PyTorch, run by onnxruntime."""

import numpy as np
import onnxruntime
import pytest
import torch
from losses import CASES
from torch import nn
from torch_models import batch, batches, build, dynamic_batch

# Both sides round some dozens of float32 operations, 6e-8 each, and have their own exp and log.
SINGLE = {"rtol": 1e-5, "atol": 1e-6}


class All(nn.Module):
    """Every case with two of its reductions: preparing an export takes longer than a loss does."""

    def __init__(self):
        super().__init__()
        self.cases = nn.ModuleList(
            nn.ModuleList(build(case, reduction=word) for word in case.reductions[:2])
            for case in CASES
        ).float()

    def forward(self, groups):
        pairs = zip(self.cases, groups, strict=True)
        return [[loss(*inputs) for loss in losses] for losses, inputs in pairs]


def exported(model, inputs, **options):
    """Return a model as a function of tensors that onnxruntime computes."""
    program = torch.onnx.export(model.eval(), inputs, dynamo=True, verbose=False, **options)
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        program.model_proto.SerializeToString(), settings, providers=["CPUExecutionProvider"]
    )
    names = [given.name for given in session.get_inputs()]

    def run(*inputs):
        given = dict(zip(names, map(np.asarray, inputs), strict=True))
        return [torch.from_numpy(np.asarray(result)) for result in session.run(None, given)]

    return run


def assert_close(found, expected):
    torch.testing.assert_close(found, expected, equal_nan=True, **SINGLE)


@pytest.fixture(scope="module")
def results():
    """Return by case: for each batch of its own, what onnxruntime says for each reduction."""
    given = [batches(case) for case in CASES]
    rounds = max(map(len, given))
    feeds = [[groups[k % len(groups)] for groups in given] for k in range(rounds)]
    shapes = ([dynamic_batch(case) for case in CASES],)
    run = exported(All(), ([tuple(inputs) for inputs in feeds[0]],), dynamic_shapes=shapes)
    found = {case.id: [] for case in CASES}
    for groups in feeds:
        outputs = iter(run(*(x for inputs in groups for x in inputs)))
        for case, inputs in zip(CASES, groups, strict=True):
            found[case.id].append((inputs, [next(outputs) for _ in case.reductions[:2]]))
    return found


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_onnxruntime_computes_the_loss(case, results):
    losses = [build(case, reduction=word).float() for word in case.reductions[:2]]
    for inputs, found in results[case.id]:
        assert_close(found, [loss(*inputs) for loss in losses])


def test_labels_that_do_not_count_and_labels_that_there_are_not():
    case = next(case for case in CASES if case.id == "cross_entropy-ignored")
    x, y = batch(case)
    rows, mean = (build(case, reduction=word) for word in ("none", "mean"))
    run_rows, run_mean = (exported(loss, (x, y)) for loss in (rows, mean))
    masked = torch.full_like(y, rows.ignore_index)
    assert_close(run_rows(torch.full_like(x, torch.nan), masked), [torch.zeros(len(y))])
    assert run_mean(x, masked)[0].isnan()
    wrong = y.clone()
    wrong[2] = 17
    expected = rows(x, y)
    expected[2] = torch.nan
    assert_close(run_rows(x, wrong), [expected])
    assert run_mean(x, wrong)[0].isnan()


def test_half_inputs_stay_half_and_are_computed_in_float32():
    case = next(case for case in CASES if case.id == "cross_entropy-images")
    loss = build(case).half()
    inputs = batch(case, torch.float16)
    (found,) = exported(loss, tuple(inputs))(*inputs)
    assert found.dtype == torch.float16
    torch.testing.assert_close(found, loss(*inputs))
