from collections.abc import Sequence

from mindspore.dataset import Dataset
from mindspore.nn import Cell, Optimizer

class Callback: ...

class LossMonitor(Callback):
    def __init__(self, per_print_times: int = 1) -> None: ...

class Model:
    def __init__(
        self, network: Cell, loss_fn: Cell | None = None, optimizer: Optimizer | None = None
    ) -> None: ...
    def train(
        self, epoch: int, train_dataset: Dataset, callbacks: Sequence[Callback] = ()
    ) -> None: ...
