from chainer import Link, Parameter

class Linear(Link):
    W: Parameter
    b: Parameter
    def __init__(self, in_size: int | None, out_size: int | None = None) -> None: ...
