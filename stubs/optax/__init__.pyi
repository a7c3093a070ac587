"""Types of what the examples use of optax, which has none of its own."""

from typing import Any, NamedTuple, Protocol, TypeVar

_Tree = TypeVar("_Tree")
OptState = Any

class _Init(Protocol):
    def __call__(self, params: object) -> OptState: ...

class _Update(Protocol):
    def __call__(self, updates: _Tree, state: OptState) -> tuple[_Tree, OptState]: ...

class GradientTransformation(NamedTuple):
    init: _Init
    update: _Update

def adam(learning_rate: float) -> GradientTransformation: ...
def apply_updates(params: _Tree, updates: _Tree) -> _Tree: ...
