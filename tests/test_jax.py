"""The JAX package as its users meet it: grad, jit, vmap, Hessians, pytrees, dtypes, errors."""

import copy
import dataclasses
import inspect
import pickle

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch
from jax.test_util import check_grads
from losses import CASES, Case
from mpmath import mp

import generated.jax as lossgen_jax
import generated.numpy as lossgen_numpy
from generated.jax import _arrays

# Both sides round some dozens of float64 operations, 1.1e-16 each; exactness is conformance's part.
ROUNDING = {"rtol": 1e-12, "atol": 1e-13}

FLOAT_PARAMETERS = {
    "huber_loss": ("delta", 0.75),
    "cross_entropy": ("label_smoothing", 0.125),
    "dice_loss": ("smooth", 0.5),
    "info_nce_loss": ("temperature", 0.5),
}
WEIGHTS = ("weight", "weights", "pos_weight")
BY_ID = {case.id: case for case in CASES}
ELEMENTWISE = ("mse_loss", "l1_loss", "huber_loss", "binary_cross_entropy_with_logits")

each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
# Compiling derivatives takes seconds, so these are the cases whose formulas differ.
each_formula = pytest.mark.parametrize(
    "case",
    [
        case
        for case in CASES
        if case.id not in ("huber-delta", "dice-smooth", "info_nce-temperature")
        and case.id not in ("cross_entropy-ignored", "cross_entropy-one-sample")
    ],
    ids=lambda case: case.id,
)
each_reduction = pytest.mark.parametrize(
    ("case", "reduction"),
    [(case, reduction) for case in CASES for reduction in case.reductions],
    ids=lambda value: getattr(value, "id", value),
)


@pytest.fixture(autouse=True)
def _double_precision():
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", before)


def build(case: Case, **more):
    return getattr(lossgen_jax, case.class_name)(**(case.options_as(jnp.asarray) | more))


def arrays(case: Case, dtype=jnp.float64, seed=0):
    """Return the inputs of a case; integer labels stay what they are."""
    made = [jnp.asarray(x) for x in case.inputs(seed=seed)]
    return [x.astype(dtype) if jnp.issubdtype(x.dtype, jnp.floating) else x for x in made]


def random_like(array, seed=1):
    numbers = np.random.default_rng(seed).standard_normal(array.shape)
    return jnp.asarray(numbers, array.dtype)


def floating_call(loss, inputs, case=None):
    """Return the loss as a function of its floating-point inputs, and these.

    Given the case, inputs of which only some values mean anything are left out.
    """
    fixed = () if case is None else case.categories
    floats = [k for k, x in enumerate(inputs) if jnp.issubdtype(x.dtype, jnp.floating)]
    places = [k for k in floats if k not in fixed]

    def call(*values):
        full = list(inputs)
        for place, value in zip(places, values, strict=True):
            full[place] = value
        return loss(*full)

    return call, tuple(inputs[k] for k in places)


def reference_call(case, inputs, **more):
    """Return the independent formula in the same way, over PyTorch tensors."""
    places = [k for k, x in enumerate(inputs) if jnp.issubdtype(x.dtype, jnp.floating)]

    def call(*values):
        full = [torch.from_numpy(np.array(x)) for x in inputs]
        for place, value in zip(places, values, strict=True):
            full[place] = value
        return case.reference(*full, **more)

    return call, tuple(torch.from_numpy(np.array(inputs[k])) for k in places)


def to_torch(value):
    return jax.tree.map(lambda x: torch.from_numpy(np.array(x)), value)


def assert_close(found, expected):
    pairs = zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True)
    for a, b in pairs:
        np.testing.assert_allclose(np.asarray(a), np.asarray(b), **ROUNDING)
        assert jnp.shape(a) == tuple(b.shape)


def assert_equal(found, expected):
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(np.asarray(found), np.asarray(expected), strict=True)


# Values and derivatives.


@each_reduction
def test_value_gradient_and_hessian_vector_product_agree_with_autograd(case, reduction):
    inputs = arrays(case)
    call, values = floating_call(build(case, reduction=reduction), inputs)
    reference, tensors = reference_call(case, inputs, reduction=reduction)
    upstream = random_like(call(*values))
    along = tuple(random_like(value) for value in values)

    def gradient(*values):
        return jax.vjp(call, *values)[1](upstream)

    def expected_gradient(*tensors):
        return torch.func.vjp(reference, *tensors)[1](to_torch(upstream))

    assert_close(call(*values), reference(*tensors))
    found = jax.jit(lambda *values: jax.jvp(gradient, values, along))(*values)
    assert_close(found, torch.func.jvp(expected_gradient, tensors, to_torch(along)))


@pytest.mark.parametrize(
    "case", [c for c in CASES if c.function in FLOAT_PARAMETERS], ids=lambda case: case.id
)
def test_a_parameter_may_be_an_array_with_derivatives(case):
    name, number = FLOAT_PARAMETERS[case.function]
    inputs = arrays(case)
    options = {key: value for key, value in case.options.items() if key != name}
    function = getattr(lossgen_jax, case.function)

    def call(parameter, first):
        return function(first, *inputs[1:], **options, **{name: parameter})

    def reference(parameter, first):
        rest = [torch.from_numpy(np.array(x)) for x in inputs[1:]]
        return case.reference(first, *rest, **{name: parameter})

    at = (jnp.asarray(number), inputs[0])
    assert_close(call(*at), call(number, inputs[0]))
    gradient, expected = jax.jit(jax.grad(call, (0, 1))), torch.func.grad(reference, (0, 1))
    assert_close(gradient(*at), expected(*to_torch(at)))
    hessian, expected = jax.jit(jax.hessian(call, (0, 1))), torch.func.hessian(reference, (0, 1))
    assert_close(hessian(*at), expected(*to_torch(at)))


@each_formula
def test_check_grads_to_second_order_in_both_modes(case):
    call, values = floating_call(build(case, reduction=case.reductions[0]), arrays(case), case)
    check_grads(jax.jit(call), values, order=2, modes=("fwd", "rev"))


@each_case
def test_hessian_diagonal_is_numpys(case):
    inputs = arrays(case)
    call, values = floating_call(build(case), inputs)
    plain = getattr(lossgen_numpy, case.class_name)(**case.options)
    expected = plain.hessian_diagonal(*map(np.asarray, inputs))
    assert len(expected) == len(values)
    for k, (value, diagonal) in enumerate(zip(values, expected, strict=True)):
        matrix = jax.jit(jax.jacfwd(jax.jacrev(call, k), k))(*values)
        found = jnp.diagonal(matrix.reshape(value.size, value.size)).reshape(value.shape)
        assert_close(found, diagonal)


@each_formula
@pytest.mark.parametrize("mode", [jax.jacfwd, jax.jacrev], ids=["forward", "reverse"])
def test_hessians_in_one_mode_twice(case, mode):
    call, values = floating_call(build(case), arrays(case))
    reference, tensors = reference_call(case, arrays(case))
    everything = tuple(range(len(values)))
    hessian = jax.jit(mode(mode(call, everything), everything))
    assert_close(hessian(*values), torch.func.hessian(reference, everything)(*tensors))


@each_case
def test_class_and_function_are_one(case):
    inputs, options = arrays(case), case.options_as(jnp.asarray)
    function = getattr(lossgen_jax, case.function)
    names = list(inspect.signature(function).parameters)[: len(inputs)]
    expected = function(*inputs, **options, reduction="sum")
    module = build(case, reduction="sum")
    assert_equal(module(*inputs), expected)
    by_name = dict(zip(names, inputs, strict=True))
    assert_equal(module(**by_name), expected)
    assert_equal(function(**by_name, **options, reduction="sum"), expected)


def test_numpy_arrays_are_taken():
    for case in CASES:
        inputs = case.inputs()
        loss = getattr(lossgen_jax, case.class_name)(**case.options)
        assert_equal(loss(*inputs), build(case)(*arrays(case)))


def test_weights_are_constants():
    for case in (BY_ID["bce-weighted"], BY_ID["weighted_mse-rows"], BY_ID["cross_entropy-images"]):
        grads = jax.grad(lambda loss, case=case: loss(*arrays(case)), allow_int=True)(build(case))
        for name in case.options.keys() & set(WEIGHTS):
            assert not np.asarray(getattr(grads, name)).any()


def test_third_derivatives():
    # JAX looks through the formula of the second derivative.
    for name in ("bce", "cross_entropy", "info_nce"):
        call, values = floating_call(build(BY_ID[name]), arrays(BY_ID[name]))
        reference, tensors = reference_call(BY_ID[name], arrays(BY_ID[name]))
        found = jax.jit(jax.jacfwd(jax.hessian(call)))(*values)
        assert_close(found, torch.func.jacfwd(torch.func.hessian(reference))(*tensors))


# jit, vmap and the others.


@each_case
def test_jit_changes_no_value(case):
    call, values = floating_call(build(case), arrays(case))
    # XLA fuses multiplications and additions.
    assert_close(jax.jit(call)(*values), call(*values))


@each_formula
def test_vmap_of_value_gradient_and_hessian_is_a_loop(case):
    loss = build(case)
    batches = [arrays(case, seed=seed) for seed in range(3)]
    stacked = [jnp.stack(xs) for xs in zip(*batches, strict=True)]
    for f in (loss, jax.grad(loss), jax.hessian(loss)):
        one = jax.jit(f)
        expected = jnp.stack([one(*inputs) for inputs in batches])
        assert_close(jax.jit(jax.vmap(f))(*stacked), expected)


def test_checkpoint_and_scan():
    case = BY_ID["cross_entropy"]
    x, y = arrays(case)
    loss = build(case)
    again = jax.jit(jax.grad(jax.checkpoint(loss)))
    assert_close(again(x, y), jax.jit(jax.grad(loss))(x, y))

    def summed(x):
        return jax.lax.scan(lambda total, row: (total + loss(*row), None), 0.0, (x, y))[0]

    whole = build(case, reduction="sum")
    assert_close(jax.jit(jax.grad(summed))(x), jax.jit(jax.grad(whole))(x, y))


# Pytrees.


@each_case
def test_a_loss_is_a_pytree(case):
    loss, inputs = build(case), arrays(case)
    leaves, structure = jax.tree.flatten(loss)
    same = jax.tree.unflatten(structure, leaves)
    assert type(same) is type(loss)
    assert_equal(same(*inputs), loss(*inputs))
    # Neither unflattening nor mapping looks at what the leaves are.
    marks = jax.tree.unflatten(structure, [object()] * len(leaves))
    assert jax.tree.structure(marks) == structure
    static = {f.name for f in dataclasses.fields(loss) if f.type in (float, "float")}
    options = {name: v for name, v in case.options.items() if name not in static}
    given = sum(isinstance(v, np.ndarray | float) for v in options.values())
    assert len(leaves) >= given
    assert_close(jax.jit(lambda loss, *xs: loss(*xs))(loss, *inputs), loss(*inputs))


def test_float_parameters_are_leaves_and_the_rest_is_static():
    assert jax.tree.leaves(lossgen_jax.HuberLoss(delta=2.0)) == [2.0]
    assert jax.tree.leaves(lossgen_jax.InfoNCELoss(temperature=0.25)) == [0.25]
    assert jax.tree.leaves(lossgen_jax.MSELoss()) == []
    cross = lossgen_jax.CrossEntropyLoss(ignore_index=3, label_smoothing=0.5)
    assert jax.tree.leaves(cross) == [0.5]
    other = lossgen_jax.CrossEntropyLoss(ignore_index=4, label_smoothing=0.5)
    assert jax.tree.structure(cross) != jax.tree.structure(other)


def test_learning_a_parameter_through_the_pytree():
    case = BY_ID["info_nce"]
    inputs = arrays(case)
    loss = lossgen_jax.InfoNCELoss(temperature=0.5)
    grads = jax.jit(jax.grad(lambda loss: loss(*inputs)))(loss)
    assert isinstance(grads, lossgen_jax.InfoNCELoss)
    slope = jax.grad(lambda t: lossgen_jax.info_nce_loss(*inputs, temperature=t))(0.5)
    assert_close(grads.temperature, slope)
    step = jax.tree.map(lambda p, g: p - 0.01 * g, loss, grads)
    assert step(*inputs) < loss(*inputs)


def test_vmap_over_losses():
    inputs = arrays(BY_ID["huber"])
    many = lossgen_jax.HuberLoss(delta=jnp.asarray([0.5, 2.0]))
    found = jax.vmap(lambda loss: loss(*inputs))(many)
    expected = jnp.stack([lossgen_jax.HuberLoss(delta=d)(*inputs) for d in (0.5, 2.0)])
    assert_close(found, expected)


def test_losses_are_frozen_hash_copy_and_pickle():
    loss = lossgen_jax.BCEWithLogitsLoss(pos_weight=jnp.ones(4))
    with pytest.raises(dataclasses.FrozenInstanceError):
        loss.reduction = "sum"
    assert loss != lossgen_jax.BCEWithLogitsLoss(pos_weight=jnp.ones(4))
    assert isinstance(hash(loss), int)
    inputs = arrays(BY_ID["bce"])
    for same in (copy.deepcopy(loss), pickle.loads(pickle.dumps(loss)), dataclasses.replace(loss)):
        assert_equal(same(*inputs), loss(*inputs))


def test_named_parts_add_up():
    case = BY_ID["two_head"]
    inputs = arrays(case)
    parts = build(case).parts(*inputs)
    # jit returns dicts with sorted keys; these are in declared order.
    assert list(parts) == ["loss1", "loss2"]
    assert_equal(parts["loss1"] + parts["loss2"], build(case)(*inputs))
    total, same = lossgen_jax.two_head_loss(*inputs, return_parts=True)
    assert_equal(total, build(case)(*inputs))
    assert same == parts


# Dtypes.


HALVES = (jnp.float16, jnp.bfloat16)  # by name, MindSpore's bfloat16 may be meant
IN_HALF = [(case, word, HALVES[k % 2]) for case in CASES for k, word in enumerate(case.reductions)]


@pytest.mark.parametrize(
    ("case", "reduction", "half"),
    IN_HALF,
    ids=[f"{case.id}-{word}-{half.__name__}" for case, word, half in IN_HALF],
)
def test_half_types_are_computed_in_float32_and_rounded_once(case, reduction, half):
    inputs = arrays(case, half)
    call, values = floating_call(build(case, reduction=reduction), inputs)
    upstream = random_like(call(*values))

    @jax.jit
    def both(upstream, *values):
        loss, pull = jax.vjp(call, *values)
        return loss, *pull(upstream.astype(loss.dtype))

    found = both(upstream, *values)
    expected = both(upstream, *(value.astype(jnp.float32) for value in values))
    for rounded, exact in zip(found, expected, strict=True):
        assert rounded.dtype == half
        assert exact.dtype == jnp.float32
        # Half a unit in the last place, and what float32 itself leaves open.
        exact = np.asarray(exact, np.float64)
        unit = jnp.finfo(half).eps * 2.0 ** np.floor(np.log2(np.abs(exact) + 1e-300))
        unit = np.maximum(unit, jnp.finfo(half).smallest_subnormal.astype(float))
        error = np.abs(np.asarray(rounded, np.float64) - exact)
        assert (error <= 0.5 * unit + 1e-5 * np.abs(exact)).all()


@each_case
@pytest.mark.parametrize("x64", [False, True])
def test_float32_in_float32_out_and_close_to_the_formula(case, x64):
    jax.config.update("jax_enable_x64", x64)
    call, values = floating_call(build(case), arrays(case, jnp.float32))
    reference, tensors = reference_call(case, arrays(case, jnp.float32))
    found = jax.jit(call)(*values)
    assert found.dtype == jnp.float32
    # Some dozens of roundings of 6e-8.
    np.testing.assert_allclose(found, reference(*tensors), rtol=3e-6, atol=1e-6)
    for derivative in (jax.grad(call, range(len(values))), jax.hessian(call)):
        shapes = jax.tree.leaves(jax.eval_shape(derivative, *values))
        assert all(shape.dtype == jnp.float32 for shape in shapes)


def test_the_result_has_the_first_predictions_dtype():
    x1, t1, x2, t2 = arrays(BY_ID["two_head"], jnp.float32)
    loss = lossgen_jax.two_head_loss(x1, t1, x2.astype(jnp.float64), t2.astype(jnp.float64))
    assert_equal(loss, lossgen_jax.two_head_loss(x1, t1, x2, t2))
    with pytest.raises(TypeError, match="input2 must be a floating-point array"):
        lossgen_jax.two_head_loss(x1, t1, x2.astype(int), t2)


def test_integer_and_other_targets_are_cast():
    x, t = jnp.asarray([0.5, -1.0, 2.0], jnp.float32), jnp.asarray([0, 1, 1])
    for function in ELEMENTWISE:
        loss = getattr(lossgen_jax, function)
        for target in (t, t.astype(bool), t.astype(jnp.float64), t.astype(jnp.float16)):
            assert_equal(loss(x, target), loss(x, t.astype(jnp.float32)))
    eye, labels = jnp.eye(2), jnp.asarray([0, 1])
    for dtype in (jnp.int32, jnp.uint8, jnp.int8):
        found = lossgen_jax.cross_entropy(eye, labels.astype(dtype))
        assert_equal(found, lossgen_jax.cross_entropy(eye, labels))


# Shapes, masks and edges.


def test_numbers_without_axes():
    x, t = jnp.asarray(0.5), jnp.asarray(2.0)
    for function in ELEMENTWISE:
        loss = getattr(lossgen_jax, function)
        for reduction in ("none", "mean", "sum"):
            assert loss(x, t, reduction=reduction).shape == ()
            assert_equal(loss(x, t, reduction=reduction), loss(x[None], t[None]))


def test_empty_inputs():
    empty = jnp.zeros((0, 3))
    for function in ELEMENTWISE:
        loss = getattr(lossgen_jax, function)
        assert jnp.isnan(loss(empty, empty))
        assert loss(empty, empty, reduction="sum") == 0
        assert loss(empty, empty, reduction="none").shape == (0, 3)
        assert jax.grad(loss)(empty, empty).shape == (0, 3)
    labels = jnp.zeros(0, int)
    assert jnp.isnan(lossgen_jax.cross_entropy(empty, labels))
    assert lossgen_jax.cross_entropy(empty, labels, reduction="sum") == 0
    assert lossgen_jax.cross_entropy(empty, labels, reduction="none").shape == (0,)
    assert jnp.isnan(lossgen_jax.weighted_mse_loss(empty, empty, weights=jnp.ones(0)))
    assert jnp.isnan(lossgen_jax.info_nce_loss(empty, empty))
    assert lossgen_jax.info_nce_loss(empty, empty, reduction="sum") == 0


@pytest.mark.parametrize("smoothing", [0.0, 0.25])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_masked_rows_are_exactly_zero_whatever_they_hold(smoothing, reduction):
    x = jnp.asarray([[1.0, 2.0], [jnp.nan, 1.0], [jnp.inf, -jnp.inf]])
    y = jnp.asarray([1, -100, -100])
    loss = lossgen_jax.CrossEntropyLoss(reduction=reduction, label_smoothing=smoothing)
    assert_close(loss(x, y), loss(x[:1], y[:1]))
    for gradient in map(jax.jit, (jax.jacrev(loss), jax.jacfwd(loss))):
        assert_equal(gradient(x, y)[1:], jnp.zeros((2, 2)))
        assert_close(gradient(x, y)[0], gradient(x[:1], y[:1])[0])
    hessian = jax.jit(jax.hessian(loss))
    found = hessian(x, y)
    assert_close(found[0, :, 0], hessian(x[:1], y[:1])[0, :, 0])
    assert_equal(found.at[0, :, 0].set(0.0), jnp.zeros((3, 2, 3, 2)))
    rows = dataclasses.replace(loss, reduction="none")(x, y)
    assert_equal(rows[1:], jnp.zeros(2))


def test_wholly_masked():
    x, y = jnp.full((2, 3), jnp.nan), jnp.asarray([-100, -100])
    loss = lossgen_jax.CrossEntropyLoss(reduction="sum")
    assert jnp.isnan(lossgen_jax.cross_entropy(x, y))
    assert loss(x, y) == 0
    assert_equal(jax.grad(loss)(x, y), jnp.zeros((2, 3)))


@each_case
def test_nan_in_nan_out(case):
    call, values = floating_call(build(case), arrays(case), case)
    gradient = jax.jit(jax.grad(call, range(len(values))))
    for place, value in enumerate(values):
        last = np.unravel_index(value.size - 1, value.shape)
        poisoned = list(values)
        poisoned[place] = value.at[last].set(jnp.nan)
        assert jnp.isnan(call(*poisoned))
        grads = gradient(*poisoned)
        assert any(jnp.isnan(grad).any() for grad in grads)


def test_a_zero_vector_has_cosine_zero_and_finite_derivatives():
    query, key = jnp.asarray([[0.0, 0.0], [1.0, 2.0]]), jnp.asarray([[1.0, 0.0], [0.0, 3.0]])
    rows = lossgen_jax.info_nce_loss(query, key, reduction="none")
    assert_close(rows[0], jnp.log(2.0))
    grads = jax.jit(jax.grad(lossgen_jax.info_nce_loss, (0, 1)))(query, key)
    assert all(jnp.isfinite(grad).all() for grad in grads)


# Errors.


@pytest.mark.parametrize("label", [3, -1, 100, 2**40])
def test_an_invalid_label_is_an_error_where_its_value_is_known(label):
    x, message = jnp.zeros((2, 3)), rf"target must hold labels in \[0, 3\), got {label}"
    for labels in (jnp.asarray([0, label]), np.array([0, label])):
        with pytest.raises(ValueError, match=message):
            lossgen_jax.cross_entropy(x, labels)
        with pytest.raises(ValueError, match=message):
            jax.jit(lambda x, labels=labels: lossgen_jax.cross_entropy(x, labels))(x)


@pytest.mark.parametrize("smoothing", [0.0, 0.25])
@pytest.mark.parametrize("label", [-1, 3, 2**40])
def test_a_traced_invalid_label_makes_its_own_row_nan(label, smoothing):
    rng = np.random.default_rng(0)
    x, y = jnp.asarray(rng.standard_normal((3, 3))), jnp.asarray([0, label, 2])
    valid = np.array([True, False, True])
    loss = lossgen_jax.CrossEntropyLoss(reduction="none", label_smoothing=smoothing)

    def total(x, y):
        return loss(x, y).sum()

    for transform in (jax.jit, jax.vmap):
        rows = transform(loss)(x, y)
        assert jnp.isnan(rows[1])
        assert_close(rows[valid], loss(x[valid], y[valid]))
    gradient = jax.jit(jax.grad(total))
    assert jnp.isnan(gradient(x, y)[1]).all()
    assert_close(gradient(x, y)[valid], gradient(x[valid], y[valid]))


SHAPE_ERRORS = {
    "mse_loss": ((2, 3), (3,), {}, "target must have shape"),
    "l1_loss": ((2, 1), (2,), {}, "target must have shape"),
    "huber_loss": ((2,), (1,), {}, "target must have shape"),
    "weighted_mse_loss": ((2, 3), (2,), {"weights": np.ones(2)}, "target must have shape"),
    "binary_cross_entropy_with_logits": ((2, 3), (3,), {}, "target must have shape"),
    "cross_entropy": ((2, 3), (2, 4), {}, "target must have shape"),
    "dice_loss": ((2, 3), (2, 1), {}, "target must have shape"),
    "info_nce_loss": ((2, 3), (3, 3), {}, "key must have shape"),
}


@pytest.mark.parametrize("function", SHAPE_ERRORS)
def test_shapes_that_would_broadcast_are_refused(function):
    shape, other, options, message = SHAPE_ERRORS[function]
    call = getattr(lossgen_jax, function)
    for transform in (lambda f: f, jax.jit):
        with pytest.raises(ValueError, match=message):
            transform(lambda x, t: call(x, t, **options))(jnp.zeros(shape), jnp.zeros(other))


def test_shapes_of_weights_are_checked():
    x = jnp.zeros((10, 1))
    with pytest.raises(ValueError, match="weight must have shape"):
        lossgen_jax.mse_loss(x, x, weight=jnp.ones(10))
    with pytest.raises(ValueError, match="weights must have shape"):
        lossgen_jax.weighted_mse_loss(x, x, weights=jnp.ones(1))
    with pytest.raises(ValueError, match="weight must broadcast to shape"):
        lossgen_jax.binary_cross_entropy_with_logits(x, x, jnp.ones(10))
    with pytest.raises(ValueError, match="pos_weight must broadcast to shape"):
        lossgen_jax.binary_cross_entropy_with_logits(x, x, pos_weight=jnp.ones((2, 10, 1)))
    with pytest.raises(ValueError, match="weight must have shape"):
        lossgen_jax.cross_entropy(jnp.zeros((2, 3)), jnp.asarray([0, 1]), jnp.ones(1))
    with pytest.raises(ValueError, match="input must have"):
        lossgen_jax.dice_loss(jnp.zeros(3), jnp.zeros(3))
    with pytest.raises(ValueError, match="query must have"):
        lossgen_jax.info_nce_loss(jnp.zeros(3), jnp.zeros(3))


@each_case
def test_integer_predictions_are_refused_by_name(case):
    inputs = [x.astype(int) for x in arrays(case)]
    first = next(iter(inspect.signature(build(case)).parameters))
    with pytest.raises(TypeError, match=f"{first} must be a floating-point array"):
        build(case)(*inputs)


@each_case
def test_an_unknown_reduction_is_refused_by_class_and_function(case):
    message = r"reduction must be one of .*'mean', 'sum', got 'avg'"
    with pytest.raises(ValueError, match=message):
        build(case, reduction="avg")(*arrays(case))
    options = case.options_as(jnp.asarray)
    with pytest.raises(ValueError, match=message):
        getattr(lossgen_jax, case.function)(*arrays(case), **options, reduction="avg")


@pytest.mark.parametrize(
    ("function", "options", "message"),
    [
        ("huber_loss", {"delta": 0.0}, "delta must be positive, got 0.0"),
        ("huber_loss", {"delta": jnp.ones(2)}, "delta must be a number or a scalar array"),
        ("dice_loss", {"smooth": -1.0}, "smooth must be"),
        ("info_nce_loss", {"temperature": float("nan")}, "temperature must be positive"),
        ("cross_entropy", {"label_smoothing": 1.5}, r"label_smoothing must be in \[0.0, 1.0\]"),
    ],
)
def test_parameters_outside_their_range_are_refused(function, options, message):
    x = jnp.zeros((2, 3))
    with pytest.raises(ValueError, match=message):
        getattr(lossgen_jax, function)(x, x, **options)


def test_parameters_and_targets_of_a_wrong_type_are_refused():
    x = jnp.zeros((2, 3))
    with pytest.raises(TypeError, match="delta must be a number"):
        lossgen_jax.huber_loss(x, x, delta="1")
    with pytest.raises(ValueError, match="target must have shape"):
        lossgen_jax.cross_entropy(x, jnp.asarray([True, False]))


def test_signatures_are_those_of_the_numpy_package():
    def visible(call):
        return [(p.name, p.default, p.kind) for p in inspect.signature(call).parameters.values()]

    for case in CASES:
        for name in (case.class_name, case.function):
            assert visible(getattr(lossgen_jax, name)) == visible(getattr(lossgen_numpy, name))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("name", "exact", "low", "high"),
    [
        ("log1p", mp.log1p, -0.9, 2.0),
        ("loggamma", mp.loggamma, 1e-3, 3.0),  # its roots are 1 and 2
        ("loggamma", mp.loggamma, 3.0, 30.0),
    ],
)
def test_what_xla_computes_badly_is_within_the_four_places_of_a_body(name, exact, low, high, dtype):
    x = np.linspace(low, high, 500, dtype=dtype)
    found = np.asarray(jax.jit(getattr(_arrays, name))(x))
    assert found.dtype == dtype
    with mp.workdps(60):
        right = [exact(mp.mpf(float(each))) for each in x]
        errors = [abs(float(mp.mpf(float(a)) - b)) for a, b in zip(found, right, strict=True)]
    assert (errors <= 4 * np.spacing(np.abs(np.array(right, float)).astype(dtype))).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_sigmoids_of_both_signs_are_exact_where_one_is_near_1(dtype):
    x = np.linspace(-80.0, 80.0, 999, dtype=dtype)
    for sign, found in zip((1, -1), jax.jit(_arrays.sigmoids)(x), strict=True):
        with mp.workdps(60):
            right = [float(1 / (1 + mp.exp(-sign * mp.mpf(float(each))))) for each in x]
        errors = np.abs(np.asarray(found, float) - right)
        assert (errors <= 4 * np.spacing(np.array(right, dtype))).all()


# Empty, shorter than a block, a block, without a divisor that could be one (1009, 65537 are prime).
@pytest.mark.parametrize("length", [0, 1, 31, 256, 1000, 1009, 65537, 100_000])
@pytest.mark.parametrize("axis", [-1, -2, None], ids=["last", "first", "all"])
def test_sums_lose_no_more_than_their_blocks_do(length, axis):
    # Equal entries are the worst: all roundings of a sum have one sign.
    entries = np.full(length, 0.1, np.float32)
    x = {-1: np.stack([entries, -2 * entries]), -2: entries[:, None], None: entries}[axis]
    run = _arrays.total if axis is None else lambda x: _arrays.sum_along(x, axis)
    found, change = jax.jvp(jax.jit(run), (x,), (3 * x,))
    right = x.astype(float).sum(axis, keepdims=axis is not None)
    # Three levels of blocks, in each of which every addition rounds by half a unit.
    half = np.finfo(np.float32).eps / 2
    bound = half * (length if axis == -2 else 3 * _arrays.LONGEST)  # across rows, it is XLA's own
    assert found.shape == right.shape
    assert (np.abs(found - right) <= bound * np.abs(right)).all()
    assert (np.abs(change - 3 * right) <= half * (length + 2) * np.abs(3 * right)).all()
    ones = jax.jit(jax.grad(lambda x: run(x).sum()))(x)
    assert (np.asarray(ones) == 1.0).all()


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
def test_a_sum_with_an_entry_that_is_not_finite_is_that_entry(odd):
    x = np.ones(1000, np.float32)
    x[700] = odd
    np.testing.assert_equal(np.asarray(_arrays.total(jnp.asarray(x))), np.float32(odd))
