"""The class of a loss beside its function: what it holds, what it is made with and called with.

A layer that a loss trains is the framework's own, an attribute of the class; or its tensors are
fields of the class; or they are inputs of each call: `Backend` says which.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from lossgen.backends import Backend
from lossgen.keywords import Option
from lossgen.language import Layer
from lossgen.loss import Loss
from lossgen.prose import sentence


@dataclass(frozen=True, slots=True)
class Interface:
    """How the class passes on what the function takes.

    Attributes:
        inputs: the inputs of the function; ``given`` is what the class passes.
        options: the options of the function that the class passes.
        class_options: the arguments of the constructor.
        class_inputs: the inputs of the call.
        layers: the attributes that are layers, and how each is made.
    """

    inputs: tuple[Option, ...]
    options: tuple[Option, ...]
    class_options: tuple[Option, ...]
    class_inputs: tuple[Option, ...]
    layers: tuple[tuple[str, str], ...]


def interface(
    loss: Loss, backend: Backend, inputs: Sequence[Option], options: Sequence[Option]
) -> Interface:
    """Return the class's side of a function's inputs and options."""
    trained = {t.name: (t.layer, t.role) for t in loss.tensors() if t.layer is not None}
    layers = tuple(dict.fromkeys(layer for layer, _ in trained.values()))

    def passed(option: Option, own: str) -> Option:
        if option.name not in trained or (backend.layer is None and not backend.fields):
            return replace(option, given=own)
        layer, role = trained[option.name]
        if backend.layer is None:
            return replace(option, given=f"self.{option.name}")
        attribute = backend.layer.weight if role == "weight" else backend.layer.bias
        return replace(option, given=f"self.{layer.name}.{attribute}")

    called = tuple(passed(option, option.name) for option in inputs)
    chosen = tuple(passed(o, o.name if o.name in trained else f"self.{o.name}") for o in options)
    ours = [o for o in (*called, *chosen) if o.name in trained]
    plain = tuple(option for option in chosen if option.name not in trained)
    own_inputs = tuple(option for option in called if option.name not in trained)
    if backend.layer is not None:
        made = tuple(o for layer in layers for o in _sizes(layer)), _extras(layers, backend)
        lines = tuple((layer.name, _made(layer, backend)) for layer in layers)
        return Interface(called, chosen, (*made[0], *made[1], *plain), own_inputs, lines)
    if backend.fields:
        return Interface(called, chosen, (*ours, *plain), own_inputs, ())
    optional = tuple(option for option in ours if option.default)
    return Interface(called, chosen, plain, (*called, *optional), ())


def _sizes(layer: Layer) -> tuple[Option, ...]:
    doc = "Number of {}."
    return tuple(
        Option(name, "int", "", doc.format(what), "size", False, "int")
        for name, what in ((layer.inputs, "features"), (layer.outputs, "results"))
    )


def _extras(layers: Sequence[Layer], backend: Backend) -> tuple[Option, ...]:
    if not layers or backend.layer is None:
        return ()
    doc = "Whether the layer has a bias."
    return (
        Option("bias", "bool", "False", doc, "layer", True, "bool"),
        *(
            Option(name, f"{kind} | None", "None", sentence(doc), "layer", True, kind)
            for name, kind, doc in backend.layer.options
        ),
    )


def _made(layer: Layer, backend: Backend) -> str:
    form = "" if backend.layer is None else backend.layer.make
    return form.format(inputs=layer.inputs, outputs=layer.outputs)
