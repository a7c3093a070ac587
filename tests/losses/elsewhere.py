"""What built-ins have to do with the losses of errors, likelihoods, divergences and features."""

from functools import partial
from typing import Any

import numpy as np

from losses.relation import CHAINER, KERAS, SAME, Relation

UNREDUCED = {"none": "none"}
BOTH, ALL = (0, 1), (0, 1, 2)
WEIGHTS = np.array([0.5, 2.0, 0.25], np.float32)


Places = tuple[int, ...]


def torch_loss(case: str, name: str, by: Places = BOTH, **options: Any) -> Relation:
    return _class_of("torch", case, name, by, options)


def mindspore_loss(case: str, name: str, by: Places = BOTH, **options: Any) -> Relation:
    return _class_of("mindspore", case, name, by, options)


def _class_of(library: str, case: str, name: str, by: Places, options: dict) -> Relation:
    def call(module, *inputs, reduction):
        return getattr(module.nn, name)(reduction=reduction, **options)(*inputs)

    return Relation(case, f"{library}.nn.{name}", "equal", call, reductions=SAME, by=by)


def keras_mean(case: str, name: str) -> Relation:
    """Relate a loss of Keras whose mean is equal; its other reductions are those of rows."""
    return _keras(case, name, "the target first", None, {"mean": KERAS["mean"]})


def keras_rows(case: str, name: str, **options: Any) -> Relation:
    """Relate a loss of Keras to ours in its dialect."""
    return _keras(case, name, "averages the last axis before it reduces", "keras", KERAS, **options)


def _keras(
    case: str, name: str, stated: str, dialect: str | None, words: dict[str, str], **options: Any
) -> Relation:
    def call(keras, x, t, reduction):
        return getattr(keras.losses, name)(reduction=reduction, **options)(t, x)

    by = (0,) if dialect else BOTH
    return Relation(case, f"keras.losses.{name}", stated, call, dialect, words, by=by)


def optax_loss(case: str, name: str, by: Places = BOTH) -> Relation:
    def call(optax, *inputs, reduction):
        return getattr(optax.losses, name)(*inputs)

    builtin, stated = f"optax.losses.{name}", "equal, unreduced"
    return Relation(case, builtin, stated, call, reductions=UNREDUCED, by=by)


def chainer_loss(case: str, name: str, reduction: str, stated: str, by: Places = BOTH) -> Relation:
    """Relate a function of Chainer that has one reduction."""

    def call(chainer, *inputs, reduction):
        return getattr(chainer.functions, name)(*inputs)

    words = {reduction: reduction}
    return Relation(case, f"chainer.functions.{name}", stated, call, reductions=words, by=by)


def _von_mises(torch: Any, x: Any, t: Any, reduction: str, concentration: float) -> Any:
    angles = torch.distributions.VonMises(x, concentration)
    return angles.log_prob(x) - angles.log_prob(t)


RELATIONS: tuple[Relation, ...] = (
    torch_loss("l1", "L1Loss"),
    mindspore_loss("l1", "L1Loss"),
    mindspore_loss("l1", "MAELoss"),
    chainer_loss("l1", "mean_absolute_error", "mean", "equal"),
    chainer_loss("l1", "absolute_error", "none", "equal, unreduced"),
    keras_mean("l1", "MeanAbsoluteError"),
    keras_rows("l1", "MeanAbsoluteError"),
    torch_loss("mse", "MSELoss"),
    mindspore_loss("mse", "MSELoss"),
    chainer_loss("mse", "mean_squared_error", "mean", "equal"),
    chainer_loss("mse", "squared_error", "none", "equal, unreduced"),
    optax_loss("mse", "squared_error"),
    keras_mean("mse", "MeanSquaredError"),
    keras_rows("mse", "MeanSquaredError"),
    Relation(
        "mse",
        "keras.losses.MeanSquaredError",
        "the mean does not divide by the weights of samples",
        lambda keras, x, t, reduction: keras.losses.MeanSquaredError(reduction=reduction)(
            t, x, sample_weight=WEIGHTS
        ),
        "keras",
        KERAS,
        given={"sample_weight": WEIGHTS},
    ),
    optax_loss("l2", "l2_loss"),
    torch_loss("huber", "HuberLoss"),
    mindspore_loss("huber", "HuberLoss"),
    optax_loss("huber", "huber_loss"),
    keras_mean("huber", "Huber"),
    keras_rows("huber", "Huber"),
    keras_rows("huber-delta", "Huber", delta=0.75),
    Relation(
        "huber",
        "chainer.functions.huber_loss",
        "equal where it is told to sum no axis",
        lambda chainer, x, t, reduction: chainer.functions.huber_loss(x, t, 1.0, reduction),
        reductions={"none": "no"},
    ),
    Relation(
        "huber",
        "chainer.functions.huber_loss",
        "sums axis 1, and reduces no further",
        lambda chainer, x, t, reduction: chainer.functions.huber_loss(x, t, 1.0),
        "chainer",
        UNREDUCED,
    ),
    torch_loss("smooth_l1", "SmoothL1Loss"),
    mindspore_loss("smooth_l1", "SmoothL1Loss"),
    torch_loss("smooth_l1-beta", "SmoothL1Loss", beta=0.5),
    mindspore_loss("smooth_l1-beta", "SmoothL1Loss", beta=0.5),
    Relation(
        "smooth_l1",
        "mindspore.nn.SmoothL1Loss",
        "does not reduce unless told to",
        lambda mindspore, x, t, reduction: mindspore.nn.SmoothL1Loss()(x, t),
        reductions=UNREDUCED,
    ),
    optax_loss("log_cosh", "log_cosh"),
    keras_mean("log_cosh", "LogCosh"),
    keras_rows("log_cosh", "LogCosh"),
    keras_mean("mape", "MeanAbsolutePercentageError"),
    keras_rows("mape", "MeanAbsolutePercentageError"),
    keras_mean("msle", "MeanSquaredLogarithmicError"),
    keras_rows("msle", "MeanSquaredLogarithmicError"),
    Relation(
        "rmse",
        "mindspore.nn.RMSELoss",
        "equal, rounded to float32",
        lambda mindspore, x, t: mindspore.nn.RMSELoss()(x, t),
    ),
    torch_loss("gaussian_nll", "GaussianNLLLoss", ALL),
    mindspore_loss("gaussian_nll", "GaussianNLLLoss", ALL),
    torch_loss("poisson_nll", "PoissonNLLLoss"),
    torch_loss("poisson_nll-means", "PoissonNLLLoss", log_input=False, full=True, eps=0.25),
    mindspore_loss("poisson_nll", "PoissonNLLLoss"),
    mindspore_loss("poisson_nll-means", "PoissonNLLLoss", log_input=False, full=True, eps=0.25),
    keras_mean("poisson", "Poisson"),
    keras_rows("poisson", "Poisson"),
    torch_loss("poisson", "PoissonNLLLoss", log_input=False, eps=1e-7),
    Relation(
        "beta_distribution_nll",
        "torch.distributions.Beta",
        "minus log_prob, unreduced",
        lambda torch, a, b, t, reduction: -torch.distributions.Beta(a, b).log_prob(t),
        reductions=UNREDUCED,
        by=ALL,
    ),
    Relation(
        "laplace_nll",
        "torch.distributions.Laplace",
        "minus log_prob, unreduced",
        lambda torch, x, t, scale, reduction: -torch.distributions.Laplace(x, scale).log_prob(t),
        reductions=UNREDUCED,
        by=ALL,
    ),
    *(
        Relation(
            f"von_mises{suffix}",
            "torch.distributions.VonMises",
            "what log_prob loses against the predicted angle",
            partial(_von_mises, concentration=concentration),
            reductions=UNREDUCED,
            by=BOTH,
        )
        for suffix, concentration in (("", 1.0), ("-sharp", 4.0))
    ),
    Relation(
        "student_t_nll",
        "torch.distributions.StudentT",
        "minus log_prob, unreduced",
        lambda torch, x, t, reduction: -torch.distributions.StudentT(3.0, x).log_prob(t),
        reductions=UNREDUCED,
        by=BOTH,
    ),
    Relation(
        "log_var_gaussian_nll",
        "torch.nn.GaussianNLLLoss",
        "equal, given the variance",
        lambda torch, x, t, log_var, reduction: torch.nn.GaussianNLLLoss(reduction=reduction)(
            x, t, log_var.exp()
        ),
        reductions=SAME,
        by=ALL,
    ),
    Relation(
        "log_var_gaussian_nll",
        "chainer.functions.gaussian_nll",
        "always adds the constant",
        lambda chainer, x, t, log_var, reduction: chainer.functions.gaussian_nll(
            t, x, log_var, reduce=reduction
        ),
        "chainer",
        CHAINER,
    ),
    Relation(
        "log_var_gaussian_nll-full",
        "chainer.functions.gaussian_nll",
        "the target first; the constant always",
        lambda chainer, x, t, log_var, reduction: chainer.functions.gaussian_nll(
            t, x, log_var, reduce=reduction
        ),
        reductions=CHAINER,
        by=ALL,
    ),
    Relation(
        "log_var_gaussian_nll-full",
        "chainer.functions.gaussian_nll",
        "sums unless told otherwise",
        lambda chainer, x, t, log_var, reduction: chainer.functions.gaussian_nll(t, x, log_var),
        reductions={"sum": "sum"},
    ),
    Relation(
        "gaussian_kl",
        "chainer.functions.gaussian_kl_divergence",
        "equal",
        lambda chainer, mean, log_var, reduction: chainer.functions.gaussian_kl_divergence(
            mean, log_var, reduce=reduction
        ),
        reductions=CHAINER,
        by=BOTH,
    ),
    chainer_loss("gaussian_kl", "gaussian_kl_divergence", "sum", "sums unless told otherwise"),
    Relation(
        "generalized_kl_div",
        "optax.losses.generalized_kl_divergence",
        "sums the last axis, of 4",
        lambda optax, x, t: optax.losses.generalized_kl_divergence(x, t).mean() / 4,
        by=BOTH,
    ),
    Relation(
        "generalized_kl_div",
        "optax.losses.generalized_kl_divergence",
        "sums the last axis, and reduces no further",
        lambda optax, x, t, reduction: optax.losses.generalized_kl_divergence(x, t),
        "optax",
        UNREDUCED,
    ),
    Relation(
        "kl_div_with_logits",
        "torch.nn.KLDivLoss",
        "batchmean of log-softmaxes",
        lambda torch, x, t: torch.nn.KLDivLoss(reduction="batchmean", log_target=True)(
            x.log_softmax(1), t.log_softmax(1)
        ),
        by=BOTH,
    ),
    Relation(
        "kl_div_with_logits",
        "torch.nn.KLDivLoss",
        "the mean is over the entries, 4 a sample",
        lambda torch, x, t: (
            4 * torch.nn.KLDivLoss(log_target=True)(x.log_softmax(1), t.log_softmax(1))
        ),
        by=BOTH,
    ),
    Relation(
        "kl_div_with_logits",
        "optax.losses.kl_divergence_with_log_targets",
        "equal of log-softmaxes, unreduced",
        lambda optax, x, t, reduction: optax.losses.kl_divergence_with_log_targets(
            _log_softmax(x), _log_softmax(t)
        ),
        reductions=UNREDUCED,
        by=BOTH,
    ),
    Relation(
        "kl_div_with_logits",
        "keras.losses.KLDivergence",
        "equal of softmaxes, the target first",
        lambda keras, x, t, reduction: keras.losses.KLDivergence(reduction=reduction)(
            keras.ops.softmax(t), keras.ops.softmax(x)
        ),
        reductions=KERAS,
        by=BOTH,
    ),
    Relation(
        "reverse_kl_div_with_logits",
        "optax.losses.kl_divergence_with_log_targets",
        "equal of log-softmaxes exchanged, unreduced",
        lambda optax, x, t, reduction: optax.losses.kl_divergence_with_log_targets(
            _log_softmax(t), _log_softmax(x)
        ),
        reductions=UNREDUCED,
        by=BOTH,
    ),
    chainer_loss("cross_covariance", "cross_covariance", "none", "equal"),
    chainer_loss("decov", "decov", "none", "equal", (0,)),
)


def _log_softmax(x: Any) -> Any:
    import jax

    return jax.nn.log_softmax(x)
