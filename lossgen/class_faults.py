"""What is wrong with the layers that a class trains, and with what is computed in chunks."""

from __future__ import annotations

from collections.abc import Iterator

from lossgen.compile import compile_case
from lossgen.errors import SpecError
from lossgen.faults import fault
from lossgen.language import Layer
from lossgen.loss import Case, Loss
from lossgen.names import ATTRIBUTES, is_plain, is_taken, name_problem

# What the constructor of a class with a layer takes besides its sizes.
CONSTRUCTOR = ("bias", "device", "dtype")


def class_faults(loss: Loss) -> Iterator[SpecError]:
    """Yield the faults of layers and chunks that are seen without compiling."""
    layers = {tensor.layer for tensor in loss.tensors() if tensor.layer is not None}
    arguments = {t.name for t in loss.tensors()} | {p.name for p in loss.parameters()}
    words = [word for layer in layers for word in _words(layer)]
    words += [word for _, word in loss.chunked]
    for word in words:
        if found := name_problem(word):
            yield fault(*found)
        elif is_plain(word) and (is_taken(word) or word in (*ATTRIBUTES, *CONSTRUCTOR)):
            yield fault(f"the name {word!r} is used by generated code", "choose another name")
        elif word in arguments or words.count(word) > 1:
            yield fault(f"the name {word!r} is given twice", "choose another name for one of them")
    if len(layers) > 1:
        names = ", ".join(sorted(layer.name for layer in layers))
        yield fault(f"the loss has several layers: {names}", "declare one with linear()")
    if len(loss.chunked) > 1:
        remedy = "name one, as in chunked={'n': 'chunk_size'}"
        yield fault(f"chunked= names {len(loss.chunked)} axes", remedy)


def chunk_faults(loss: Loss, case: Case) -> Iterator[SpecError]:
    """Yield what keeps a sound case from being computed in chunks."""
    if not loss.chunked:
        return
    plain = case.without_condition()
    free = [rows.axis for rows in compile_case(Loss("One", plain), plain).rows]
    for axis, _ in loss.chunked:
        if axis not in free:
            several = f"choose one of the axes {', '.join(free)}" if free else "leave chunked= out"
            problem = f"entries along axis {axis!r} depend on each other, and have no chunks"
            yield fault(problem, several, case.value)


def _words(layer: Layer) -> tuple[str, ...]:
    return layer.name, layer.inputs, layer.outputs


__all__ = ["chunk_faults", "class_faults"]
