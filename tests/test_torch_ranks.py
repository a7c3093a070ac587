"""PyTorch on several processes: every loss inside of DistributedDataParallel, two ranks on gloo."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from losses import CASES
from torch_models import gradients, longer
from torch_ranks import EVEN, halves, replica

# Both sides round some dozens of float64 operations, 1.1e-16 each, in another order.
ROUNDING = {"rtol": 1e-12, "atol": 1e-13}
RANKS = 2


@pytest.fixture(scope="module")
def ranks(tmp_path_factory):
    """Return what each of two processes got out of one step with every loss."""
    folder = tmp_path_factory.mktemp("ranks")
    here = Path(__file__).parent
    paths = os.pathsep.join([str(here), str(here.parent)])
    environment = os.environ | {"PYTHONPATH": paths, "GLOO_SOCKET_IFNAME": "lo"}
    command = [sys.executable, str(here / "torch_ranks.py")]
    running = [
        subprocess.Popen(
            [*command, str(rank), str(RANKS), str(folder)],
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(RANKS)
    ]
    for process in running:
        _, errors = process.communicate(timeout=300)
        assert not process.returncode, errors
    return [torch.load(folder / f"{rank}.pt") for rank in range(RANKS)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_two_ranks_share_weights_and_average_their_gradients(case, ranks):
    single = replica(case)
    losses = [single(*inputs) for inputs in halves(case, RANKS)]
    (sum(losses) / RANKS).backward()
    for rank, loss in zip(ranks, losses, strict=True):
        found = rank[case.id]
        torch.testing.assert_close(found["state"], dict(single.state_dict()), rtol=0, atol=0)
        torch.testing.assert_close(found["loss"], loss.detach(), **ROUNDING)
        torch.testing.assert_close(found["gradients"], gradients(single), **ROUNDING)


@pytest.mark.parametrize("function", EVEN)
def test_two_ranks_have_the_gradient_of_the_whole_batch(function, ranks):
    case = next(case for case in CASES if case.function == function)
    model = replica(case)
    model(*longer(case, torch.float64, RANKS)).backward()
    for rank in ranks:
        torch.testing.assert_close(rank[case.id]["gradients"], gradients(model), **ROUNDING)
