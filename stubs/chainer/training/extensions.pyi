from collections.abc import Sequence

from chainer import Link, iterators

class Evaluator:
    def __init__(self, iterator: iterators.SerialIterator, target: Link) -> None: ...

class LogReport: ...

class PrintReport:
    def __init__(self, entries: Sequence[str]) -> None: ...
