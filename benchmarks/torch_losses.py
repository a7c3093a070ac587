"""What a step of training costs in PyTorch: loss and gradient, beside what people use today.

    python -m benchmarks.torch_losses --json losses.json

Every peer is the built-in of torch.nn, or where there is none the formula as people compose it. All
runs of one size are interleaved in shuffled order within one process; what is shown is the ratio of
medians, lossgen over peer, so that less than 1 is faster.
"""

from __future__ import annotations

import argparse
import json
import platform
import random
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

import generated.torch as lossgen

Step = Callable[[], object]
Formula = Callable[..., Tensor]
SIZES = (10**3, 10**5, 10**7)
SECONDS = 1.0  # for each contestant of each size, so that fast ones are run more often


@dataclass(frozen=True)
class Contest:
    """A loss, what it is compared with, and inputs of about so many entries."""

    name: str
    ours: Formula
    peer: Formula
    inputs: Callable[[int, torch.device], Sequence[Tensor]]
    built_in: bool = True


@dataclass(frozen=True)
class Result:
    """Medians in microseconds."""

    name: str
    peer: str
    size: int
    ours_us: float
    peer_us: float

    @property
    def ratio(self) -> float:
        """How much of the peer's time the loss takes."""
        return self.ours_us / self.peer_us


def _pair(size: int, device: torch.device) -> Sequence[Tensor]:
    return torch.randn(size, device=device), torch.rand(size, device=device)


def _triple(size: int, device: torch.device) -> Sequence[Tensor]:
    return (*_pair(size, device), torch.rand(size, device=device) + 0.1)


def _labelled(size: int, device: torch.device) -> Sequence[Tensor]:
    classes = 32000 if size > 10**6 else 100
    rows = max(1, size // classes)
    labels = torch.randint(classes, (rows,), device=device)
    return torch.randn(rows, classes, device=device), labels


def _masks(size: int, device: torch.device) -> Sequence[Tensor]:
    shape = (8, 4, max(1, size // 32))
    return torch.randn(shape, device=device), (torch.rand(shape, device=device) < 0.5).float()


def _rows(size: int, device: torch.device) -> Sequence[Tensor]:
    shape = (max(1, size // 128), 128)
    return torch.randn(shape, device=device), torch.randn(shape, device=device)


def _few_rows(size: int, device: torch.device) -> Sequence[Tensor]:
    return _rows(min(size, 2**17), device)


def _focal(x: Tensor, t: Tensor) -> Tensor:
    p = torch.sigmoid(x)
    matched = p * t + (1 - p) * (1 - t)
    return (
        functional.binary_cross_entropy_with_logits(x, t, reduction="none") * (1 - matched) ** 2
    ).mean()


def _dice(x: Tensor, t: Tensor) -> Tensor:
    p, axes = torch.sigmoid(x), (0, 2)
    shared, total = (p * t).sum(axes), p.sum(axes) + t.sum(axes)
    return (1 - (2 * shared + 1) / (total + 1)).mean()


def _cosine(x: Tensor, y: Tensor) -> Tensor:
    return (1 - functional.cosine_similarity(x, y, dim=-1)).mean()


def _info_nce(query: Tensor, key: Tensor) -> Tensor:
    logits = functional.normalize(query, dim=-1) @ functional.normalize(key, dim=-1).T / 0.07
    return functional.cross_entropy(logits, torch.arange(len(query), device=query.device))


def _log_cosh(x: Tensor, t: Tensor) -> Tensor:
    error = x - t
    return (error + functional.softplus(-2 * error) - 0.6931471805599453).mean()


CONTESTS = (
    Contest("huber", lossgen.HuberLoss(), nn.HuberLoss(), _pair),
    Contest("mse", lossgen.MSELoss(), nn.MSELoss(), _pair),
    Contest("l1", lossgen.L1Loss(), nn.L1Loss(), _pair),
    Contest("smooth l1", lossgen.SmoothL1Loss(), nn.SmoothL1Loss(), _pair),
    Contest("bce with logits", lossgen.BCEWithLogitsLoss(), nn.BCEWithLogitsLoss(), _pair),
    Contest("poisson nll", lossgen.PoissonNLLLoss(), nn.PoissonNLLLoss(), _pair),
    Contest("gaussian nll", lossgen.GaussianNLLLoss(), nn.GaussianNLLLoss(), _triple),
    Contest("cross entropy", lossgen.CrossEntropyLoss(), nn.CrossEntropyLoss(), _labelled),
    Contest("focal", lossgen.SigmoidFocalLoss(), _focal, _pair, built_in=False),
    Contest("dice", lossgen.DiceLoss(), _dice, _masks, built_in=False),
    Contest("log cosh", lossgen.LogCoshLoss(), _log_cosh, _pair, built_in=False),
    Contest("cosine", lossgen.CosineDistanceLoss(), _cosine, _rows, built_in=False),
    Contest("info nce", lossgen.InfoNCELoss(), _info_nce, _few_rows, built_in=False),
)


def step(loss: Formula, inputs: Sequence[Tensor]) -> Step:
    """Return one step: the loss, and its gradient by the first input."""
    first = inputs[0].detach().clone().requires_grad_()

    def run() -> None:
        first.grad = None
        loss(first, *inputs[1:]).backward()
        if first.is_cuda:
            torch.cuda.synchronize()

    return run


def race(contests: Sequence[Contest], size: int, device: torch.device) -> list[Result]:
    """Return the medians of interleaved runs."""
    steps: dict[tuple[str, bool], Step] = {}
    for contest in contests:
        inputs = contest.inputs(size, device)
        steps[contest.name, True] = step(contest.ours, inputs)
        steps[contest.name, False] = step(contest.peer, inputs)
    times: dict[tuple[str, bool], list[float]] = {key: [] for key in steps}
    order = list(steps)
    stop = time.perf_counter() + SECONDS * len(steps)
    while time.perf_counter() < stop or min(map(len, times.values())) < 5:
        random.shuffle(order)
        for key in order:
            start = time.perf_counter()
            steps[key]()
            times[key].append(time.perf_counter() - start)
    return [
        Result(
            contest.name,
            "torch.nn" if contest.built_in else "composed",
            size,
            1e6 * statistics.median(times[contest.name, True]),
            1e6 * statistics.median(times[contest.name, False]),
        )
        for contest in contests
    ]


def table(results: Sequence[Result]) -> str:
    """Return the ratios as a table in Markdown."""
    sizes = sorted({result.size for result in results})
    lines = [
        "| loss | beside | " + " | ".join(f"{size:.0e}" for size in sizes) + " |",
        "| --- | --- |" + " --- |" * len(sizes),
    ]
    for name in dict.fromkeys(result.name for result in results):
        own = {result.size: result for result in results if result.name == name}
        ratios = " | ".join(f"{own[size].ratio:.2f}" for size in sizes)
        lines.append(f"| {name} | {own[sizes[0]].peer} | {ratios} |")
    return "\n".join(lines)


def main() -> None:
    """Run all contests and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=float, nargs="+", default=SIZES)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--only", nargs="*", help="names of losses")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    random.seed(0)
    torch.manual_seed(0)
    torch.set_num_threads(options.threads)
    device = torch.device(options.device)
    chosen = [c for c in CONTESTS if not options.only or c.name in options.only]
    results = [r for size in options.sizes for r in race(chosen, int(size), device)]
    print(table(results))
    if options.json:
        about = {
            "machine": platform.processor() or platform.machine(),
            "device": options.device,
            "threads": options.threads,
            "torch": torch.__version__,
        }
        rows = [asdict(result) | {"ratio": result.ratio} for result in results]
        options.json.write_text(json.dumps(about | {"results": rows}, indent=2) + "\n")


if __name__ == "__main__":
    main()
