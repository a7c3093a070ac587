"""Gradients that share work in PyTorch: each is the same, whichever others are wanted."""

from __future__ import annotations

from itertools import combinations, product

import pytest
import torch

import generated.torch as lossgen
from generated.torch._autograd import differentiable
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


@pytest.mark.parametrize("reduction", ["mean", "none"])
@pytest.mark.parametrize("name", CALLS)
def test_a_second_derivative_is_the_same_alone(name, reduction):
    *inputs, options = CALLS[name]

    def changes(wanted: tuple[int, ...], also: tuple[int, ...] = ()) -> list[torch.Tensor]:
        """Return how gradients along some inputs change by them; others may have gradients, too."""
        tensors = [x.clone().requires_grad_(k in (*wanted, *also)) for k, x in enumerate(inputs)]
        loss = getattr(lossgen, name)(*tensors, **options, reduction=reduction)
        sought = [tensors[k] for k in wanted]
        found = torch.autograd.grad(loss.square().sum(), sought, create_graph=True)
        return torch.autograd.grad(sum(x.square().sum() for x in found), sought)

    for count in range(1, len(inputs) + 1):
        for wanted in combinations(range(len(inputs)), count):
            every = changes(wanted, also=tuple(range(len(inputs))))
            for one, other in zip(changes(wanted), every, strict=True):
                assert torch.equal(one, other), wanted


@pytest.mark.parametrize("name", CALLS)
def test_gradients_by_one_input_change_by_another(name):
    *inputs, options = CALLS[name]

    def loss(*given: torch.Tensor) -> torch.Tensor:
        return getattr(lossgen, name)(*given, **options)

    blocks = torch.autograd.functional.hessian(loss, tuple(inputs))
    for one, other in product(range(len(inputs)), repeat=2):
        inner = torch.func.grad(loss, argnums=one)
        for outer in (torch.func.jacrev, torch.func.jacfwd):
            found = outer(inner, argnums=other)(*inputs)
            torch.testing.assert_close(found, blocks[one][other], rtol=1e-12, atol=1e-14)


def test_only_what_is_wanted_is_computed():
    asked = []

    def gradient(upstream, x, y, wanted):
        asked.append(wanted)
        return x * y, upstream * y, upstream * x if "y" in wanted else None

    def curvature(upstream, x, y, dx, dy, wanted):
        asked.append(wanted)
        return upstream * dy, upstream * dx if "y" in wanted else None

    times = differentiable(
        value=lambda x, y: x * y,
        value_and_gradient=gradient,
        tangent=lambda x, y, dx, dy: dx * y + x * dy,
        curvature=curvature,
        axes={"x": "...", "y": "..."},
        wrt=("x", "y"),
        loss="...",
    ).call
    for wanted in ({"x"}, {"y"}, {"x", "y"}):
        x, y = (draw(3).requires_grad_(word in wanted) for word in "xy")
        sought = [each for each in (x, y) if each.requires_grad]
        found = torch.autograd.grad(times(x, y).sum(), sought, create_graph=True)
        total = sum(each.square().sum() for each in found)
        torch.autograd.grad(total, sought, allow_unused=True)
        assert asked == [wanted, wanted]
        asked.clear()


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
