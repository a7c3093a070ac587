"""Compiled losses that no eager call came before, as in a process that does nothing but train.

What an eager call leaves behind can hide what `torch.compile` cannot read on its own.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
# One of each kind: entry by entry, classes, rows, sums over all samples, products of matrices.
KINDS = ("huber", "cross_entropy", "cosine_embedding", "dice", "info_nce")
FIRST = """
import sys
import torch
sys.path[:0] = [{tests!r}, {root!r}]
from losses import CASES
from generated import torch as losses

def slope(loss, case):
    inputs = [torch.from_numpy(x) for x in case.inputs()]
    inputs[0].requires_grad_()
    return torch.autograd.grad(loss(*inputs), inputs[:1])[0]

cases = [case for case in CASES if case.id in {kinds!r}]
modules = [getattr(losses, case.class_name)(**case.options_as(torch.from_numpy)) for case in cases]
compiled = [torch.compile(loss, fullgraph=True, backend="aot_eager") for loss in modules]
found = [slope(loss, case) for loss, case in zip(compiled, cases, strict=True)]
for first, loss, case in zip(found, modules, cases, strict=True):
    torch.testing.assert_close(first, slope(loss, case), rtol=1e-6, atol=0)
    print(case.id)
"""


def test_compiled_losses_need_no_eager_call_before() -> None:
    code = FIRST.format(tests=str(ROOT / "tests"), root=str(ROOT), kinds=KINDS)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr
    assert sorted(done.stdout.split()) == sorted(KINDS)
