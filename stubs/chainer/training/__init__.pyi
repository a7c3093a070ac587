from typing import Any

from chainer import iterators, optimizers
from chainer.training import extensions as extensions

class StandardUpdater:
    def __init__(
        self, iterator: iterators.SerialIterator, optimizer: optimizers._Optimizer
    ) -> None: ...

class Trainer:
    def __init__(
        self, updater: StandardUpdater, stop_trigger: tuple[int, str], out: str = "result"
    ) -> None: ...
    def extend(self, extension: Any) -> None: ...
    def run(self) -> None: ...
