"""One runner a backend.

A framework is imported when its runner is made; one that cannot be imported is an error.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from calls import Array, Arrays, Call, Runner
from frameworks import ChainerRunner, JaxRunner, MindsporeRunner, TorchRunner


class NumpyRunner(Runner):
    """NumPy: gradients and Hessian diagonals are methods of the class."""

    def tensor(self, value: Any, dtype: Any = None) -> Any:
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


@cache
def runner(name: str) -> Any:
    """Return the runner of a backend."""
    return RUNNERS[name](name)
