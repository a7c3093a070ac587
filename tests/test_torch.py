"""The PyTorch package as its users meet it: autograd, torch.func, compile, modules, drop-ins."""

import copy
import inspect
import pickle

import numpy as np
import pytest
import torch
from losses import CASES, WEIGHT, Case
from torch.autograd import forward_ad, gradcheck, gradgradcheck
from torch.nn import functional
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

import generated.torch as lossgen_torch
from generated.torch._autograd import differentiable

# Both sides round some dozens of float64 operations, 1.1e-16 each; exactness is conformance's part.
ROUNDING = {"rtol": 1e-12, "atol": 1e-13}

FLOAT_PARAMETERS = {
    "huber_loss": {"delta": 0.75},
    "cross_entropy": {"label_smoothing": 0.125},
    "dice_loss": {"smooth": 0.5},
    "info_nce_loss": {"temperature": 0.5},
}
ADDED = ("dialect", "sample_weight", "denominator")  # keywords that torch does not have
NAMESAKES = (
    ("MSELoss", "mse_loss"),
    ("L1Loss", "l1_loss"),
    ("HuberLoss", "huber_loss"),
    ("BCEWithLogitsLoss", "binary_cross_entropy_with_logits"),
    ("CrossEntropyLoss", "cross_entropy"),
)
BY_ID = {case.id: case for case in CASES}

each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
each_reduction = pytest.mark.parametrize(
    ("case", "reduction"),
    [(case, reduction) for case in CASES for reduction in case.reductions],
    ids=lambda value: getattr(value, "id", value),
)


def build(case: Case, **more):
    return getattr(lossgen_torch, case.class_name)(**case.options_as(torch.from_numpy), **more)


def tensors(case: Case, dtype=torch.float64, seed=0):
    """Return the inputs of a case, those of floating point as leaves."""
    made = [torch.from_numpy(x) for x in case.inputs(seed=seed)]
    return [x.to(dtype).requires_grad_() if x.is_floating_point() else x for x in made]


def floats(inputs):
    return [x for x in inputs if x.is_floating_point()]


def random_like(tensor, seed=1):
    numbers = np.random.default_rng(seed).standard_normal(tuple(tensor.shape))
    return torch.from_numpy(np.asarray(numbers)).to(tensor.dtype)


def derivatives(loss, wrt):
    """Return value, gradients under a random upstream, and their derivatives along vectors."""
    upstream = random_like(loss).requires_grad_()
    first = torch.autograd.grad(loss, wrt, upstream, create_graph=True)
    along = sum((g * random_like(g, seed)).sum() for seed, g in enumerate(first))
    second = torch.autograd.grad(along, [*wrt, upstream], allow_unused=True, materialize_grads=True)
    return [loss, *first, *second]


def floating_call(loss, inputs):
    """Return the loss as a function of its floating-point inputs, and these."""
    places = [k for k, x in enumerate(inputs) if x.is_floating_point()]

    def call(*values):
        full = list(inputs)
        for place, value in zip(places, values, strict=True):
            full[place] = value
        return loss(*full)

    return call, tuple(inputs[k].detach() for k in places)


def assert_equal(found, expected):
    torch.testing.assert_close(found, expected, rtol=0, atol=0, equal_nan=True)


# Values and derivatives.


@each_reduction
def test_value_gradient_and_second_derivative_agree_with_autograd(case, reduction):
    inputs = tensors(case)
    found = build(case, reduction=reduction)(*inputs)
    expected = case.reference(*inputs, reduction=reduction)
    wrt = floats(inputs)
    torch.testing.assert_close(derivatives(found, wrt), derivatives(expected, wrt), **ROUNDING)


@pytest.mark.parametrize(
    "case", [c for c in CASES if c.function in FLOAT_PARAMETERS], ids=lambda case: case.id
)
def test_a_parameter_may_be_a_tensor_with_derivatives(case):
    inputs, given = tensors(case), FLOAT_PARAMETERS[case.function]
    ((name, number),) = given.items()
    parameter = torch.tensor(number, dtype=torch.float64, requires_grad=True)
    options = case.options_as(torch.from_numpy) | {name: parameter}
    module = getattr(lossgen_torch, case.class_name)(**options)
    assert_equal(module(*inputs), build(case) and type(module)(**options | given)(*inputs))
    wrt = [*floats(inputs), parameter]
    expected = case.reference(*inputs, **{name: parameter})
    torch.testing.assert_close(
        derivatives(module(*inputs), wrt), derivatives(expected, wrt), **ROUNDING
    )


@each_case
def test_class_and_function_are_one(case):
    inputs, options = tensors(case), case.options_as(torch.from_numpy)
    function = getattr(lossgen_torch, case.function)
    names = list(inspect.signature(function).parameters)[: len(inputs)]
    expected = function(*inputs, **options, reduction="sum")
    module = build(case, reduction="sum")
    assert_equal(module(*inputs), expected)
    by_name = dict(zip(names, inputs, strict=True))
    assert_equal(module(**by_name), expected)
    assert_equal(function(**by_name, **options, reduction="sum"), expected)


@each_case
def test_gradcheck_in_both_modes(case):
    reduction = case.reductions[0]
    call, values = floating_call(build(case, reduction=reduction), tensors(case))
    values = tuple(value.requires_grad_() for value in values)
    assert gradcheck(call, values, check_forward_ad=True, check_batched_grad=True)
    assert gradgradcheck(call, values, check_fwd_over_rev=True, check_batched_grad=True)


def test_gradcheck_by_parameters_too():
    for function, given in FLOAT_PARAMETERS.items():
        ((name, number),) = given.items()
        case = next(case for case in CASES if case.function == function)
        inputs = tensors(case)
        wrt = (*floats(inputs), torch.tensor(number, dtype=torch.float64, requires_grad=True))

        def call(*values, name=name, function=function, inputs=inputs):
            full = [*values[:-1], *inputs[len(values) - 1 :]]
            return getattr(lossgen_torch, function)(*full, **{name: values[-1]}, reduction="none")

        assert gradcheck(call, wrt, check_forward_ad=True)
        assert gradgradcheck(call, wrt, check_fwd_over_rev=True)


def test_third_derivatives_through_the_analytic_second():
    # Autograd looks through the formula of the second derivative.
    for name in ("bce", "cross_entropy", "info_nce"):
        call, values = floating_call(build(BY_ID[name]), tensors(BY_ID[name]))
        reference, _ = floating_call(BY_ID[name].reference, tensors(BY_ID[name]))
        along = [random_like(value) for value in values]

        def third(f, values=values, along=along):
            def directional(*values):
                return torch.func.jvp(f, values, tuple(along))[1]

            def twice(*values):
                return torch.func.jvp(directional, values, tuple(along))[1]

            return torch.func.grad(twice)(*values)

        torch.testing.assert_close(third(call), third(reference), **ROUNDING)


def test_kernels_that_give_their_arguments_back():
    # A linear loss: upstream, arguments and tangents come back as they are.
    identity = differentiable(
        value=lambda x: x,
        value_and_gradient=lambda upstream, x, wanted: (x, upstream),
        tangent=lambda x, dx: dx,
        curvature=lambda upstream, x, dx, wanted: (0.0,),
        axes={"x": "..."},
        wrt=("x",),
        loss="...",
    ).call
    x = torch.ones(2, dtype=torch.float64, requires_grad=True)
    assert identity(x) is not x
    assert identity(x).data_ptr() != x.data_ptr()
    assert gradcheck(identity, (x,), check_forward_ad=True)
    assert gradgradcheck(identity, (x,), check_fwd_over_rev=True)
    upstream = torch.ones(2, dtype=torch.float64)
    (grad,) = torch.autograd.grad(identity(x), x, upstream)
    assert grad.data_ptr() != upstream.data_ptr()


def test_the_share_of_what_is_counted_has_all_digits():
    logits = torch.zeros(9, 3, dtype=torch.float64, requires_grad=True)
    labels = torch.zeros(9, dtype=torch.long)
    lossgen_torch.cross_entropy(logits, labels, dialect="chainer").backward()
    torch.testing.assert_close(
        logits.grad[0, 1], torch.tensor(1 / 27, dtype=torch.float64), rtol=1e-15, atol=0
    )


def test_none_in_the_gradient_where_nobody_asks():
    x, t = tensors(BY_ID["huber"])
    lossgen_torch.huber_loss(x, t.detach()).backward()
    assert x.grad is not None
    x, t = tensors(BY_ID["huber"])
    lossgen_torch.huber_loss(x.detach(), t).backward()
    assert t.grad is not None
    with torch.no_grad():
        assert not lossgen_torch.huber_loss(x, t).requires_grad
    with torch.inference_mode():
        assert lossgen_torch.huber_loss(x, t).isfinite()


def test_weights_are_constants():
    for case in (BY_ID["bce-weighted"], BY_ID["weighted_mse-rows"], BY_ID["cross_entropy-images"]):
        options = case.options_as(lambda w: torch.from_numpy(w.copy()).requires_grad_())
        loss = getattr(lossgen_torch, case.function)(*tensors(case), **options)
        weights = [w for w in options.values() if isinstance(w, torch.Tensor)]
        found = torch.autograd.grad(loss, weights, allow_unused=True)
        assert all(grad is None for grad in found)


# torch.func and torch.compile.


@each_case
def test_hessian_and_jvp_under_torch_func(case):
    call, values = floating_call(build(case), tensors(case))
    reference, _ = floating_call(case.reference, tensors(case))
    everything = tuple(range(len(values)))
    found = torch.func.hessian(call, everything)(*values)
    torch.testing.assert_close(
        found, torch.func.hessian(reference, everything)(*values), **ROUNDING
    )
    reverse_twice = torch.func.jacrev(torch.func.jacrev(call, everything), everything)(*values)
    torch.testing.assert_close(reverse_twice, found, **ROUNDING)
    forward_twice = torch.func.jacfwd(torch.func.jacfwd(call, everything), everything)(*values)
    torch.testing.assert_close(forward_twice, found, **ROUNDING)
    along = tuple(random_like(value) for value in values)
    torch.testing.assert_close(
        torch.func.jvp(call, values, along), torch.func.jvp(reference, values, along), **ROUNDING
    )


@each_case
def test_vmap_of_value_gradient_and_hessian_is_a_loop(case):
    module = build(case)
    batches = [[x.detach() for x in tensors(case, seed=seed)] for seed in range(3)]
    stacked = [torch.stack(xs) for xs in zip(*batches, strict=True)]
    for transform in (lambda f: f, torch.func.grad, torch.func.hessian):
        expected = torch.stack([transform(module)(*inputs) for inputs in batches])
        found = torch.vmap(transform(module))(*stacked)
        torch.testing.assert_close(found, expected, **ROUNDING)


def test_vmap_over_one_argument_and_over_another_axis():
    x, t = (x.detach() for x in tensors(BY_ID["bce"]))
    loss = lossgen_torch.BCEWithLogitsLoss(pos_weight=torch.from_numpy(WEIGHT))
    rows = torch.stack([loss(x, t), loss(2 * x, t)])
    found = torch.vmap(loss, (2, None))(torch.stack([x, 2 * x], 2), t)
    torch.testing.assert_close(found, rows, **ROUNDING)


@each_case
def test_compiled_class_is_the_eager_one(case):
    torch.compiler.reset()
    module = build(case)
    compiled = torch.compile(module, fullgraph=True, backend="aot_eager")
    inputs = tensors(case)
    found, expected = compiled(*inputs), module(*inputs)
    torch.testing.assert_close(found, expected, **ROUNDING)
    wrt = floats(inputs)
    torch.testing.assert_close(
        torch.autograd.grad(found, wrt), torch.autograd.grad(expected, wrt), **ROUNDING
    )


@pytest.mark.parametrize("name", ["huber", "bce-weighted", "cross_entropy-ignored", "info_nce"])
def test_compiled_hessian_is_the_eager_one(name):
    torch.compiler.reset()
    call, values = floating_call(build(BY_ID[name]), tensors(BY_ID[name]))
    hessian = torch.func.hessian(call)
    compiled = torch.compile(hessian, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(*values), hessian(*values), **ROUNDING)


def test_compiled_with_dynamic_shapes_and_a_learnt_temperature():
    torch.compiler.reset()
    temperature = torch.tensor(0.5, dtype=torch.float64, requires_grad=True)
    module = lossgen_torch.InfoNCELoss(temperature=temperature)
    compiled = torch.compile(module, fullgraph=True, backend="aot_eager", dynamic=True)
    for size in (3, 5):
        query, key = torch.randn(2, size, 4, dtype=torch.float64, requires_grad=True)
        found, expected = compiled(query, key), module(query, key)
        torch.testing.assert_close(found, expected, **ROUNDING)
        found, expected = (torch.autograd.grad(y, [temperature]) for y in (found, expected))
        torch.testing.assert_close(found, expected, **ROUNDING)


def test_inductor_compiles_a_loss_of_each_shape_of_formula():
    torch.compiler.reset()
    for name in ("huber", "cross_entropy-images"):
        module, inputs = build(BY_ID[name]), tensors(BY_ID[name])
        found = torch.compile(module, fullgraph=True)(*inputs)
        torch.testing.assert_close(found, module(*inputs), **ROUNDING)
        found, expected = (torch.autograd.grad(y, inputs[0]) for y in (found, module(*inputs)))
        torch.testing.assert_close(found, expected, **ROUNDING)


# Drop-ins for torch.nn.


def drop_in_calls():
    """Return (class, options, inputs) for the namesakes, over shapes and combined options."""
    rng = np.random.default_rng(7)
    weight = torch.from_numpy(WEIGHT)

    def normal(*shape):
        return torch.from_numpy(np.asarray(3 * rng.standard_normal(shape)))

    for shape in ((), (4,), (2, 3), (2, 3, 4), (0,)):
        x, t = normal(*shape), normal(*shape)
        yield "MSELoss", {}, (x, t)
        yield "L1Loss", {}, (x, t)
        for delta in (1.0, 0.3):
            yield "HuberLoss", {"delta": delta}, (x, t)
        yield "BCEWithLogitsLoss", {}, (x, torch.sigmoid(t))
    for weights in ({"weight": weight}, {"pos_weight": weight}, {"weight": weight[:1]}):
        yield "BCEWithLogitsLoss", weights, (normal(2, 3, 4), torch.sigmoid(normal(2, 3, 4)))
    both = {"weight": normal(3, 1).abs(), "pos_weight": weight}
    yield "BCEWithLogitsLoss", both, (normal(3, 4), (normal(3, 4) > 0).double())
    for shape in ((), (6,), (2, 3), (2, 3, 2), (0,), (2, 0)):
        classes = (*shape[:1], 4, *shape[1:])
        labels = torch.from_numpy(np.asarray(rng.integers(4, size=shape)))
        dense = torch.softmax(normal(*classes), min(1, len(shape)))
        for smoothing in ({}, {"label_smoothing": 0.1}, {"label_smoothing": 1.0}):
            for weights in ({}, {"weight": weight}):
                for ignored in ({}, {"ignore_index": 2}):
                    options = smoothing | weights | ignored
                    yield "CrossEntropyLoss", options, (normal(*classes), labels)
                yield "CrossEntropyLoss", smoothing | weights, (normal(*classes), dense)


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
def test_namesakes_give_torchs_values_and_gradients(reduction):
    functions = dict(NAMESAKES)
    for class_name, options, inputs in drop_in_calls():
        results = []
        for classes, module in ((torch.nn, functional), (lossgen_torch, lossgen_torch)):
            x, t = (x.clone().requires_grad_(x.is_floating_point()) for x in inputs)
            wrt = floats((x, t)) if class_name != "HuberLoss" else [x]
            loss = getattr(classes, class_name)(**options, reduction=reduction)(x, t)
            same = getattr(module, functions[class_name])(x, t, **options, reduction=reduction)
            assert_equal(loss, same)
            upstream = random_like(loss)
            results.append((loss, torch.autograd.grad(loss, wrt, upstream)))
        message = f"{class_name}({options}) of {inputs}: {{}}".format
        torch.testing.assert_close(*results[::-1], equal_nan=True, msg=message, **ROUNDING)


@pytest.mark.parametrize(("class_name", "function"), NAMESAKES)
def test_namesakes_have_torchs_signatures(class_name, function):
    def visible(call):
        parameters = inspect.signature(call).parameters.values()
        return [
            (p.name, p.default, p.kind)
            for p in parameters
            if p.name not in ("size_average", "reduce", *ADDED)
        ]

    ours, theirs = getattr(lossgen_torch, class_name), getattr(torch.nn, class_name)
    assert visible(ours) == visible(theirs)
    assert visible(ours.forward) == visible(theirs.forward)
    assert visible(getattr(lossgen_torch, function)) == visible(getattr(functional, function))


def test_positional_arguments_as_in_torch():
    weight = torch.from_numpy(WEIGHT)
    x, y = tensors(BY_ID["cross_entropy"])
    assert lossgen_torch.CrossEntropyLoss(weight).weight is weight
    torch.testing.assert_close(
        lossgen_torch.cross_entropy(x, y, weight, -100, "sum", 0.1),
        functional.cross_entropy(x, y, weight, reduction="sum", label_smoothing=0.1),
        **ROUNDING,
    )
    assert lossgen_torch.HuberLoss("sum", 2.0).delta == 2.0
    assert lossgen_torch.MSELoss("sum").reduction == "sum"


@pytest.mark.parametrize("function", ["mse_loss", "l1_loss", "huber_loss"])
@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
def test_the_functions_weight_is_torchs(function, reduction):
    x, t = tensors(BY_ID["mse"])
    weight = random_like(x, 5).abs()
    found, expected = (
        getattr(module, function)(x, t, weight=weight, reduction=reduction)
        for module in (lossgen_torch, functional)
    )
    torch.testing.assert_close(found, expected, **ROUNDING)
    found, expected = (torch.autograd.grad(y.sum(), [x, t]) for y in (found, expected))
    torch.testing.assert_close(found, expected, **ROUNDING)


# Dtypes.


@pytest.mark.parametrize("half", [torch.float16, torch.bfloat16], ids=str)
@each_reduction
def test_half_types_are_computed_in_float32_and_rounded_once(case, reduction, half):
    module = build(case, reduction=reduction)
    inputs = tensors(case, half)
    wide = [x.detach().float().requires_grad_() if x.is_floating_point() else x for x in inputs]
    found, expected = module(*inputs), module(*wide)
    assert found.dtype == half
    assert_equal(found, expected.to(half))
    upstream = random_like(found)
    found = torch.autograd.grad(found, floats(inputs), upstream)
    expected = torch.autograd.grad(expected, floats(wide), upstream.float())
    assert_equal(found, tuple(x.to(half) for x in expected))


@each_case
def test_float32_in_float32_out_and_close_to_the_formula(case):
    inputs = tensors(case, torch.float32)
    found = build(case)(*inputs)
    assert found.dtype == torch.float32
    # Some dozens of roundings of 6e-8.
    torch.testing.assert_close(found.double(), case.reference(*inputs), rtol=3e-6, atol=1e-6)
    assert all(g.dtype == torch.float32 for g in torch.autograd.grad(found, floats(inputs)))


class Dtypes(TorchDispatchMode):
    """Remembers the dtypes of all that is computed."""

    def __init__(self):
        super().__init__()
        self.seen = set()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        made = tree_leaves(result)
        self.seen |= {x.dtype for x in made if isinstance(x, torch.Tensor)}
        return result


@each_case
def test_float32_is_never_widened_on_the_way(case):
    # Some devices have no float64, and on most it is slow.
    inputs = tensors(case, torch.float32)
    module = getattr(lossgen_torch, case.class_name)(
        **case.options_as(lambda weight: torch.from_numpy(weight).float())
    )
    with Dtypes() as dtypes:
        loss = module(*inputs)
        grads = torch.autograd.grad(loss, floats(inputs), create_graph=True)
        torch.autograd.grad(sum(g.square().sum() for g in grads), floats(inputs))
    assert torch.float32 in dtypes.seen
    assert torch.float64 not in dtypes.seen


@each_case
def test_autocast_changes_nothing(case):
    module, inputs = build(case), tensors(case, torch.float32)
    results = []
    for enabled in (False, True):
        with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
            loss = module(*inputs)
        grads = torch.autograd.grad(loss, floats(inputs), create_graph=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
            second = torch.autograd.grad(sum(g.square().sum() for g in grads), floats(inputs))
        results.append((loss, grads, second))
    assert_equal(*results)


def test_the_result_has_the_first_predictions_dtype():
    x1, t1, x2, t2 = tensors(BY_ID["two_head"], torch.float32)
    loss = lossgen_torch.two_head_loss(x1, t1, x2.double(), t2.double())
    assert_equal(loss, lossgen_torch.two_head_loss(x1, t1, x2, t2))
    with pytest.raises(TypeError, match="input2 must be a floating-point Tensor"):
        lossgen_torch.two_head_loss(x1, t1, x2.long(), t2)


def test_autocast_does_not_reach_the_products_in_a_kernel():
    product = differentiable(
        value=lambda x, y: x @ y,
        value_and_gradient=lambda upstream, x, y, wanted: (x @ y, upstream @ y.T, x.T @ upstream),
        tangent=lambda x, y, dx, dy: dx @ y + x @ dy,
        curvature=lambda upstream, x, y, dx, dy, wanted: (upstream @ dy.T, dx.T @ upstream),
        axes={"x": "i j", "y": "j k"},
        wrt=("x", "y"),
        loss="i k",
    ).call
    x = torch.full((2, 2), 1.001, requires_grad=True)
    expected = derivatives(product(x, x), [x])
    with torch.autocast("cpu", torch.bfloat16):
        assert (x @ x).dtype == torch.bfloat16
        assert_equal(derivatives(product(x, x), [x]), expected)


def test_integer_and_other_targets_are_cast():
    x = torch.tensor([0.5, -1.0, 2.0])
    t = torch.tensor([0, 1, 1])
    for function in ("mse_loss", "l1_loss", "huber_loss", "binary_cross_entropy_with_logits"):
        loss = getattr(lossgen_torch, function)
        for target in (t, t.bool(), t.double(), t.half()):
            assert_equal(loss(x, target), loss(x, t.float()))
    labels = torch.tensor([0, 1])
    for dtype in (torch.int32, torch.uint8):
        loss = lossgen_torch.cross_entropy(torch.eye(2), labels.to(dtype))
        assert_equal(loss, lossgen_torch.cross_entropy(torch.eye(2), labels))
    one_hot = torch.tensor([[True, False], [False, True]])
    loss = lossgen_torch.cross_entropy(torch.eye(2), one_hot)
    assert_equal(loss, lossgen_torch.cross_entropy(torch.eye(2), one_hot.float()))


# Modules.


def test_weights_are_buffers_and_follow_the_module():
    loss = lossgen_torch.BCEWithLogitsLoss(pos_weight=torch.from_numpy(WEIGHT))
    assert list(loss.state_dict()) == ["pos_weight"]
    assert list(torch.nn.BCEWithLogitsLoss(pos_weight=torch.ones(4)).state_dict()) == ["pos_weight"]
    assert loss.weight is None
    assert loss.to(torch.float32).pos_weight.dtype == torch.float32
    loss.load_state_dict({"pos_weight": torch.ones(4)})
    assert_equal(loss.pos_weight, torch.ones(4))


@each_case
def test_modules_pickle_copy_and_load(case):
    module, inputs = build(case), tensors(case)
    expected = module(*inputs)
    for same in (copy.deepcopy(module), pickle.loads(pickle.dumps(module))):
        assert repr(same) == repr(module)
        assert_equal(same(*inputs), expected)
    assert not module.load_state_dict(module.state_dict()).missing_keys


def test_repr_shows_the_parameters():
    assert repr(lossgen_torch.HuberLoss(delta=2.0)) == "HuberLoss(reduction='mean', delta=2.0)"
    cross = lossgen_torch.CrossEntropyLoss(torch.ones(2), ignore_index=3)
    shown = "CrossEntropyLoss(ignore_index=3, reduction='mean', label_smoothing=0.0)"
    assert repr(cross) == shown


def test_a_learnable_temperature_is_a_parameter_of_the_module():
    module = lossgen_torch.InfoNCELoss(temperature=torch.nn.Parameter(torch.tensor(0.5)))
    assert [name for name, _ in module.named_parameters()] == ["temperature"]
    module(torch.eye(3), torch.eye(3)).backward()
    assert module.temperature.grad.shape == ()
    assert module.temperature.grad.abs() > 0


def test_named_parts_add_up():
    case = BY_ID["two_head"]
    inputs = tensors(case)
    module = build(case)
    parts = module.parts(*inputs)
    assert list(parts) == ["loss1", "loss2"]
    assert_equal(parts["loss1"] + parts["loss2"], module(*inputs))
    total, same = lossgen_torch.two_head_loss(*inputs, return_parts=True)
    assert_equal((total, same), (module(*inputs), parts))


# Shapes, masks and edges.


@each_case
def test_strided_inputs_and_upstreams_change_nothing_and_nothing_is_written(case):
    inputs = tensors(case)
    strided = [
        torch.stack([x, x + 1 if x.is_floating_point() else x], -1)[..., 0].detach() for x in inputs
    ]
    strided = [x.requires_grad_(x.is_floating_point()) for x in strided]
    module = build(case, reduction=case.reductions[0])
    versions = [(x._version, x.detach().clone()) for x in strided]
    found, expected = module(*strided), module(*inputs)
    # Sums run in another order over other strides.
    torch.testing.assert_close(found, expected, **ROUNDING)
    upstream = torch.stack([random_like(found)] * 2, -1)[..., 0]
    kept = upstream.clone()
    found = torch.autograd.grad(found, floats(strided), upstream)
    expected = torch.autograd.grad(expected, floats(inputs), kept)
    torch.testing.assert_close(found, expected, **ROUNDING)
    assert_equal(upstream, kept)
    for x, (version, before) in zip(strided, versions, strict=True):
        assert x._version == version
        assert_equal(x.detach(), before)


def test_expanded_inputs_and_upstreams():
    x = torch.tensor(0.5, dtype=torch.float64, requires_grad=True)
    lossgen_torch.mse_loss(x.expand(3), torch.zeros(3), "none").sum().backward()
    assert_equal(x.grad, torch.tensor(3.0, dtype=torch.float64))
    same = torch.ones(3, requires_grad=True)
    (grad,) = torch.autograd.grad(lossgen_torch.mse_loss(same, same), same)
    assert_equal(grad, torch.zeros(3))


def test_empty_inputs():
    empty = torch.zeros(0, 3, requires_grad=True)
    for function in ("mse_loss", "l1_loss", "huber_loss", "binary_cross_entropy_with_logits"):
        loss = getattr(lossgen_torch, function)
        assert loss(empty, torch.zeros(0, 3)).isnan()
        assert loss(empty, torch.zeros(0, 3), reduction="sum") == 0
        assert loss(empty, torch.zeros(0, 3), reduction="none").shape == (0, 3)
    labels = torch.zeros(0, dtype=torch.long)
    assert lossgen_torch.cross_entropy(empty, labels).isnan()
    assert lossgen_torch.cross_entropy(empty, labels, reduction="sum") == 0
    assert lossgen_torch.cross_entropy(empty, labels, reduction="none").shape == (0,)
    assert lossgen_torch.info_nce_loss(empty, empty).isnan()
    assert lossgen_torch.info_nce_loss(empty, empty, reduction="sum") == 0
    weighted = lossgen_torch.WeightedMSELoss(torch.ones(0))
    assert weighted(empty, empty).isnan()
    (grad,) = torch.autograd.grad(weighted(empty, empty), empty)
    assert grad.shape == (0, 3)


@pytest.mark.parametrize("smoothing", [0.0, 0.25])
def test_masked_rows_are_exactly_zero_whatever_they_hold(smoothing):
    x = torch.tensor([[1.0, 2.0], [torch.nan, 1.0], [torch.inf, -torch.inf]], requires_grad=True)
    y = torch.tensor([1, -100, -100])
    for reduction in ("none", "mean", "sum"):
        loss = lossgen_torch.cross_entropy(x, y, reduction=reduction, label_smoothing=smoothing)
        alone = lossgen_torch.cross_entropy(
            x[:1], y[:1], reduction=reduction, label_smoothing=smoothing
        )
        assert_equal(loss.sum(), alone.sum())
        (grad,) = torch.autograd.grad(loss.sum(), x, create_graph=True)
        assert_equal(grad[1:], torch.zeros(2, 2))
        assert grad[0].abs().sum() > 0
        (second,) = torch.autograd.grad(grad.square().sum(), x, retain_graph=True)
        assert_equal(second[1:], torch.zeros(2, 2))
        assert second[0].abs().sum() > 0

    def call(x):
        return lossgen_torch.cross_entropy(x, y, label_smoothing=smoothing)

    hessian = torch.func.hessian(call)(x.detach())
    assert_equal(hessian[1:], torch.zeros(2, 2, 3, 2))
    assert_equal(hessian[:1, :, 1:], torch.zeros(1, 2, 2, 2))
    with forward_ad.dual_level():
        dual = forward_ad.make_dual(x.detach(), torch.ones_like(x) * torch.arange(2))
        assert forward_ad.unpack_dual(call(dual)).tangent.isfinite()


def test_wholly_masked():
    x, y = torch.full((2, 3), torch.nan, requires_grad=True), torch.tensor([-100, -100])
    assert lossgen_torch.cross_entropy(x, y).isnan()
    total = lossgen_torch.cross_entropy(x, y, reduction="sum")
    assert_equal(total, torch.tensor(0.0))
    assert_equal(torch.autograd.grad(total, x)[0], torch.zeros(2, 3))


@each_case
def test_nan_in_nan_out(case):
    inputs = tensors(case)
    for place, x in enumerate(inputs):
        if not x.is_floating_point() or place in case.categories:
            continue
        poisoned = [x.detach().clone() for x in inputs]
        poisoned[place].view(-1)[-1] = torch.nan
        poisoned = [x.requires_grad_(x.is_floating_point()) for x in poisoned]
        loss = build(case)(*poisoned)
        assert loss.isnan()
        grads = torch.autograd.grad(loss, floats(poisoned))
        assert any(grad.isnan().any() for grad in grads)


def test_a_zero_vector_has_cosine_zero_and_finite_derivatives():
    query = torch.tensor([[0.0, 0.0], [1.0, 2.0]], dtype=torch.float64, requires_grad=True)
    key = torch.tensor([[1.0, 0.0], [0.0, 3.0]], dtype=torch.float64, requires_grad=True)
    loss = lossgen_torch.info_nce_loss(query, key, reduction="none")
    torch.testing.assert_close(loss[0], torch.tensor(2.0, dtype=torch.float64).log(), **ROUNDING)
    grads = torch.autograd.grad(loss.sum(), [query, key])
    assert all(grad.isfinite().all() for grad in grads)


# Errors.


def test_an_invalid_label_is_an_error_where_values_are_at_hand():
    x = torch.zeros(2, 3)
    for label in (3, -1, 100):
        with pytest.raises(ValueError, match=rf"target must hold labels in \[0, 3\), got {label}"):
            lossgen_torch.cross_entropy(x, torch.tensor([0, label]))


@pytest.mark.parametrize("smoothing", [0.0, 0.25])
@pytest.mark.parametrize("label", [-1, 3, 2**40])
def test_an_invalid_label_makes_its_own_row_nan_where_they_are_not(label, smoothing):
    torch.compiler.reset()
    x = torch.randn(3, 3, dtype=torch.float64, requires_grad=True)
    y, valid = torch.tensor([0, label, 2]), torch.tensor([True, False, True])

    def call(x, y):
        return lossgen_torch.cross_entropy(x, y, reduction="none", label_smoothing=smoothing)

    expected = call(x[valid], y[valid])
    compiled = torch.compile(call, fullgraph=True, backend="aot_eager")
    for found in (torch.vmap(call)(x, y), compiled(x, y)):
        assert found[1].isnan()
        torch.testing.assert_close(found[valid], expected, **ROUNDING)
        (grad,) = torch.autograd.grad(found.sum(), x)
        assert grad[1].isnan().all()
        torch.testing.assert_close(
            grad[valid],
            torch.autograd.grad(call(x[valid], y[valid]).sum(), x)[0][valid],
            **ROUNDING,
        )


SHAPE_ERRORS = {
    "mse_loss": ((2, 3), (3,), {}, "target must have shape"),
    "l1_loss": ((2, 1), (2,), {}, "target must have shape"),
    "huber_loss": ((2,), (1,), {}, "target must have shape"),
    "weighted_mse_loss": ((2, 3), (2,), {"weights": torch.ones(2)}, "target must have shape"),
    "binary_cross_entropy_with_logits": ((2, 3), (3,), {}, "target must have shape"),
    "cross_entropy": ((2, 3), (2, 4), {}, "target must have shape"),
    "dice_loss": ((2, 3), (2, 1), {}, "target must have shape"),
    "info_nce_loss": ((2, 3), (3, 3), {}, "key must have shape"),
}


@pytest.mark.parametrize("function", SHAPE_ERRORS)
def test_shapes_that_would_broadcast_are_refused(function):
    shape, other, options, message = SHAPE_ERRORS[function]
    with pytest.raises(ValueError, match=message):
        getattr(lossgen_torch, function)(torch.zeros(shape), torch.zeros(other), **options)


def test_shapes_of_weights_are_checked():
    x, t = torch.zeros(10, 1), torch.zeros(10, 1)
    with pytest.raises(ValueError, match="weight must have shape"):
        lossgen_torch.mse_loss(x, t, weight=torch.ones(10))
    with pytest.raises(ValueError, match="weights must have shape"):
        lossgen_torch.weighted_mse_loss(x, t, weights=torch.ones(1))
    with pytest.raises(ValueError, match="weight must broadcast to shape"):
        lossgen_torch.binary_cross_entropy_with_logits(x, t, torch.ones(10))
    with pytest.raises(ValueError, match="pos_weight must broadcast to shape"):
        lossgen_torch.binary_cross_entropy_with_logits(x, t, pos_weight=torch.ones(2, 10, 1))
    with pytest.raises(ValueError, match="weight must have shape"):
        lossgen_torch.cross_entropy(torch.zeros(2, 3), torch.tensor([0, 1]), torch.ones(1))
    with pytest.raises(ValueError, match="target must have shape"):
        lossgen_torch.cross_entropy(torch.zeros(2, 3), torch.tensor([0]))
    with pytest.raises(ValueError, match="input must have"):
        lossgen_torch.dice_loss(torch.zeros(3), torch.zeros(3))
    with pytest.raises(ValueError, match="query must have"):
        lossgen_torch.info_nce_loss(torch.zeros(3), torch.zeros(3))


@each_case
def test_integer_predictions_are_refused_by_name(case):
    inputs = [x.detach().long() for x in tensors(case)]
    first = next(iter(inspect.signature(build(case).forward).parameters))
    with pytest.raises(TypeError, match=f"{first} must be a floating-point Tensor"):
        build(case)(*inputs)
    with pytest.raises(TypeError, match=f"{first} must be a"):
        build(case)(inputs[0].tolist(), *inputs[1:])


@each_case
def test_an_unknown_reduction_is_refused_by_class_and_function(case):
    with pytest.raises(ValueError, match=r"reduction must be one of .*'mean', 'sum', got 'avg'"):
        build(case, reduction="avg")
    options = case.options_as(torch.from_numpy)
    with pytest.raises(ValueError, match="reduction must be one of"):
        getattr(lossgen_torch, case.function)(*tensors(case), **options, reduction="avg")


def test_other_devices_are_refused_by_name():
    x, t, elsewhere = torch.zeros(2, 3), torch.zeros(2, 3), torch.zeros(2, 3, device="meta")
    with pytest.raises(ValueError, match="target must be on cpu as input is, got meta"):
        lossgen_torch.mse_loss(x, elsewhere)
    with pytest.raises(ValueError, match="weight must be on cpu as input is, got meta"):
        lossgen_torch.binary_cross_entropy_with_logits(x, t, elsewhere)


@pytest.mark.parametrize(
    ("function", "options", "message"),
    [
        ("huber_loss", {"delta": 0.0}, "delta must be positive, got 0.0"),
        ("huber_loss", {"delta": torch.ones(2)}, "delta must be a number or 0-d Tensor"),
        ("dice_loss", {"smooth": -1.0}, "smooth must be"),
        ("info_nce_loss", {"temperature": float("nan")}, "temperature must be positive"),
        ("cross_entropy", {"label_smoothing": 1.5}, r"label_smoothing must be in \[0.0, 1.0\]"),
    ],
)
def test_parameters_outside_their_range_are_refused(function, options, message):
    x = torch.zeros(2, 3)
    with pytest.raises(ValueError, match=message):
        getattr(lossgen_torch, function)(x, x, **options)


def test_parameters_and_targets_of_a_wrong_type_are_refused():
    x = torch.zeros(2, 3)
    with pytest.raises(TypeError, match="delta must be a number"):
        lossgen_torch.huber_loss(x, x, delta="1")
    with pytest.raises(TypeError, match="target must be a Tensor"):
        lossgen_torch.mse_loss(x, 0.0)
    with pytest.raises(TypeError, match="target must be real"):
        lossgen_torch.cross_entropy(x, torch.zeros(2, dtype=torch.complex64))
    with pytest.raises(ValueError, match="target must have shape"):
        lossgen_torch.cross_entropy(x, torch.tensor([True, False]))


def test_the_package_exports_each_case_and_nothing_private():
    for case in CASES:
        assert {case.class_name, case.function} <= set(lossgen_torch.__all__)
    assert not [name for name in lossgen_torch.__all__ if name.startswith("_")]
