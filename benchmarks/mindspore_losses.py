"""What a step of training costs in MindSpore: loss and gradient, beside the built-ins.

    python -m benchmarks.mindspore_losses --json losses.json

Each loss runs twice: operation by operation (PyNative mode), and compiled by ``ms.jit``. What is
shown is the ratio to the class of the same name in ``mindspore.nn``: less than 1 is faster.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import mindspore as ms
from mindspore import Tensor, nn

import generated.mindspore as lossgen
from benchmarks import draws
from benchmarks.draws import Array, Draw
from benchmarks.races import OURS, Contest, Step, main

CASES: tuple[tuple[str, Draw], ...] = (
    ("HuberLoss", draws.pair),
    ("MSELoss", draws.pair),
    ("L1Loss", draws.pair),
    ("SmoothL1Loss", draws.pair),
    ("BCEWithLogitsLoss", draws.scores),
    ("PoissonNLLLoss", draws.scores),
    ("GaussianNLLLoss", draws.triple),
    ("CrossEntropyLoss", draws.labelled),
)


class Compiled(nn.Cell):
    """A loss that MindSpore compiles."""

    def __init__(self, loss: nn.Cell) -> None:
        super().__init__()
        self.loss = loss

    @ms.jit
    def construct(self, *inputs: Tensor) -> Tensor:
        """Return the loss."""
        return self.loss(*inputs)


def step(loss: nn.Cell, inputs: Sequence[Array], compiled: bool) -> Step:
    """Return one step: the loss, and its gradient by the first input."""
    tensors = [Tensor(x) for x in inputs]
    differentiate = ms.value_and_grad(Compiled(loss) if compiled else loss, 0)

    def run() -> None:
        for result in differentiate(*tensors):
            result.asnumpy()  # until then it may not have run

    return run


def contest(name: str, draw: Draw, compiled: bool) -> Contest:
    """Return the race of a loss with its namesake."""

    def steps(size: int) -> Mapping[str, Step]:
        inputs = draw(size)
        words = {"reduction": "mean"}
        pairs = {OURS: getattr(lossgen, name), "mindspore.nn": getattr(nn, name)}
        return {who: step(made(**words), inputs, compiled) for who, made in pairs.items()}

    return Contest(f"{name}, compiled" if compiled else name, steps)


if __name__ == "__main__":
    contests = [contest(*case, compiled) for compiled in (False, True) for case in CASES]
    main(__doc__, contests, {"mindspore": ms.__version__})
