from typing import Self, TypeVar

from .basic import Basic
from .expr import Expr

_Symbol = TypeVar("_Symbol", bound=Symbol)

class Str(Basic):
    name: str
    def __new__(cls, name: str) -> Self: ...

class Symbol(Expr):
    name: str
    def __new__(cls, name: str) -> Self: ...
    @staticmethod
    def __xnew__(cls: type[_Symbol], name: str, **assumptions: bool) -> _Symbol: ...
