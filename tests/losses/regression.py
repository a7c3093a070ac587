"""Losses of errors, robust ones among them, and likelihoods of predicted distributions."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor

from losses.case import Case, Unreduced, normals

Number = Tensor | float


def drawn(*kinds: str, shape: tuple[int, ...] = (3, 4)) -> Callable[[Generator], Any]:
    """Draw inputs of some kinds: any number, one above 0, one between 0 and 1, a count."""
    draws: dict[str, Callable[[Generator], np.ndarray]] = {
        "any": lambda rng: 2 * rng.standard_normal(shape),
        "positive": lambda rng: rng.gamma(2.0, size=shape) + 0.1,
        "share": lambda rng: 0.05 + 0.9 * rng.random(shape),
        "count": lambda rng: rng.poisson(2.0, shape).astype(np.float64),
    }
    return lambda rng: tuple(draws[kind](rng) for kind in kinds)


def sides(rng: Generator) -> tuple[np.ndarray, ...]:
    """Draw scores, and whether they should be above 0."""
    return rng.standard_normal((3, 4)), rng.choice([0.0, 1.0], (3, 4))


def sparsemax(x: Tensor, t: Tensor) -> Unreduced:
    wrong = x - 2 * t * x
    return ((wrong.clamp(-1, 1) + 1) / 2).square() + torch.relu(wrong - 1), None


def von_mises(x: Tensor, t: Tensor, concentration: Tensor | float = 1.0) -> Unreduced:
    return concentration * (1 - torch.cos(x) * torch.cos(t) - torch.sin(x) * torch.sin(t)), None


def l2(x: Tensor, t: Tensor) -> Unreduced:
    return 0.5 * (t - x) * (t - x), None


def rmse(x: Tensor, t: Tensor) -> Unreduced:
    return ((x - t) ** 2).mean().sqrt(), None


def mape(x: Tensor, t: Tensor, eps: float = 1e-7) -> Unreduced:
    return 100 * ((t - x) / t.abs().clamp(min=eps)).abs(), None


def smape(x: Tensor, t: Tensor) -> Unreduced:
    return 100 * (x - t).abs() / ((x.abs() + t.abs()) / 2), None


def msle(x: Tensor, t: Tensor, eps: float = 1e-7) -> Unreduced:
    return (torch.log1p(t.clamp(min=eps)) - torch.log1p(x.clamp(min=eps))) ** 2, None


def expectile(x: Tensor, t: Tensor, q: Number = 0.5) -> Unreduced:
    below, above = torch.relu(t - x), torch.relu(x - t)
    return q * below**2 + (1 - q) * above**2, None


def charbonnier(x: Tensor, t: Tensor, eps: Number = 1e-3) -> Unreduced:
    return ((x - t) ** 2 + eps**2).sqrt(), None


def cauchy(x: Tensor, t: Tensor, scale: Number = 1.0) -> Unreduced:
    return scale**2 * torch.log(1 + ((x - t) / scale) ** 2) / 2, None


def welsch(x: Tensor, t: Tensor, scale: Number = 1.0) -> Unreduced:
    return scale**2 * (1 - torch.exp(-(((x - t) / scale) ** 2))) / 2, None


def geman_mcclure(x: Tensor, t: Tensor, scale: Number = 1.0) -> Unreduced:
    return (x - t) ** 2 / (scale**2 + (x - t) ** 2), None


def barron(x: Tensor, t: Tensor, alpha: Number = 1.0, scale: Number = 1.0) -> Unreduced:
    square = ((x - t) / scale) ** 2
    special = {
        2.0: square / 2,
        0.0: torch.log(square / 2 + 1),
        -math.inf: 1 - torch.exp(-square / 2),
        math.inf: torch.exp(square / 2) - 1,
    }
    if not isinstance(alpha, Tensor) and alpha in special:
        return special[alpha], None
    bend = abs(alpha - 2)
    return bend / alpha * ((square / bend + 1) ** (alpha / 2) - 1), None


def tukey_biweight(x: Tensor, t: Tensor, scale: Number = 4.685) -> Unreduced:
    inner = torch.relu(1 - ((x - t) / scale) ** 2)
    return scale**2 / 6 * (1 - inner**3), None


def wing(x: Tensor, t: Tensor, width: Number = 10.0, eps: Number = 2.0) -> Unreduced:
    error, most = (x - t).abs(), width * _log(1 + width / eps)
    near = width * torch.log(1 + error / eps)
    return torch.where(error < width, near, error - width + most), None


def _log(value: Number) -> Number:
    return torch.log(value) if isinstance(value, Tensor) else math.log(value)


def adaptive_wing(
    x: Tensor,
    t: Tensor,
    omega: Number = 14.0,
    theta: Number = 0.5,
    eps: Number = 1.0,
    alpha: Number = 2.1,
) -> Unreduced:
    error, exponent = (x - t).abs(), alpha - t
    reach = theta / eps
    a = omega / (1 + reach**exponent) * exponent * reach ** (exponent - 1) / eps
    c = theta * a - omega * torch.log(1 + reach**exponent)
    near = omega * torch.log(1 + (error / eps) ** exponent)
    return torch.where(error < theta, near, a * error - c), None


def quantile_huber(x: Tensor, t: Tensor, kappa: Number = 1.0) -> Unreduced:
    count = x.shape[1]
    level = ((torch.arange(count) + 0.5) / count)[:, None]
    error = t[:, None, :] - x[:, :, None]
    size = error.abs()
    huber = torch.where(size <= kappa, error**2 / 2, kappa * (size - kappa / 2)) / kappa
    return ((level - (error.detach() < 0).double()).abs() * huber).mean(2).sum(1), None


def pearson(x: Tensor, t: Tensor) -> Unreduced:
    dx, dt = x - x.mean(0), t - t.mean(0)
    return 1 - (dx * dt).sum(0) / ((dx * dx).sum(0) * (dt * dt).sum(0)).sqrt(), None


def nash_sutcliffe(x: Tensor, t: Tensor) -> Unreduced:
    return ((x - t) ** 2).sum(0) / ((t - t.mean(0)) ** 2).sum(0), None


def log_gamma(x: Tensor) -> Tensor:
    """Return log(gamma(x)) by Stirling's series; torch's has a trigamma of nine digits."""
    steps = sum(torch.log(x + k) for k in range(12))
    far = x + 12
    series = 1 / (12 * far) - 1 / (360 * far**3) + 1 / (1260 * far**5) - 1 / (1680 * far**7)
    series = series + 1 / (1188 * far**9) - 691 / (360360 * far**11) + 1 / (156 * far**13)
    return (far - 0.5) * torch.log(far) - far + math.log(2 * math.pi) / 2 + series - steps


def evidential(
    x: Tensor, t: Tensor, nu: Tensor, alpha: Tensor, beta: Tensor, coefficient: Number = 0.01
) -> Unreduced:
    omega = 2 * beta * (1 + nu)
    nll = (
        0.5 * torch.log(math.pi / nu)
        - alpha * torch.log(omega)
        + (alpha + 0.5) * torch.log((t - x) ** 2 * nu + omega)
        + log_gamma(alpha)
        - log_gamma(alpha + 0.5)
    )
    return nll + coefficient * (t - x).abs() * (2 * nu + alpha), None


def tweedie(x: Tensor, t: Tensor, power: Number = 1.5, log_input: bool = True) -> Unreduced:
    mean = torch.exp(x) if log_input else x
    return -t * mean ** (1 - power) / (1 - power) + mean ** (2 - power) / (2 - power), None


def poisson(x: Tensor, t: Tensor, eps: float = 1e-7) -> Unreduced:
    return x - t * torch.log(x + eps), None


def gamma_nll(x: Tensor, t: Tensor, log_input: bool = True) -> Unreduced:
    mean = torch.exp(x) if log_input else x
    return torch.log(mean) + t / mean, None


def beta_distribution_nll(a: Tensor, b: Tensor, t: Tensor) -> Unreduced:
    log_beta = log_gamma(a) + log_gamma(b) - log_gamma(a + b)
    return log_beta - (a - 1) * torch.log(t) - (b - 1) * torch.log(1 - t), None


def laplace_nll(x: Tensor, t: Tensor, scale: Tensor, eps: float = 1e-6) -> Unreduced:
    scale = scale + (scale.clamp(min=eps) - scale).detach()
    return (t - x).abs() / scale + torch.log(2 * scale), None


def student_t_nll(x: Tensor, t: Tensor, df: Number = 3.0, scale: Number = 1.0) -> Unreduced:
    df, scale = (torch.as_tensor(value, dtype=torch.float64) for value in (df, scale))
    density = log_gamma((df + 1) / 2) - log_gamma(df / 2) - torch.log(df * math.pi) / 2
    tails = (df + 1) / 2 * torch.log(1 + ((t - x) / scale) ** 2 / df)
    return tails - density + torch.log(scale), None


def gaussian_crps(x: Tensor, t: Tensor, std: Tensor) -> Unreduced:
    z = (t - x) / std
    normal = torch.distributions.Normal(0.0, 1.0, validate_args=False)
    density = torch.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    return std * (z * (2 * normal.cdf(z) - 1) + 2 * density - 1 / math.sqrt(math.pi)), None


def log_var_gaussian_nll(x: Tensor, t: Tensor, log_var: Tensor, full: bool = False) -> Unreduced:
    precision = torch.exp(-log_var)
    constant = math.log(2 * math.pi) / 2 if full else 0.0
    return constant + log_var / 2 + (t - x) ** 2 * precision / 2, None


def gaussian_kl(mean: Tensor, log_var: Tensor) -> Unreduced:
    return -(1 + log_var - mean * mean - torch.exp(log_var)) / 2, None


def beta_nll(x: Tensor, t: Tensor, var: Tensor, beta: Number = 0.5, eps: float = 1e-6) -> Unreduced:
    var = var + (var.clamp(min=eps) - var).detach()
    return var.detach() ** beta * (torch.log(var) + (t - x) ** 2 / var) / 2, None


def _cases(
    name: str,
    function: str,
    formula: Callable[..., Any],
    draw: Callable[[Generator], Any],
    **options: dict[str, Any],
) -> tuple[Case, ...]:
    """Return a case with default options, and one for each of the others, named after it."""
    start = function.removesuffix("_loss")
    plain = Case(start, name, function, formula, draw)
    return (
        plain,
        *(Case(f"{start}-{k}", name, function, formula, draw, v) for k, v in options.items()),
    )


ERRORS = normals((3, 4), (3, 4))
SERIES = normals((5, 2), (5, 2))
_MEANS = drawn("positive", "positive")

CASES: tuple[Case, ...] = (
    *_cases("SparsemaxLoss", "sparsemax_loss", sparsemax, sides),
    *_cases("VonMisesLoss", "von_mises_loss", von_mises, ERRORS, sharp={"concentration": 4.0}),
    *_cases("L2Loss", "l2_loss", l2, ERRORS),
    *_cases("RMSELoss", "rmse_loss", rmse, ERRORS),
    *_cases("MAPELoss", "mape_loss", mape, ERRORS, wide={"eps": 1.5}),
    *_cases("SMAPELoss", "smape_loss", smape, ERRORS),
    *_cases("MSLELoss", "msle_loss", msle, _MEANS, wide={"eps": 1.5}),
    *_cases("ExpectileLoss", "expectile_loss", expectile, ERRORS, high={"q": 0.875}),
    *_cases("CharbonnierLoss", "charbonnier_loss", charbonnier, ERRORS, wide={"eps": 0.5}),
    *_cases("CauchyLoss", "cauchy_loss", cauchy, ERRORS, wide={"scale": 2.5}),
    *_cases("WelschLoss", "welsch_loss", welsch, ERRORS, wide={"scale": 2.5}),
    *_cases("GemanMcClureLoss", "geman_mcclure_loss", geman_mcclure, ERRORS, wide={"scale": 2.5}),
    *_cases(
        "BarronLoss",
        "barron_loss",
        barron,
        ERRORS,
        squared={"alpha": 2.0, "scale": 1.5},
        cauchy={"alpha": 0.0, "scale": 1.5},
        geman={"alpha": -2.0, "scale": 1.5},
        welsch={"alpha": -math.inf, "scale": 1.5},
        exponential={"alpha": math.inf, "scale": 4.0},
        between={"alpha": 1.5},
        steep={"alpha": 3.0, "scale": 4.0},
    ),
    *_cases(
        "TukeyBiweightLoss", "tukey_biweight_loss", tukey_biweight, ERRORS, narrow={"scale": 1.5}
    ),
    *_cases("WingLoss", "wing_loss", wing, ERRORS, narrow={"width": 1.5, "eps": 0.5}),
    *_cases(
        "AdaptiveWingLoss",
        "adaptive_wing_loss",
        adaptive_wing,
        drawn("share", "share"),
        wide={"omega": 8.0, "theta": 0.25, "eps": 0.5, "alpha": 3.0},
    ),
    *_cases(
        "QuantileHuberLoss",
        "quantile_huber_loss",
        quantile_huber,
        normals((3, 4), (3, 2)),
        narrow={"kappa": 0.5},
    ),
    *_cases("PearsonLoss", "pearson_loss", pearson, SERIES),
    *_cases("NashSutcliffeLoss", "nash_sutcliffe_loss", nash_sutcliffe, SERIES),
    *_cases(
        "EvidentialRegressionLoss",
        "evidential_regression_loss",
        evidential,
        drawn("any", "any", "positive", "positive", "positive"),
        strict={"coefficient": 0.5},
    ),
    *_cases(
        "TweedieLoss", "tweedie_loss", tweedie, drawn("any", "count"), near_poisson={"power": 1.25}
    ),
    Case(
        "tweedie-means",
        "TweedieLoss",
        "tweedie_loss",
        tweedie,
        drawn("positive", "count"),
        {"log_input": False},
    ),
    *_cases("PoissonLoss", "poisson_loss", poisson, drawn("positive", "count"), wide={"eps": 0.5}),
    *_cases("GammaNLLLoss", "gamma_nll_loss", gamma_nll, drawn("any", "positive")),
    Case(
        "gamma_nll-means",
        "GammaNLLLoss",
        "gamma_nll_loss",
        gamma_nll,
        _MEANS,
        {"log_input": False},
    ),
    *_cases(
        "BetaDistributionNLLLoss",
        "beta_distribution_nll_loss",
        beta_distribution_nll,
        drawn("positive", "positive", "share"),
    ),
    *_cases(
        "LaplaceNLLLoss",
        "laplace_nll_loss",
        laplace_nll,
        drawn("any", "any", "positive"),
        floored={"eps": 1.5},
    ),
    *_cases(
        "StudentTNLLLoss",
        "student_t_nll_loss",
        student_t_nll,
        ERRORS,
        cauchy={"df": 1.0, "scale": 2.5},
    ),
    *_cases(
        "GaussianCRPSLoss", "gaussian_crps_loss", gaussian_crps, drawn("any", "any", "positive")
    ),
    *_cases(
        "LogVarGaussianNLLLoss",
        "log_var_gaussian_nll_loss",
        log_var_gaussian_nll,
        drawn("any", "any", "any"),
        full={"full": True},
    ),
    Case(
        "gaussian_kl",
        "GaussianKLLoss",
        "gaussian_kl_loss",
        gaussian_kl,
        drawn("any", "any"),
    ),
    *_cases(
        "BetaNLLLoss",
        "beta_nll_loss",
        beta_nll,
        drawn("any", "any", "positive"),
        whole={"beta": 1.0, "eps": 0.5},
    ),
)
