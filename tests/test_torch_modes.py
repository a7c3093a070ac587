"""PyTorch's modes of training: mixed precision, state and checkpoints, compiled steps."""

import copy
import io

import pytest
import torch
from losses import CASES
from torch.func import functional_call
from torch_models import Model, batch, batches, build, gradients, one_of_each_function

import generated.torch as lossgen_torch

# Both sides round some dozens of float64 operations, 1.1e-16 each, in another order.
ROUNDING = {"rtol": 1e-12, "atol": 1e-13}
# The same in float32, 6e-8 each.
SINGLE = {"rtol": 1e-5, "atol": 1e-6}
HALVES = (torch.float16, torch.bfloat16)
# Losses of torch.nn that autocast computes in float32.
NAMESAKES = ("MSELoss", "L1Loss", "HuberLoss", "BCEWithLogitsLoss", "CrossEntropyLoss")

each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
each_half = pytest.mark.parametrize("half", HALVES, ids=["float16", "bfloat16"])


def assert_equal(found, expected):
    torch.testing.assert_close(found, expected, rtol=0, atol=0, equal_nan=True)


def floats(inputs):
    return [x for x in inputs if x.is_floating_point()]


def train(model, optimizer, case, steps):
    """Return the losses of some steps of training."""
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = model(*batch(case))
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())
    return losses


# Mixed precision.


@each_half
@each_case
def test_under_autocast_half_predictions_give_a_loss_in_float32(case, half):
    # PyTorch's own losses cast what autocast made half; so no sum overflows float16.
    model, inputs = Model(case), batch(case)
    with torch.autocast("cpu", half):
        predictions = model.predict(*inputs)
        assert {x.dtype for x in floats(predictions)} <= {half, torch.float32}
        loss = model(*inputs)
    assert predictions[0].dtype == half
    assert loss.dtype == torch.float32
    loss.backward()
    found = gradients(model)
    model.zero_grad()
    with torch.autocast("cpu", half):
        predictions = model.predict(*inputs)
    wide = [x.float() if x.is_floating_point() else x for x in predictions]
    expected = model.loss(*wide)
    expected.backward()
    assert_equal([loss, *found], [expected, *gradients(model)])


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
@each_half
def test_autocast_gives_the_dtypes_and_numbers_of_torchs_own_losses(half, reduction):
    for name in NAMESAKES:
        case = next(case for case in CASES if case.class_name == name)
        inputs = batch(case, half)
        with torch.autocast("cpu", half):
            found, expected = (
                getattr(module, name)(reduction=reduction)(*inputs)
                for module in (lossgen_torch, torch.nn)
            )
        assert found.dtype == torch.float32
        torch.testing.assert_close(found, expected, **SINGLE)


@each_half
@each_case
def test_a_gradient_scaler_changes_the_way_but_not_the_step(case, half):
    models = [Model(case), Model(case)]
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**8)
    for model, scaled in zip(models, (True, False), strict=True):
        optimizer = torch.optim.SGD(model.parameters(), lr=0.125, momentum=0.5)
        for _ in range(2):
            optimizer.zero_grad()
            with torch.autocast("cpu", half):
                loss = model(*batch(case))
            (scaler.scale(loss) if scaled else loss).backward()
            (scaler.step(optimizer) if scaled else optimizer.step())
            scaler.update() if scaled else None
    assert scaler.get_scale() == 2.0**8  # no step was left out
    for found, expected, start in zip(
        *(model.parameters() for model in (*models, Model(case))), strict=True
    ):
        # Only what is below the range of float16 differs: 6e-8 for each of some dozens of entries.
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)
        assert not torch.equal(found, start) or not expected.grad.any()


@pytest.mark.parametrize("name", NAMESAKES)
def test_a_gradient_scaler_that_begins_too_high_treats_torchs_own_losses_alike(name):
    case = next(case for case in CASES if case.class_name == name)
    results = []
    for package in (lossgen_torch, torch.nn):
        model = Model(case)
        model.loss = getattr(package, name)(reduction="sum")
        optimizer = torch.optim.SGD(model.parameters(), lr=2.0**-7)
        scaler = torch.amp.GradScaler("cpu", init_scale=2.0**24)
        scales = []
        for _ in range(16):
            optimizer.zero_grad()
            with torch.autocast("cpu", torch.float16):
                loss = model(*batch(case))
            scaler.scale(loss).backward()
            scaler.step(optimizer)
            scaler.update()
            scales.append(scaler.get_scale())
        results.append((scales, [loss, *model.parameters()]))
    (found_scales, found), (expected_scales, expected) = results
    assert found_scales == expected_scales
    assert 2.0**24 > found_scales[-1] == found_scales[-4]
    # Gradients in float16 may be rounded the other way, by 5e-4 of themselves, in every step.
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-3)


# State.


@each_case
def test_a_model_with_its_loss_trains_on_from_a_copy_or_a_checkpoint(case):
    model = Model(case)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    train(model, optimizer, case, 2)
    file = io.BytesIO()
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, file)
    twin, twin_optimizer = copy.deepcopy((model, optimizer))
    file.seek(0)
    saved = torch.load(file, weights_only=True)
    restored = Model(case)
    for buffer in restored.buffers():
        buffer.zero_()
    restored.load_state_dict(saved["model"], strict=True)
    restored_optimizer = torch.optim.Adam(restored.parameters(), lr=0.05)
    restored_optimizer.load_state_dict(saved["optimizer"])
    expected = train(model, optimizer, case, 2)
    assert expected[0] != expected[1]
    assert_equal(train(twin, twin_optimizer, case, 2), expected)
    assert_equal(train(restored, restored_optimizer, case, 2), expected)


@each_case
def test_the_state_is_that_of_the_weights_and_strict_as_torchs(case):
    loss = build(case)
    weights = case.options_as(torch.from_numpy)
    weights = {name: w for name, w in weights.items() if isinstance(w, torch.Tensor)}
    assert_equal(dict(loss.state_dict()), weights)
    assert not list(loss.parameters())
    with pytest.raises(RuntimeError, match=r"Unexpected key\(s\) in state_dict: \"other\""):
        loss.load_state_dict({**weights, "other": torch.ones(1)})
    for name in weights:
        with pytest.raises(RuntimeError, match=rf"Missing key\(s\) in state_dict: \"{name}\""):
            loss.load_state_dict({k: w for k, w in weights.items() if k != name})


@pytest.mark.parametrize("name", ["BCEWithLogitsLoss", "CrossEntropyLoss"])
def test_states_are_exchanged_with_torchs_own_losses(name):
    own, theirs = (getattr(m, name)(weight=torch.ones(4)) for m in (lossgen_torch, torch.nn))
    own.load_state_dict(getattr(torch.nn, name)(weight=torch.arange(4.0)).state_dict())
    theirs.load_state_dict(own.state_dict())
    assert_equal(theirs.weight, torch.arange(4.0))


@each_case
def test_half_double_and_to_move_the_weights_and_keep_the_numbers(case):
    # The weights of the cases are exact in float16.
    inputs = batch(case, torch.float64)
    expected = build(case)(*inputs)
    moves = (
        ("half", torch.float16),
        ("bfloat16", torch.bfloat16),
        ("float", torch.float32),
        ("double", torch.float64),
    )
    for name, dtype in moves:
        loss = getattr(build(case), name)()
        assert {w.dtype for w in loss.buffers()} <= {dtype}
        assert_equal(loss(*inputs), expected)
        assert_equal(build(case).to(dtype)(*inputs), expected)
    moved = build(case).to("meta")
    assert {w.device.type for w in moved.buffers()} <= {"meta"}
    result = moved(*(x.to("meta") for x in inputs))
    assert (result.shape, result.dtype, result.device.type) == ((), torch.float64, "meta")


@each_case
def test_functional_call_replaces_weights_and_parameters(case):
    model, inputs = Model(case), batch(case)
    state = {name: x.detach() for name, x in (*model.named_parameters(), *model.named_buffers())}
    shifted = {name: x + 0.25 for name, x in state.items()}
    changed = Model(case)
    changed.load_state_dict(shifted)
    assert_equal(functional_call(model, shifted, tuple(inputs)), changed(*inputs))
    wanted = [name for name, _ in model.named_parameters()]

    def call(parameters):
        return functional_call(model, shifted | parameters, tuple(inputs))

    found = torch.func.grad(call)({name: shifted[name] for name in wanted})
    changed(*inputs).backward()
    torch.testing.assert_close([found[name] for name in wanted], gradients(changed), **SINGLE)
    stacked = {name: torch.stack([state[name], shifted[name]]) for name in state}
    both = torch.vmap(lambda state: functional_call(model, state, tuple(inputs)))(stacked)
    expected = torch.stack([model(*inputs), changed(*inputs)])
    torch.testing.assert_close(both, expected, **SINGLE)


# Compiled training.


@pytest.mark.parametrize("case", one_of_each_function(CASES), ids=lambda case: case.id)
def test_a_compiled_training_step_takes_batches_of_any_size(case):
    torch.compiler.reset()
    model = Model(case).double()

    def step(*inputs):
        loss = model(*inputs)
        return loss, torch.autograd.grad(loss, list(model.parameters()))

    def forward(*inputs):
        return model(*inputs)

    compiled = torch.compile(forward, fullgraph=True, backend="aot_eager", dynamic=True)
    for inputs in batches(case, torch.float64):
        loss, expected = step(*inputs)
        found = compiled(*inputs)
        torch.testing.assert_close(found, loss, **ROUNDING)
        grads = torch.autograd.grad(found, list(model.parameters()))
        torch.testing.assert_close(grads, expected, **ROUNDING)


@pytest.mark.parametrize(
    ("name", "option"),
    [("huber_loss", "denominator"), ("huber_loss", "delta"), ("quantile_loss", "q")],
)
@torch._dynamo.config.patch(capture_scalar_outputs=True)
def test_a_number_that_only_the_compiled_graph_will_have_is_not_looked_at(name, option):
    """What ``.item()`` gives there is no value yet, and a check of it ended the compilation."""
    torch.compiler.reset()
    function = getattr(lossgen_torch, name)

    def loss(x, t, number):
        return function(x, t, **{option: number.item()})

    x, t, number = torch.ones(3, 4), torch.zeros(3, 4), torch.tensor(0.5)
    compiled = torch.compile(loss, fullgraph=True, backend="eager")
    assert_equal(compiled(x, t, number), loss(x, t, number))
