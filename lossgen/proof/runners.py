"""One runner a backend."""

from __future__ import annotations

from typing import Any

from lossgen.proof.calls import Arrays, Call, Runner
from lossgen.proof.frameworks import (
    ChainerRunner,
    CompiledJaxRunner,
    JaxRunner,
    MindsporeRunner,
    TorchRunner,
)
from lossgen.proof.point import Array


class NumpyRunner(Runner):
    """NumPy: gradients and Hessian diagonals are methods of the class."""

    def tensor(self, value: Any, dtype: Any = None) -> Any:
        """Return a tensor of the framework."""
        return value

    def _loss(self, call: Call) -> Any:
        return getattr(self.package, call.point.loss)(
            reduction=call.reduction, **call.point.options
        )

    def gradients(self, call: Call) -> Arrays:
        """Return the gradient by each input."""
        loss = self._loss(call)
        _, found = loss.value_and_grad(*call.point.inputs.values())
        return self._named(call, found)

    def hessian_diagonals(self, call: Call) -> Arrays:
        """Return the diagonal of the Hessian by each input."""
        return self._named(call, self._loss(call).hessian_diagonal(*call.point.inputs.values()))

    def _named(self, call: Call, found: tuple[Array, ...]) -> Arrays:
        names = [name for name in call.moving if name in call.point.inputs]
        return dict(zip(names, found, strict=True))


RUNNERS: dict[str, type[Runner]] = {
    "numpy": NumpyRunner,
    "torch": TorchRunner,
    "jax": JaxRunner,
    "chainer": ChainerRunner,
    "mindspore": MindsporeRunner,
}
# To compile every call takes seconds a loss, which is for those who ask for the whole proof.
COMPILED: dict[str, type[Runner]] = RUNNERS | {"jax": CompiledJaxRunner}


__all__ = ["COMPILED", "RUNNERS", "NumpyRunner"]
