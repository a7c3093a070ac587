"""The conformance run: all four frameworks in one environment, pinned so that they fit together.

A second, lighter one has the newest releases, which MindSpore and Chainer do not fit.
"""

from pathlib import Path

import nox

nox.options.default_venv_backend = "venv"
nox.options.sessions = ["tests", "newest"]

OPTAX = "optax==0.2.8"  # for the examples

# numpy 1.26 is what binds: MindSpore 2.10 fails under numpy 2, JAX from 0.7 on needs it.
PINS = (
    "numpy==1.26.4",
    "scipy==1.17.1",
    "torch==2.13.0",
    "jax==0.6.2",
    "jaxlib==0.6.2",
    "ml_dtypes==0.5.4",
    "mindspore==2.10.0",
    OPTAX,
    "keras==3.15.1",  # what specs say of its losses is checked against it, on JAX
    "expecttest==0.3.0",  # torch's own samples of inputs import it
    # Every loss is exported and run, too; these three are tested with torch 2.13 and numpy 1.26.
    "onnx==1.23.2",
    "onnxscript==0.7.2",
    "onnxruntime==1.31.1",
)
# Chainer builds from source, and only with these there before it and without build isolation.
CHAINER_BUILD = ("setuptools>=77.0.3,<81", "wheel")
CHAINER = "chainer==7.8.1"
# Chainer needs numpy.distutils, which needs the standard library's distutils.
ENVIRONMENT = {"SETUPTOOLS_USE_DISTUTILS": "stdlib", "GLOG_v": "3"}

# The upper edges of the ranges in pyproject.toml, as those above are the lower ones.
NEWEST = ("numpy==2.4.6", "torch==2.13.0", "jax==0.10.2", "jaxlib==0.10.2", OPTAX)
NEWEST_TESTS = (
    "tests/test_numpy.py",
    "tests/test_torch.py",
    "tests/test_jax.py",
    "tests/test_jax_modes.py",
    "tests/test_examples_jax.py",
)
# Compiling these takes a third of the time; the other session runs them too.
NEWEST_CHOICE = "not check_grads and not in_one_mode_twice"


@nox.session
def tests(session: nox.Session) -> None:
    """Run all tests against the generated packages, on the real frameworks."""
    session.install(*CHAINER_BUILD, *PINS)
    session.install("--no-build-isolation", CHAINER, env=ENVIRONMENT)
    session.install("-e", ".[test]")
    session.run("lossgen", "build", "specs/", "--check")
    session.run("ruff", "check")
    session.run("mypy")
    slowest = ("--durations=25", "--durations-min=5")  # there is a limit to keep: 20 minutes
    parallel = ("-n", "2", "--dist", "loadfile")
    session.run("pytest", *parallel, *slowest, *session.posargs, env=ENVIRONMENT)


@nox.session
def newest(session: nox.Session) -> None:
    """Run what is generated for NumPy, PyTorch and JAX on their newest releases."""
    session.install(*NEWEST, "-e", ".[test]")
    session.run("mypy", "-p", "generated.jax", "-p", "generated.numpy")
    session.run("pytest", "-n", "2", *NEWEST_TESTS, "-k", NEWEST_CHOICE, *session.posargs)
    chosen = "float32 and not chainer and not mindspore"
    session.run("pytest", "-n", "2", "tests/conformance", "-k", chosen, *session.posargs)


@nox.session
def properties(session: nox.Session) -> None:
    """Draw thousands of losses and judge what is generated from them."""
    session.install(*NEWEST, "-e", ".[test]")
    found = {"LOSSGEN_PROPERTIES": "thorough"}
    session.run("pytest", "-n", "2", "tests/properties", *session.posargs, env=found)


@nox.session
def planted(session: nox.Session) -> None:
    """Plant errors into lossgen, see which are caught, and write docs/planted.md."""
    session.install("-e", ".[test]")
    session.run("python", "tests/planted/score.py", env={"PYTHONPATH": "tests:tests/planted"})


@nox.session
def audit(session: nox.Session) -> None:
    """Audit the built-ins of other libraries, and write docs/audit.md."""
    session.install(*CHAINER_BUILD, *PINS)
    session.install("--no-build-isolation", CHAINER, env=ENVIRONMENT)
    session.install("-e", ".")
    page = session.run(
        "lossgen", "audit", "--all", "--markdown", silent=True, stderr=None, env=ENVIRONMENT
    )
    Path("docs/audit.md").write_text(str(page), encoding="utf-8")


@nox.session
def copies(session: nox.Session) -> None:
    """Build the whole library with its own tests, and run these in a copy."""
    session.install(*CHAINER_BUILD, *PINS)
    session.install("--no-build-isolation", CHAINER, env=ENVIRONMENT)
    session.install("-e", ".[test]")
    out = f"{session.create_tmp()}/copied"
    session.run("lossgen", "build", "specs/", "--out", out, "--with-tests", "--no-verify")
    session.run("pytest", "-p", "no:cacheprovider", out, *session.posargs, env=ENVIRONMENT)
