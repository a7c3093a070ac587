"""What a step of training costs in PyTorch: loss and gradient, beside what people use today.

    python -m benchmarks.torch_losses --way step none second value compiled --json losses.json

The peer is the built-in of torch.nn, or where there is none the formula as people compose it; it is
never compiled. What is shown is the ratio to it: less than 1 is faster.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

import generated.torch as lossgen
from benchmarks import draws
from benchmarks.draws import Draw
from benchmarks.races import OURS, Contest, Step, parser, run

Formula = Callable[..., Tensor]


def focal(x: Tensor, t: Tensor, reduction: str = "mean") -> Tensor:
    """Focal loss of logits (Lin et al., 2017)."""
    p = torch.sigmoid(x)
    matched = p * t + (1 - p) * (1 - t)
    loss = functional.binary_cross_entropy_with_logits(x, t, reduction="none")
    return reduced(loss * (1 - matched) ** 2, reduction)


def dice(x: Tensor, t: Tensor, reduction: str = "mean") -> Tensor:
    """Overlap of each class over pictures and pixels."""
    p, axes = torch.sigmoid(x), (0, 2)
    shared, total = (p * t).sum(axes), p.sum(axes) + t.sum(axes)
    return reduced(1 - (2 * shared + 1) / (total + 1), reduction)


def cosine(x: Tensor, y: Tensor, reduction: str = "mean") -> Tensor:
    """One less the cosine of the angle."""
    return reduced(1 - functional.cosine_similarity(x, y, dim=-1), reduction)


def info_nce(query: Tensor, key: Tensor, reduction: str = "mean") -> Tensor:
    """Each vector against all others."""
    logits = functional.normalize(query, dim=-1) @ functional.normalize(key, dim=-1).T / 0.07
    labels = torch.arange(len(query), device=query.device)
    return functional.cross_entropy(logits, labels, reduction=reduction)


def log_cosh(x: Tensor, t: Tensor, reduction: str = "mean") -> Tensor:
    """Logarithm of the hyperbolic cosine."""
    error = x - t
    return reduced(error + functional.softplus(-2 * error) - 0.6931471805599453, reduction)


def reduced(loss: Tensor, reduction: str) -> Tensor:
    """Return the loss or its mean."""
    return loss if reduction == "none" else loss.mean()


def vocabulary(size: int) -> Sequence[draws.Array]:
    """Return logits and labels: of many classes where there is much."""
    classes = 32000 if size > 10**6 else draws.CLASSES
    rows = max(1, size // classes)
    return draws.normal(rows, classes), draws.GENERATOR.integers(classes, size=rows)


def some_ignored(size: int) -> Sequence[draws.Array]:
    """Return the same, and a third of the labels do not count."""
    logits, labels = vocabulary(size)
    return logits, np.where(draws.GENERATOR.random(len(labels)) < 1 / 3, -100, labels)


CASES: tuple[tuple[str, Draw, Formula | None], ...] = (
    ("HuberLoss", draws.pair, None),
    ("MSELoss", draws.pair, None),
    ("L1Loss", draws.pair, None),
    ("SmoothL1Loss", draws.pair, None),
    ("BCEWithLogitsLoss", draws.scores, None),
    ("PoissonNLLLoss", draws.scores, None),
    ("GaussianNLLLoss", draws.triple, None),
    ("CrossEntropyLoss", vocabulary, None),
    ("CrossEntropyLoss (some ignored)", some_ignored, None),
    ("CrossEntropyLoss (probabilities)", draws.distributions, None),
    ("NLLLoss", vocabulary, None),
    ("KLDivLoss", draws.log_distributions, None),
    ("TripletMarginLoss", draws.triplets, None),
    ("SigmoidFocalLoss", draws.scores, focal),
    ("DiceLoss", draws.masks, dice),
    ("LogCoshLoss", draws.pair, log_cosh),
    ("CosineDistanceLoss", draws.vectors, cosine),
    ("InfoNCELoss", draws.few_vectors, info_nce),
)


def backward(loss: Formula, inputs: Sequence[Tensor]) -> None:
    """Find the gradient by the first input, and drop it."""
    found = loss(*inputs)
    found.backward(torch.ones_like(found))
    inputs[0].grad = None


def twice(loss: Formula, inputs: Sequence[Tensor]) -> None:
    """Find the gradient, and how its sum changes."""
    first = inputs[0]
    (slope,) = torch.autograd.grad(loss(*inputs).sum(), first, create_graph=True)
    if slope.requires_grad:  # that of an absolute value is constant
        torch.autograd.grad(slope.sum(), first)


@torch.no_grad()
def value(loss: Formula, inputs: Sequence[Tensor]) -> None:
    """Find the value alone."""
    loss(*inputs)


WAYS = {"step": backward, "none": backward, "second": twice, "value": value, "compiled": backward}


def contest(way: str, device: str, name: str, draw: Draw, formula: Formula | None) -> Contest:
    """Return the race of a loss with torch's own, or with a formula."""
    reduction, word = "none" if way == "none" else "mean", name.partition(" ")[0]
    ours: Formula = getattr(lossgen, word)(reduction=reduction)
    ours = torch.compile(ours) if way == "compiled" else ours

    def composed(*inputs: Tensor) -> Tensor:
        assert formula is not None
        return formula(*inputs, reduction=reduction)

    peer: Formula = getattr(nn, word)(reduction=reduction) if formula is None else composed

    def step(loss: Formula, inputs: Sequence[Tensor]) -> Step:
        own = [inputs[0].clone().requires_grad_(), *inputs[1:]]

        def go() -> None:
            WAYS[way](loss, own)
            if device == "cuda":
                torch.cuda.synchronize()

        return go

    def steps(size: int) -> Mapping[str, Step]:
        inputs = [torch.as_tensor(x, device=device) for x in draw(size)]
        who = "torch.nn" if formula is None else "composed"
        return {OURS: step(ours, inputs), who: step(peer, inputs)}

    return Contest(name if way == "step" else f"{name} {way}", steps)


def main() -> None:
    """Run the ways that the command line asks for."""
    understood = parser(__doc__)
    understood.add_argument("--way", choices=WAYS, nargs="+", default=["step"])
    understood.add_argument("--device", default="cpu")
    options = understood.parse_args()
    torch.set_num_threads(options.cores)
    contests = [contest(way, options.device, *case) for way in options.way for case in CASES]
    run(options, contests, {"torch": torch.__version__, "device": options.device})


if __name__ == "__main__":
    main()
