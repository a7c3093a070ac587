"""A small model around each loss, as a training program has it, for one process or several."""

import inspect
from collections.abc import Sequence
from typing import Any

import torch
from losses import Case
from torch import Tensor, nn

import generated.torch as lossgen_torch


def build(case: Case, **more):
    """Return the class of a case, with tensors of its own as the case's options."""
    return getattr(lossgen_torch, case.class_name)(**case.options_as(torch.tensor), **more)


def batch(case: Case, dtype: torch.dtype = torch.float32, seed: int = 0) -> list[Tensor]:
    """Return inputs of a case, labels as they are."""
    made = [torch.from_numpy(x) for x in case.inputs(seed=seed)]
    return [x.to(dtype) if x.is_floating_point() else x for x in made]


def longer(case: Case, dtype: torch.dtype, times: int) -> list[Tensor]:
    """Return a batch of several draws, one after the other."""
    draws = [batch(case, dtype, seed) for seed in range(times)]
    return [torch.cat(xs) for xs in zip(*draws, strict=True)]


def one_of_each_function(cases: Sequence[Case]) -> list[Case]:
    """Return the first case of each function: the others differ in options alone."""
    return list({case.function: case for case in reversed(cases)}.values())[::-1]


def dynamic_batch(case: Case) -> tuple[dict[int, Any], ...]:
    """Return what torch.export is told of each input: the first axis may have any length.

    Not so where there is a weight for each sample, or one sample without a batch.
    """
    inputs = batch(case)
    rows = {len(value) for value in case.options.values() if hasattr(value, "shape")}
    free = all(x.dim() for x in inputs) and len(inputs[0]) not in rows
    return tuple({0: torch.export.Dim.DYNAMIC} if free else {} for _ in inputs)


def batches(case: Case, dtype: torch.dtype = torch.float32) -> list[list[Tensor]]:
    """Return batches of one to three draws, or two single draws where the length is fixed."""
    if dynamic_batch(case)[0]:
        return [longer(case, dtype, times) for times in (1, 2, 3)]
    return [batch(case, dtype, seed) for seed in (0, 1)]


class Model(nn.Module):
    """A gate on every entry of a prediction, and the loss as a part of the model.

    Gates are in (0, 1), so what has to be positive stays so. Targets stay as they are; all other
    inputs of floating point count as predictions.
    """

    def __init__(self, case: Case, **more):
        super().__init__()
        torch.manual_seed(0)
        self.loss = build(case, **more)
        arguments = inspect.signature(self.loss.forward).parameters.values()
        self.names = [p.name for p in arguments if p.kind is not p.KEYWORD_ONLY]
        given = zip(self.names, batch(case), strict=True)
        self.gates = nn.ModuleDict(
            {
                name: nn.Sequential(nn.Linear(1, 3), nn.Tanh(), nn.Linear(3, 1), nn.Sigmoid())
                for name, x in given
                if x.is_floating_point() and not name.startswith("target")
            }
        )

    def predict(self, *inputs: Tensor) -> list[Tensor]:
        """Return the inputs of the loss."""
        given = dict(zip(self.names, inputs, strict=True))
        for name, gate in self.gates.items():
            opening = gate(given[name].unsqueeze(-1)).squeeze(-1)
            given[name] = opening * given[name].to(opening.dtype)
        return list(given.values())

    def forward(self, *inputs: Tensor) -> Tensor:
        return self.loss(*self.predict(*inputs))


def gradients(model: nn.Module) -> list[Tensor]:
    """Return the gradients that the last backward pass left."""
    return [parameter.grad for parameter in model.parameters()]
