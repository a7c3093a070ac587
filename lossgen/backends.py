"""Backends: records of how a framework spells each operation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType


@dataclass(frozen=True)
class LinearLayer:
    """How one framework spells a linear layer, initialised as torch's is.

    Attributes:
        make: a format for the layer; ``{inputs}`` and ``{outputs}`` are the numbers of features
            and results, ``bias`` says whether it has one.
        weight, bias: the layer's attributes.
        options: more keywords of the constructor: name, annotation, and a sentence.
    """

    make: str
    weight: str = "weight"
    bias: str = "bias"
    options: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True)
class Backend:
    """How one framework writes array code.

    Attributes:
        name: the package's name below ``generated/``.
        operations: a format for each operation; ``{0}`` and so on are the operands, ``{axis}`` the
            axes of a reduction, ``{size}`` the length of an axis.
        axis_word: the keyword of an axis.
        keep_word: the keyword under which a reduction keeps its axis.
        kernels: which kernels a module needs.
        array: the annotation of an array, or None where the framework's own code has none.
        parameter: the annotation of a parameter that may be an array.
        public: the annotation of what callers give for an array, where that is wider.
        masks_inputs: invalid entries are made harmless before anything is computed, because the
            framework itself differentiates or transposes kernels.
        inexact: a format for constants that single precision cannot hold; ``{0}`` is the number
            and ``{like}`` an array.
        expand: a format for a new axis of size 1.
        number: a format for a number in a selection, ``{like}`` an array whose precision it has.
        detached: a format that takes an argument out of the framework's differentiation.
        truth: a format for a comparison of numbers, which selections take.
        scalar: a format that lets the framework's functions take a Python number.
        helpers: functions of the package's runtime that the formats call, or that stand there in
            place of a shared function of that name.
        intake: the first line of a public function: ``{names}`` are its inputs, ``{inputs}`` the
            same as keywords, ``{keywords}`` all its tensors as keywords.
        bring: a format that makes an array of a number beside ``{like}``, where intake does not.
        doubts: labels may be unknown at the time of the call; ``check_labels`` then returns beside
            the labels a factor for each row, 1 or NaN.
        sums: sums through which samples know of each other are a kernel of their own, so that the
            arguments can be cut between it and the others, or a compiler finds that these agree.
        common: a format that takes an argument out of the framework's differentiation, where what
            takes long both in the loss and in its gradient is found before both; empty elsewhere.
        tensors_only: what is given for a float parameter is a tensor before a kernel sees it.
        layer: the framework's own layer, which the class of a loss has where it trains one.
        fields: what it trains are fields of the class, rather than inputs of each call.
        chunk: the annotation of how much to compute at a time.
        plain: calls may look at labels, to take a shorter formula where each of them counts.
        merges: kernels cast arguments and merge axes themselves, where nothing else reads these.
        templates: folders beside lossgen's own, each with a folder named after the backend.
    """

    name: str
    operations: Mapping[str, str] = field(hash=False)
    axis_word: str
    keep_word: str
    kernels: tuple[str, ...]
    array: str | None = None
    parameter: str | None = None
    public: str | None = None
    masks_inputs: bool = False
    inexact: str = "{0}"
    expand: str | None = None
    scalar: str = "{0}"
    number: str = "{0}"
    truth: str = "({0})"
    detached: str = "{0}"
    helpers: frozenset[str] = frozenset()
    intake: str = ""
    bring: str = ""
    doubts: bool = False
    sums: bool = False
    common: str = ""
    tensors_only: bool = False
    layer: LinearLayer | None = None
    fields: bool = False
    chunk: str = "int"
    plain: bool = False
    merges: bool = False
    templates: tuple[Path, ...] = ()


def operations(prefix: str, **others: str) -> Mapping[str, str]:
    """Return the spelling of a module ``prefix`` that names things as NumPy does, and others."""
    names = ("exp", "expm1", "log", "log1p", "sqrt", "sign", "sin", "cos", "tanh", "sinh", "cosh")
    table = {name: f"{prefix}.{name}({{0}})" for name in names}
    table |= {
        "abs": f"{prefix}.abs({{0}})",
        "floor": f"{prefix}.floor({{0}})",
        "erf": f"{prefix}.erf({{0}})",
        "loggamma": f"{prefix}.lgamma({{0}})",
        "maximum": f"{prefix}.maximum({{0}}, {{1}})",
        "minimum": f"{prefix}.minimum({{0}}, {{1}})",
        "relu": f"{prefix}.maximum({{0}}, 0.0)",
        "exp_difference": "exp_difference({0}, {1})",
        "select": f"{prefix}.where({{0}}, {{1}}, {{2}})",
        "sum": "{0}.sum({axis})",
        "amax": "{0}.max({axis})",
        "amin": "{0}.min({axis})",
        "argmax": "{0}.argmax({axis})",
        "and": "({0} & {1})",
        "or": "({0} | {1})",
        "not": "~{0}",
        "indicator": "{0}.astype({like}.dtype)",
        "position": f"{prefix}.arange({{size}})",
        "like": f"{prefix}.broadcast_to({{0}}, {{1}}.shape)",
        "full": f"{prefix}.full_like({{1}}, {{0}})",
        "pick": "pick({0}, {1}, {axis})",
        "amax_along": "max_along({0}, axis)",
        "argmax_along": "argmax_along({0}, axis)",
        "position_along": "positions({0}, axis)",
        "pick_along": f"{prefix}.take_along_axis({{0}}, {{1}}, axis)",
        "squeeze": f"{prefix}.squeeze({{0}}, axis)",
        "unsqueeze": f"{prefix}.expand_dims({{0}}, axis)",
        "matmul": "{0} @ {1}",
        "matrix_transpose": "{0}.T",
        "take": "{0}[{1}]",
        "batch": "{0}[None]",
        "count": "{0}.size",
        "einsum": f'{prefix}.einsum("{{spec}}", {{0}}, {{1}})',
        "atan": f"{prefix}.arctan({{0}})",
        "transpose": f"{prefix}.transpose({{0}}, {{permutation}})",
    }
    return MappingProxyType(table | others)


_NUMPY_OPERATIONS = {
    "sigmoid": "sigmoid({0})",
    "exact_exp": "exact_exp({0})",
    "erf": "erf({0})",
    "loggamma": "loggamma({0})",
    "sum": "total({0}, {axis})",
    "argmax": "argmax_along({0}, {axis}).squeeze({axis})",  # of nothing, too
    "length_along": "length_along({0}, axis)",
    "p_length_along": "p_length_along({0}, {1}, axis)",
    "put_along": "put_along({0}, axis, {1}, {2})",
    "placed": "placed({0}, {1}, {axis}, size={size})",
    "put_into": "put_into({0}, axis, {1}, {2})",
    "times_into": "times_into({0}, {1})",
    "masked": "masked({1}, {0})",
    "select": "select({0}, {1}, {2})",
    "sign": "sign({0})",
    "relu": "at_least({0}, 0.0)",
    "at_least": "at_least({0}, {1})",
    "at_most": "at_most({0}, {1})",
}

NUMPY = Backend(
    name="numpy",
    operations=operations("np", **_NUMPY_OPERATIONS),
    axis_word="axis",
    keep_word="keepdims",
    kernels=("value", "value_and_gradient", "hessian_diagonal"),
    array="Array",
    parameter="float",
    public="ArrayLike",
    intake="{names} = as_arrays({inputs})",
    plain=True,
    sums=True,
    helpers=frozenset(
        (
            "are_moderate",
            "exact_exp",
            "sigmoid",
            "sigmoids",
            "erf",
            "loggamma",
            "pick",
            "placed",
            "total",
            "positions",
            "exp_difference",
            "max_along",
            "argmax_along",
            "length_along",
            "p_length_along",
            "signed_power",
            "put_along",
            "put_into",
            "times_into",
            "masked",
            "select",
            "sign",
            "at_least",
            "at_most",
        )
    ),
)
CHAINER = Backend(
    name="chainer",
    operations=operations("np", **_NUMPY_OPERATIONS),
    axis_word="axis",
    keep_word="keepdims",
    kernels=("value", "value_and_gradient", "tangent", "curvature"),
    array="Array",
    parameter="Given | float",
    public="Given",
    intake="check_arrays({keywords})",
    bring='to_tensor("{0}", {0}, {like})',
    detached="array_of({0})",
    layer=LinearLayer(
        "chainer.links.Linear({inputs}, {outputs}, nobias=not bias, "
        "initialW=chainer.initializers.LeCunUniform(1 / math.sqrt(3.0)), "
        "initial_bias=chainer.initializers.Uniform(1 / math.sqrt({inputs})))",
        weight="W",
        bias="b",
    ),
    plain=True,
    sums=True,
    helpers=frozenset(
        (
            "are_moderate",
            "exact_exp",
            "sigmoid",
            "sigmoids",
            "erf",
            "loggamma",
            "pick",
            "placed",
            "total",
            "positions",
            "exp_difference",
            "max_along",
            "argmax_along",
            "length_along",
            "p_length_along",
            "signed_power",
            "put_along",
            "put_into",
            "times_into",
            "masked",
            "select",
            "sign",
            "at_least",
            "at_most",
        )
    ),
)
TORCH = Backend(
    name="torch",
    operations=operations(
        "torch",
        abs="{0}.abs()",
        sign="sign({0})",
        relu="{0}.clamp(min=0.0)",
        at_least="{0}.clamp(min={1})",
        at_most="{0}.clamp(max={1})",
        between="{0}.clamp({1}, {2})",
        within="within({0}, {1})",
        select="select({0}, {1}, {2})",
        add_scaled="torch.add({0}, {1}, alpha={2})",
        subtract_scaled="torch.sub({0}, {1}, alpha={2})",
        amax="{0}.amax({axis})",
        amin="{0}.amin({axis})",
        sigmoid="torch.sigmoid({0})",
        tanh="tanh({0})",
        length_along="length_along({0}, axis)",
        position="torch.arange({size}, device={like}.device)",
        ordinal="torch.arange({size}, dtype={like}.dtype, device={like}.device)",
        indicator="{0}.to({like}.dtype)",
        like="{0}.expand_as({1})",
        count="{0}.numel()",
        atan="torch.atan({0})",
        transpose="{0}.permute({permutation})",
        pick_along="torch.gather({0}, axis, {1})",
        put_along="put_along({0}, axis, {1}, {2})",
        placed="placed({0}, {1}, {axis}, size={size})",
        put_into="put_into({0}, axis, {1}, {2})",
        times_into="times_into({0}, {1})",
        exp_beside="exp_beside({0}, axis, {1})",
        reciprocal="torch.reciprocal({0})",  # 1.0 / x is that and a product, called from Python
        square="torch.square({0})",
        lerp="mixture({0}, {1}, {2})",
        log1p_exp="log1p_exp({0})",
        masked="masked({1}, {0})",
        squeeze="{0}.squeeze(axis)",
        unsqueeze="{0}.unsqueeze(axis)",
    ),
    axis_word="dim",
    keep_word="keepdim",
    kernels=("value", "value_and_gradient", "tangent", "curvature"),
    array="Tensor",
    parameter="Tensor | float",
    intake="check_device({keywords})",
    bring='to_tensor("{0}", {0}, {like})',
    scalar="torch.as_tensor({0}, dtype={like}.dtype)",
    number="torch.as_tensor({0}, dtype={like}.dtype)",
    truth="torch.as_tensor({0})",
    doubts=True,
    layer=LinearLayer(
        "nn.Linear({inputs}, {outputs}, bias=bias, device=device, dtype=dtype)",
        options=(
            ("device", "torch.device | str", "Where the layer's parameters are."),
            ("dtype", "torch.dtype", "Their dtype."),
        ),
    ),
    chunk="Chunking | int",
    plain=True,
    merges=True,
    sums=True,
    helpers=frozenset(
        (
            "are_moderate",
            "exp_beside",
            "length_along",
            "log1p_exp",
            "log_cosh",
            "mixture",
            "pick",
            "placed",
            "ratio",
            "sign",
            "tanh",
            "positions",
            "exp_difference",
            "max_along",
            "argmax_along",
            "put_along",
            "put_into",
            "times_into",
            "masked",
            "select",
            "within",
        )
    ),
)
JAX = Backend(
    name="jax",
    operations=operations(
        "jnp",
        sigmoid="jax.nn.sigmoid({0})",
        entry="entry_along({0}, {1}, {axis})",
        matmul="matrix_product({0}, {1})",
        erf="jax.scipy.special.erf({0})",
        argmax="argmax_along({0}, {axis}).squeeze({axis})",
        log1p="log1p({0})",
        loggamma="loggamma({0})",
        sum_along="sum_along({0}, axis)",
        length_along="length_along({0}, axis)",
        p_length_along="p_length_along({0}, {1}, axis)",
    ),
    axis_word="axis",
    keep_word="keepdims",
    kernels=("value", "partials", "tangent", "partials_tangent"),
    array="jax.Array",
    parameter="ArrayLike",
    public="ArrayLike",
    masks_inputs=True,
    doubts=True,
    sums=True,
    fields=True,
    intake="{names} = as_arrays({inputs})",
    helpers=frozenset(
        (
            "log1p",
            "sigmoids",
            "entry_along",
            "matrix_product",
            "gauss",
            "loggamma",
            "pick",
            "positions",
            "exp_difference",
            "max_along",
            "argmax_along",
            "length_along",
            "p_length_along",
            "sum_along",
        )
    ),
)
MINDSPORE = Backend(
    name="mindspore",
    operations=operations(
        "ops",
        exp="exp({0})",
        log="log({0})",
        sigmoid="sigmoid({0})",
        tanh="tanh({0})",
        loggamma="loggamma({0})",
        divide="divide({0}, {1})",
        square="ops.square({0})",
        relu="ops.maximum(0.0, {0})",  # of NaN, the second is what is kept
        at_least="ops.maximum({1}, {0})",
        at_most="ops.minimum({1}, {0})",
        maximum="larger({0}, {1})",
        minimum="smaller({0}, {1})",
        minimum_alike="ops.minimum({0}, {1})",
        filled="filled({0}, {1}, {2})",
        repeated="repeated({0}, {like})",
        is_at="is_at(x, {0}, axis)",
        sign="sign({0})",
        log1p="log1p({0})",
        log1p_exp="log1p_exp({0})",
        expm1="expm1({0})",
        like="spread_like({0}, {1})",
        full="ops.fill({1}.dtype, {1}.shape, {0})",
        position="count_up({size})",
        indicator="ops.cast({0}, {like}.dtype)",
        transpose="ops.transpose({0}, {permutation})",
        sum="total({0}, {axis})",
        sum_along="total_along({0}, axis)",
        matrix_transpose="ops.transpose({0}, (1, 0))",
        matmul="ops.matmul({0}, {1})",
        take="take({0}, {1})",
        pick_along="ops.gather_elements({0}, axis, {1})",
        squeeze="without_axis({0}, axis)",
        unsqueeze="ops.expand_dims({0}, axis)",
        batch="with_batch({0})",
    ),
    axis_word="axis",
    keep_word="keepdims",
    kernels=("value", "gradient", "tangent", "curvature"),
    bring='to_tensor("{0}", {0}, {like})',
    array="Tensor",
    parameter="Tensor | float",
    common="ops.stop_gradient({0})",
    tensors_only=True,
    doubts=True,
    layer=LinearLayer("nn.Dense({inputs}, {outputs}, has_bias=bias)"),
    inexact="constant({0}, {like})",
    expand="ops.expand_dims({0}, {place})",
    helpers=frozenset(
        (
            "pick",
            "positions",
            "constant",
            "larger",
            "smaller",
            "sign",
            "exp",
            "log",
            "log1p",
            "log1p_exp",
            "expm1",
            "sigmoid",
            "sigmoids",
            "tanh",
            "loggamma",
            "divide",
            "filled",
            "repeated",
            "is_at",
            "argmax_along",
            "max_along",
            "exp_difference",
            "spread_like",
            "total",
            "total_along",
            "count_up",
            "take",
            "with_batch",
            "without_axis",
        )
    ),
)

BUILT_IN = {backend.name: backend for backend in (NUMPY, TORCH, JAX, MINDSPORE, CHAINER)}
