"""Options of calls and classes, and what lossgen itself adds to those of a spec."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lossgen.backends import Backend
from lossgen.language import Call, Parameter, Tensor
from lossgen.loss import Loss


@dataclass(frozen=True, slots=True)
class Option:
    """An input or parameter of the function and class.

    Attributes:
        default: as Python, empty where there is none.
        type: its type in words.
        shape: its shape in words.
        size: a small shape for examples, such as ``"2, 3"``.
        check: the statement that refuses what is not allowed, or empty.
        adoptions: the statements that adopt the defaults of dialects.
        given: what the class passes for it.
    """

    name: str
    annotation: str
    default: str
    doc: str
    kind: str
    keyword: bool
    type: str = ""
    shape: str = ""
    size: str = ""
    check: str = ""
    adoptions: tuple[str, ...] = ()
    given: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """What a function of the caller's gives, under the name that the kernel has for it."""

    name: str
    call: Call

    @property
    def line(self) -> str:
        """The statement that calls it."""
        return f'{self.name} = check_result("{self.call}", {self.call})'


def shape_words(tensor: Tensor, batch: str | None = None) -> str:
    """Return the shapes that a tensor may have, in words; a batch of one may lack its axis."""
    if tensor.axes == ("...",):
        return "any shape"
    sizes = dict(tensor.sizes)
    axes = [str(sizes.get(axis, axis)) for axis in tensor.axes]
    words = f"``({', '.join(axes)}{',' if len(axes) == 1 else ''})``"
    if batch not in tensor.axes:
        return words
    rest = [axis for axis in axes if axis not in (batch, "...")]
    return f"{words} or ``({', '.join(rest)}{',' if len(rest) == 1 else ''})``"


def shapes_in_words(tensors: Sequence[Tensor], first: Tensor) -> str:
    """Return the shapes that an input may have, labels before what else it may hold."""
    shapes = {tensor.kind: _beside(tensor, first) for tensor in tensors}
    if len(set(shapes.values())) == 1:
        return next(iter(shapes.values()))
    kinds = {"label": "labels", "float": "numbers"}
    return "; ".join(f"{shapes[kind]} for {word}" for kind, word in kinds.items() if kind in shapes)


def _beside(tensor: Tensor, first: Tensor) -> str:
    """Return the shapes of an input, or that of the first one in its place."""
    if tensor.broadcast:
        return f"any that broadcasts to that of {first.name}"
    free = tensor.axes == first.axes == ("...",) and tensor.name != first.name
    return f"that of {first.name}" if free else shape_words(tensor, first.batch)


def example_size(tensor: Tensor) -> str:
    """Return a small shape for examples."""
    leads = tensor.axes[0] == "..." and len(tensor.axes) > 1
    sizes = {"c": "3", "d": "3", "...": "2" if leads else "3"}
    sizes |= {axis: str(n) for axis, n in tensor.sizes}
    axes = tensor.axes if tensor.axes[0] == "..." else [a for a in tensor.axes if a != "..."]
    return ", ".join(sizes.get(axis, "2") for axis in axes)


def call_options(loss: Loss, axes: Sequence[Sequence[str]], backend: Backend) -> tuple[Option, ...]:
    """Return the keywords of the call beside its inputs.

    Samples may be weighed where the unreduced loss has their axis, that is in front of the first
    input; what a mean divides by may be given, but not for named parts, which have several.
    """
    if loss.parts:
        return ()
    typed = backend.array is not None
    array = (backend.public or backend.array or "") if typed else ""
    number = {"": "", "ArrayLike": "ArrayLike"}.get(array, f"{array} | float")
    first = input_tensors(loss)[0].axes[0]
    found = []
    if all(list(each[:1]) == [first] for each in axes):
        doc = "Weight of each sample, or of each entry; a mean divides by their sum."
        found.append(("sample_weight", array, "Tensor", doc))
    doc = "What a mean divides by, where its own count is only that of a part of the step."
    found.append(("denominator", number, "float or Tensor", doc))
    return tuple(
        Option(name, kind and f"{kind} | None", "None", doc, "call", True, words)
        for name, kind, words, doc in found
    )


def input_tensors(loss: Loss) -> tuple[Tensor, ...]:
    """Return the tensors of the call, one for each name."""
    found: dict[str, Tensor] = {}
    for tensor in loss.tensors():
        if not tensor.is_option:
            found.setdefault(tensor.name, tensor)
    return tuple(found.values())


def adoptions(loss: Loss, parameter: Parameter) -> Iterator[str]:
    """Yield the statements that adopt what None or a dialect has for a parameter's default."""
    name, own = parameter.name, parameter.value
    if parameter.none is not None:
        yield f"{name} = {own!r} if {name} is None else {name}"
    comparison = "is_number({}, {!r})" if parameter.kind == "float" else "{} == {!r}"
    is_default = comparison.format(name, own)
    for word, dialect in loss.dialects:
        for changed, value in dialect.defaults:
            if changed == name:
                yield (
                    f"{name} = {_adopted_flag(name, value, word)}"
                    if parameter.kind == "flag"
                    else f'{name} = {value!r} if dialect == "{word}" and {is_default} else {name}'
                )


def _adopted_flag(name: str, value: bool, word: str) -> str:
    return f'{name} or dialect == "{word}"' if value else f'{name} and dialect != "{word}"'
