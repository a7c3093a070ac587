"""Gradients that share work in PyTorch: each is the same, whichever others are wanted."""

from __future__ import annotations

from itertools import combinations

import pytest
import torch

import generated.torch as lossgen
from lossgen.layout import operands
from lossgen.nodes import add, call, leaf, mul
from lossgen.sections import COMMON, Sections


def draw(*shape: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(len(shape))
    return torch.rand(shape, generator=generator, dtype=torch.float64)


def number(value: float) -> torch.Tensor:
    return torch.tensor(value, dtype=torch.float64)


CALLS = {
    "cross_entropy": (draw(4, 3), draw(4, 3).softmax(1), {"label_smoothing": number(0.1)}),
    "wing_loss": (4 * draw(5), 3 - draw(5), {"width": number(1.5), "eps": number(0.5)}),
    "triplet_margin_loss": (draw(4, 3), draw(4, 3) + 0.1, draw(4, 3) * 2, {"swap": True}),
    "kl_div_with_logits_loss": (draw(4, 3), draw(4, 3) + 0.3, {}),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_gradient_is_the_same_alone(name):
    *inputs, options = CALLS[name]
    names = [f"input {k}" for k in range(len(inputs))]
    names += [word for word, value in options.items() if isinstance(value, torch.Tensor)]
    numbers = [options[word] for word in names[len(inputs) :]]

    def gradients(wanted: tuple[str, ...]) -> dict[str, torch.Tensor]:
        tensors = {
            word: x.clone().requires_grad_(word in wanted)
            for word, x in zip(names, [*inputs, *numbers], strict=True)
        }
        rest = {word: tensors.get(word, value) for word, value in options.items()}
        loss = getattr(lossgen, name)(*[tensors[word] for word in names[: len(inputs)]], **rest)
        found = torch.autograd.grad(loss, [tensors[word] for word in wanted])
        return dict(zip(wanted, found, strict=True))

    every = gradients(tuple(names))
    for count in range(1, len(names)):
        for wanted in combinations(names, count):
            for word, gradient in gradients(wanted).items():
                assert torch.equal(gradient, every[word]), (word, wanted)


def test_what_two_results_share_stands_before_both():
    x, y = leaf("x", ("n",)), leaf("y", ("n",))
    shared, always = call("exp", mul(x, y)), call("abs", x)
    roots = (always, add(shared, x), add(shared, always), call("sqrt", y))
    sections = Sections(roots, operands, ("", "first", "second", "third"))
    assert sections.of(always) == COMMON
    assert sections.of(shared) == {1, 2}
    assert sections.of(roots[1]) == {1}
    sections.lines(frozenset({1, 2}), []).append("e = exp(x * y)")
    results, common = ["size", "e + x", "e + size", "sqrt(y)"], ["size = abs(x)"]
    sections.close(("a", "b", "c", "d"), results, common)
    assert common == [
        "size = abs(x)",
        "b = c = None",
        'if wanted & {"first", "second"}:',
        "    e = exp(x * y)",
        '    if "first" in wanted:',
        "        b = e + x",
        '    if "second" in wanted:',
        "        c = e + size",
    ]
    assert results == ["size", "b", "c", 'sqrt(y) if "third" in wanted else None']
