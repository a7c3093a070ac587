"""Every loss in every mode of JAX: transformations, devices, pytrees, dtypes and layouts.

The expected numbers are PyTorch's, by the independent formulas of `losses`.
"""

import warnings
from dataclasses import fields, replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from losses import CASES, Case
from test_jax import (
    arrays,
    assert_close,
    assert_equal,
    build,
    floating_call,
    random_like,
    reference_call,
    to_torch,
)

import generated.jax as ours

DEVICES = 8
BY_ID = {case.id: case for case in CASES}
# A batch is several draws, one after the other; one sample alone has no batch.
BATCHED = [case for case in CASES if all(x.ndim for x in case.inputs())]
WITH_LEAVES = [
    case for case in CASES if jax.tree.leaves(getattr(ours, case.class_name)(**case.options))
]

each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
each_batch = pytest.mark.parametrize("case", BATCHED, ids=lambda case: case.id)
each_with_leaves = pytest.mark.parametrize("case", WITH_LEAVES, ids=lambda case: case.id)


@pytest.fixture(autouse=True)
def _double_precision():
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", before)


def resized(case: Case, inputs, batch) -> Case:
    """Return the case for `inputs` of another batch; `batch` resizes the options as long as it."""
    length = len(case.inputs()[0])
    options = {
        name: batch(value) if isinstance(value, np.ndarray) and len(value) == length else value
        for name, value in case.options.items()
    }
    return replace(case, draw=lambda rng: inputs, options=options)


def repeated(case: Case, count: int = DEVICES) -> Case:
    """Return the case with a batch of several draws."""
    draws = [case.inputs(seed=seed) for seed in range(count)]
    inputs = tuple(map(np.concatenate, zip(*draws, strict=True)))
    return resized(case, inputs, lambda value: np.concatenate([value] * count))


def expected(case: Case, reduction: str):
    """Return the loss of a case and its gradients, by the independent formula."""
    call, tensors = reference_call(case, case.inputs(), reduction=reduction)
    everything = tuple(range(len(tensors)))
    gradients, value = torch.func.grad_and_value(call, everything)(*tensors)
    return value, gradients


def value_and_grad(loss, inputs):
    call, values = floating_call(loss, inputs)
    return jax.value_and_grad(call, tuple(range(len(values)))), values


# Transformations.


@each_case
def test_forward_and_reverse_mode_agree_with_the_formula(case):
    call, values = floating_call(build(case, reduction=case.reductions[0]), arrays(case))
    reference, tensors = reference_call(case, arrays(case), reduction=case.reductions[0])
    along = tuple(random_like(value) for value in values)
    upstream = random_like(call(*values), seed=2)

    @jax.jit
    def everything(upstream, values, along):
        value, tangent = jax.jvp(call, values, along)
        again, linear = jax.linearize(call, *values)
        last, pull = jax.vjp(call, *values)
        return value, again, last, tangent, linear(*along), pull(upstream)

    value, tangent = torch.func.jvp(reference, tensors, to_torch(along))
    slopes = torch.func.vjp(reference, *tensors)[1](to_torch(upstream))
    found = everything(upstream, values, along)
    assert_close(found, (value, value, value, tangent, tangent, slopes))


@each_case
def test_jacobians_and_mixed_hessians_in_both_modes(case):
    rows, values = floating_call(build(case, reduction=case.reductions[0]), arrays(case))
    mean, _ = floating_call(build(case), arrays(case))
    row_formula, tensors = reference_call(case, arrays(case), reduction=case.reductions[0])
    mean_formula, _ = reference_call(case, arrays(case))
    jacobian = torch.func.jacrev(row_formula)(*tensors)
    hessian = torch.func.hessian(mean_formula)(*tensors)

    @jax.jit
    def everything(*values):
        jacobians = jax.jacfwd(rows)(*values), jax.jacrev(rows)(*values)
        return (*jacobians, jax.hessian(mean)(*values), jax.jacrev(jax.jacfwd(mean))(*values))

    assert_close(everything(*values), (jacobian, jacobian, hessian, hessian))


@each_with_leaves
def test_vmap_over_the_leaves_of_a_loss_and_any_axis_of_its_inputs(case):
    factors = (0.5, 0.75, 1.0)
    loss, inputs = build(case), [arrays(case, seed=seed) for seed in range(len(factors))]
    losses = [jax.tree.map(lambda leaf, by=by: jnp.asarray(leaf) * by, loss) for by in factors]
    many = jax.tree.map(lambda *leaves: jnp.stack(leaves), *losses)
    last = [jnp.stack(xs, axis=-1) for xs in zip(*inputs, strict=True)]

    def call(loss, *inputs):
        return loss(*inputs)

    in_axes = (0, *(-1 for _ in last))
    found = jax.jit(jax.vmap(call, in_axes=in_axes))(many, *last)
    assert_close(found, jnp.stack([one(*xs) for one, xs in zip(losses, inputs, strict=True)]))
    same = jax.jit(jax.vmap(call, in_axes=(0, *(None for _ in last))))(many, *inputs[0])
    assert_close(same, jnp.stack([one(*inputs[0]) for one in losses]))


@each_case
def test_scan_of_a_checkpointed_loss_is_a_sum(case):
    loss = jax.checkpoint(build(case))
    batches = [case.inputs(seed=seed) for seed in range(3)]
    stacked = [jnp.asarray(np.stack(xs)) for xs in zip(*batches, strict=True)]

    def total(first):
        def step(sum_so_far, inputs):
            return sum_so_far + loss(*inputs), None

        return jax.lax.scan(step, 0.0, (first, *stacked[1:]))[0]

    value, slope = jax.jit(jax.value_and_grad(total))(stacked[0])
    formulas = [reference_call(case, inputs) for inputs in batches]
    found = [torch.func.grad_and_value(call)(*tensors) for call, tensors in formulas]
    assert_close(value, sum(one for _, one in found))
    assert_close(slope, torch.stack([gradient for gradient, _ in found]))


# Buffers and devices.


@each_case
def test_a_donated_prediction_gives_its_place_to_the_gradient(case):
    loss, inputs = build(case), arrays(case)
    value, slopes = expected(case, "mean")

    @partial(jax.jit, donate_argnums=0)
    def step(first, *others):
        return jax.value_and_grad(loss)(first, *others)

    given = jnp.array(inputs[0], copy=True)
    assert_close(step(given, *inputs[1:]), (value, slopes[0]))
    assert given.is_deleted()
    for found, before in zip(inputs[1:], arrays(case)[1:], strict=True):
        assert_equal(found, before)


def mesh() -> Mesh:
    assert len(jax.devices()) == DEVICES
    return Mesh(np.array(jax.devices()), ("batch",))


def sharded(inputs):
    """Return the inputs with an eighth of the batch on each device."""
    put = partial(jax.device_put, device=NamedSharding(mesh(), PartitionSpec("batch")))
    found = [put(x) for x in inputs]
    assert all(len(x.sharding.device_set) == DEVICES for x in found)
    return found


@each_batch
def test_a_batch_over_eight_devices_has_the_same_loss_and_gradients(case):
    whole = repeated(case)
    derivative, values = value_and_grad(build(whole), sharded(arrays(whole)))
    value, slopes = jax.jit(derivative)(*values)
    assert_close((value, slopes), expected(whole, "mean"))


def is_separable(case: Case) -> bool:
    """Say whether the sum over a batch is that over its parts."""
    whole = repeated(case, 2)
    first, second = (case.reference(*case.inputs(seed=s), reduction="sum") for s in (0, 1))
    return bool(torch.isclose(whole.reference(*whole.inputs(), reduction="sum"), first + second))


SEPARABLE = [case for case in BATCHED if is_separable(case)]


def over_devices(local, loss, count: int):
    """Return a function of inputs that runs `local(loss, *inputs)` on each device's share."""
    batch, everywhere = PartitionSpec("batch"), PartitionSpec()
    # The weights of a batch are shared out with it.
    parts = jax.tree.map(lambda v: batch if jnp.shape(v)[:1] == (count,) else everywhere, loss)

    def call(*inputs):
        specs = (parts, *(batch for _ in inputs))
        run = jax.shard_map(local, mesh=mesh(), in_specs=specs, out_specs=everywhere)
        return run(loss, *inputs)

    return call


@pytest.mark.parametrize("case", SEPARABLE, ids=lambda case: case.id)
def test_psum_of_the_devices_sums_is_the_sum(case):
    whole = repeated(case)
    inputs = sharded(arrays(whole))

    def local(loss, *inputs):
        return jax.lax.psum(loss(*inputs), "batch")

    call = over_devices(local, build(whole, reduction="sum"), len(inputs[0]))
    derivative, values = value_and_grad(call, inputs)
    assert_close(jax.jit(derivative)(*values), expected(whole, "sum"))


@pytest.mark.parametrize("name", ["huber", "cross_entropy-ignored"])
def test_the_mean_is_psum_of_the_sums_by_psum_of_the_counts(name):
    whole = repeated(BY_ID[name])
    x, y = sharded(arrays(whole))
    if name != "huber":  # whole devices without a label that counts
        y = jnp.where(jnp.arange(y.size) < y.size // 2, -100, y)
    loss = build(whole, reduction="sum")

    def local(loss, x, y):
        count = jnp.asarray(y.size) if name == "huber" else (y != -100).sum()
        return jax.lax.psum(jnp.stack([loss(x, y), count.astype(x.dtype)]), "batch")

    def mean(x):
        total, count = over_devices(local, loss, len(x))(x, y)
        return total / count

    exact = build(whole)
    assert_close(jax.jit(jax.value_and_grad(mean))(x), jax.value_and_grad(exact)(x, y))


# Pytrees.


@each_case
def test_a_loss_goes_through_every_function_of_pytrees_and_through_jit(case):
    loss, inputs = build(case), arrays(case)
    value, half = loss(*inputs), jax.tree.map(lambda leaf: 0.5 * leaf, loss)
    leaves, structure = jax.tree_util.tree_flatten(loss)
    # What may be given as an array is a leaf, where it is given.
    static = (str, int, bool, float)
    given = {
        f.name for f in fields(loss) if f.type not in static and vars(loss)[f.name] is not None
    }
    paths, _ = jax.tree_util.tree_flatten_with_path(loss)
    assert {path[0].name for path, _ in paths} == given
    compiled = jax.jit(lambda loss: jax.tree.map(lambda leaf: 0.5 * leaf, loss))(loss)
    for same in (jax.tree_util.tree_unflatten(structure, leaves), jax.tree.map(lambda x: x, loss)):
        assert_equal(same(*inputs), value)
    for found in (half, compiled):
        assert type(found) is type(loss)
        assert jax.tree.structure(found) == structure
        assert_close(found(*inputs), half(*inputs))
    # Optimisers make trees of zeros and of numbers like this one.
    zeros = jax.tree.map(jnp.zeros_like, loss)
    assert jax.tree.structure(zeros) == structure
    assert_close(jax.tree.leaves(jax.tree.map(jnp.add, half, half)), [*map(jnp.asarray, leaves)])


@each_case
def test_other_numbers_are_not_traced_again_and_other_words_are(case):
    inputs, traces = arrays(case), []

    @jax.jit
    def call(loss, *inputs):
        traces.append(loss.reduction)
        return loss(*inputs)

    loss = build(case)
    for by in (1.0, 0.5, 0.25):
        call(jax.tree.map(lambda leaf, by=by: leaf * by, loss), *inputs)
    call(build(case), *(x + x.dtype.type(0) for x in inputs))
    assert traces == ["mean"]
    call(build(case, reduction="sum"), *inputs)
    assert traces == ["mean", "sum"]


# Dtypes.


@each_case
@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float32])
def test_no_derivative_leaves_the_dtype_of_its_prediction(case, dtype):
    call, values = floating_call(build(case), arrays(case, dtype))
    everything = tuple(range(len(values)))
    for transform in (call, jax.grad(call, everything), jax.hessian(call, everything)):
        shapes = jax.tree.leaves(jax.eval_shape(transform, *values))
        assert {shape.dtype for shape in shapes} == {np.dtype(dtype)}
        # A weak dtype would give way to that of anything it meets.
        assert not any(shape.weak_type for shape in shapes)
    assert {x.dtype for x in jax.eval_shape(partial(jax.jvp, call), values, values)} == {
        np.dtype(dtype)
    }


@pytest.mark.parametrize(
    ("loss", "target"),
    [
        pytest.param(ours.ArcFaceLoss(), jnp.array([2, 0]), id="numbers alone"),
        pytest.param(ours.MultiSimilarityLoss(), jnp.array([1, 1]), id="masks of pairs"),
        pytest.param(
            ours.BCEWithLogitsLoss(dialect="chainer"),
            jnp.zeros((2, 3), jnp.float32),
            id="truths alone",
        ),
    ],
)
def test_slopes_made_without_predictions_have_their_dtype(loss, target):
    call, values = floating_call(loss, [jnp.full((2, 3), 0.25, jnp.float32), target])
    gradient = jax.grad(call, tuple(range(len(values))))
    pushed = jax.eval_shape(partial(jax.jvp, gradient), values, values)
    assert {found.dtype for found in jax.tree.leaves(pushed)} == {np.dtype("float32")}


@each_with_leaves
@pytest.mark.parametrize("dtype", [jnp.float16, jnp.float32])
def test_numbers_of_any_kind_widen_nothing(case, dtype):
    loss, inputs = build(case, reduction=case.reductions[0]), arrays(case, dtype)
    kinds = (np.float32, np.float64, jnp.float32, jnp.float64)
    losses = [loss, *(jax.tree.map(kind, loss) for kind in kinds)]
    plain, *others = jax.jit(lambda: [each(*inputs) for each in losses])()
    assert all(found.dtype == dtype for found in (plain, *others))
    # NumPy's scalars are numbers as Python's are.
    assert_equal(others[0], plain)
    assert_equal(others[1], plain)
    # Arithmetic of Python numbers has double precision, that of arrays has not.
    for found in others[2:]:
        tolerance = float(jnp.finfo(dtype).eps) + 1e-6
        np.testing.assert_allclose(found, plain, rtol=tolerance, atol=1e-6)


@each_case
def test_without_double_precision_everything_is_single(case):
    jax.config.update("jax_enable_x64", False)
    # NumPy's float64 and int64, as they come from a user's data set.
    loss = getattr(ours, case.class_name)(**case.options)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # of numbers cut off
        derivative, values = value_and_grad(loss, case.inputs())
        value, slopes = jax.jit(derivative)(*values)
    exact, gradients = expected(case, "mean")
    for found, other in zip((value, *slopes), (exact, *gradients), strict=True):
        assert found.dtype == jnp.float32
        # Some dozens of roundings of 6e-8, of numbers of the size of 1.
        np.testing.assert_allclose(found, other, rtol=3e-6, atol=1e-6)


# Layouts and edges.


def backwards(x):
    return x[::-1].copy()[::-1]


def spaced(x):
    wide = np.full((*x.shape, 2), 77, x.dtype)
    wide[..., 0] = x
    return wide[..., 0]


def transposed(x):
    return np.ascontiguousarray(x.T).T


def read_only(x):
    x = x.copy()
    x.flags.writeable = False
    return x


@each_case
def test_numpy_arrays_of_any_layout_are_read_and_never_written(case):
    numbers = expected(case, "mean")
    for layout in (backwards, spaced, transposed, read_only):
        inputs = [layout(x) if x.ndim else x for x in case.inputs()]
        before = [x.tobytes() for x in inputs]
        options = {
            name: layout(value) if isinstance(value, np.ndarray) else value
            for name, value in case.options.items()
        }
        # Labels, weights and the values themselves reach the loss as NumPy's.
        loss = getattr(ours, case.class_name)(**options)
        assert_close(loss(*inputs), numbers[0])
        derivative, values = value_and_grad(loss, inputs)
        assert_close(jax.jit(derivative)(*values), numbers)
        assert [x.tobytes() for x in inputs] == before


@each_batch
def test_an_empty_batch(case):
    empty = resized(case, tuple(x[:0] for x in case.inputs()), lambda value: value[:0])
    for reduction in case.reductions:
        call, values = floating_call(build(empty, reduction=reduction), arrays(empty))

        @jax.jit
        def both(*values, call=call):
            loss, pull = jax.vjp(call, *values)
            return loss, pull(jnp.ones_like(loss))

        loss, gradients = both(*values)
        assert_close(loss, empty.reference(*empty.inputs(), reduction=reduction))
        assert [g.shape for g in gradients] == [value.shape for value in values]


def is_elementwise(case: Case) -> bool:
    inputs = case.inputs()
    if any(np.ndim(value) for value in case.options.values()) or "none" not in case.reductions:
        return False
    if any(x.shape != inputs[0].shape or not x.ndim for x in inputs):
        return False
    loss = case.reference(*inputs, reduction="none")
    first = case.reference(*(x[:1] for x in inputs), reduction="none")
    return loss.shape == inputs[0].shape and bool(torch.equal(loss[:1], first))


@pytest.mark.parametrize("case", filter(is_elementwise, CASES), ids=lambda case: case.id)
def test_numbers_without_axes(case):
    def first(x):
        return np.asarray(x.flat[0])

    one = resized(case, tuple(map(first, case.inputs())), first)
    derivative, values = value_and_grad(build(one, reduction="none"), arrays(one))
    assert all(value.shape == () for value in values)
    assert_close(jax.jit(derivative)(*values), expected(one, "none"))


MASKED = [case for case in CASES if "ignored" in case.id or "ignore_index" in case.options]


@pytest.mark.parametrize("case", MASKED, ids=lambda case: case.id)
@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
def test_a_wholly_masked_batch_in_every_mode(case, reduction):
    x, y = arrays(case)
    x, y = jnp.full_like(x, jnp.inf), jnp.full_like(y, case.options.get("ignore_index", -100))
    loss = build(case, reduction=reduction)
    value = {"mean": jnp.asarray(jnp.nan), "sum": jnp.zeros(()), "none": jnp.zeros(y.shape)}
    assert_equal(loss(x, y), value[reduction])
    assert_equal(jax.jit(loss)(x, y), value[reduction])

    def total(x, y):
        return loss(x, y).sum()

    derivatives = [jax.grad(total), jax.hessian(total), jax.jacrev(jax.grad(total))]
    if reduction != "mean":  # whose tangent is 0 / 0, as its value is
        derivatives += [jax.jacfwd(total), jax.jacfwd(jax.jacfwd(total))]
    for derivative in derivatives:
        found = jax.jit(derivative)(x, y)
        assert_equal(found, jnp.zeros_like(found))
