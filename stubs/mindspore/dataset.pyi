from collections.abc import Iterator, Sequence

from mindspore import Tensor
from numpy.typing import ArrayLike

class Dataset:
    def batch(self, batch_size: int) -> Dataset: ...
    def create_tuple_iterator(self) -> Iterator[list[Tensor]]: ...
    def get_dataset_size(self) -> int: ...

class GeneratorDataset(Dataset):
    def __init__(
        self, source: Sequence[tuple[ArrayLike, ...]], column_names: Sequence[str]
    ) -> None: ...
