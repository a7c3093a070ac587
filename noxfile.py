"""The conformance run: all four frameworks in one environment, pinned so that they fit together."""

import nox

nox.options.default_venv_backend = "venv"
nox.options.sessions = ["tests"]

# numpy 1.26 is what binds: MindSpore 2.10 fails under numpy 2, JAX from 0.7 on needs it.
PINS = (
    "numpy==1.26.4",
    "scipy==1.17.1",
    "torch==2.13.0",
    "jax==0.6.2",
    "jaxlib==0.6.2",
    "ml_dtypes==0.5.4",
    "mindspore==2.10.0",
)
# Chainer builds from source, and only with these there before it and without build isolation.
CHAINER_BUILD = ("setuptools>=77.0.3,<81", "wheel")
CHAINER = "chainer==7.8.1"
# Chainer needs numpy.distutils, which needs the standard library's distutils.
ENVIRONMENT = {"SETUPTOOLS_USE_DISTUTILS": "stdlib", "GLOG_v": "3"}


@nox.session
def tests(session: nox.Session) -> None:
    """Run all tests against the generated packages, on the real frameworks."""
    session.install(*CHAINER_BUILD, *PINS)
    session.install("--no-build-isolation", CHAINER, env=ENVIRONMENT)
    session.install("-e", ".[test]")
    session.run("lossgen", "build", "specs/", "--check")
    session.run("ruff", "check")
    session.run("pytest", "-n", "2", "--dist", "loadfile", *session.posargs, env=ENVIRONMENT)
