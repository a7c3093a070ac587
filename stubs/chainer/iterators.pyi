from collections.abc import Sequence
from typing import Any

class SerialIterator:
    def __init__(
        self, dataset: Sequence[Any], batch_size: int, repeat: bool = True, shuffle: bool = True
    ) -> None: ...
