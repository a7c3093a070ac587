from chainer import Link, Parameter
from chainer.initializers import Initializer

class Linear(Link):
    W: Parameter
    b: Parameter
    def __init__(
        self,
        in_size: int | None,
        out_size: int | None = None,
        nobias: bool = False,
        initialW: Initializer | None = None,
        initial_bias: Initializer | None = None,
    ) -> None: ...
