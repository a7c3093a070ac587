"""From modules to text: Jinja lays out, ruff formats."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from jinja2 import (
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    StrictUndefined,
    TemplateNotFound,
)

from lossgen.backends import Backend, find
from lossgen.faults import fault
from lossgen.functions import shared_functions
from lossgen.loss import Loss
from lossgen.module import make_module
from lossgen.prose import settle
from lossgen.resources import templates_path

THIRD_PARTY = '["chainer", "jax", "mindspore", "numpy", "torch"]'
RUFF = ("--isolated", "--line-length=100", "--target-version=py311", "--no-cache", "--quiet")
LINT = (
    "--select=I,F401,UP",
    f"--config=lint.isort.known-third-party={THIRD_PARTY}",
    "--config=lint.isort.split-on-trailing-comma=false",
)
STYLE = "--config=format.skip-magic-trailing-comma=true"


def environment(*folders: Path) -> Environment:
    """Return the template environment; a user's folders come before lossgen's own."""
    loaders = [FileSystemLoader(folder) for folder in (*folders, templates_path())]
    return Environment(
        loader=ChoiceLoader(loaders),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )


def render_backend(losses: Sequence[Loss], name: str) -> dict[str, str]:
    """Return the files of one package: path inside the package to formatted text."""
    backend = _backend(name)
    templates = environment(*backend.templates)
    try:
        return _formatted(_texts(losses, backend, templates))
    except TemplateNotFound as missing:
        problem = f"the backend {name} has no template {missing.name}"
        raise fault(problem, "add it to a folder that its templates= names") from missing


def _backend(name: str) -> Backend:
    """Return a backend, which may come from somebody else's package."""
    try:
        backend = find(name)
    except Exception as error:  # importing may raise anything
        problem = f"the backend {name} cannot be loaded ({type(error).__name__}: {error})"
        raise fault(problem, "mend or remove the package that it comes from") from error
    if not isinstance(backend, Backend) or backend.name != name:
        problem = f"the entry point {name} leads to no Backend of that name"
        raise fault(problem, "mend or remove the package that it comes from")
    return backend


def _texts(losses: Sequence[Loss], backend: Backend, templates: Environment) -> dict[str, str]:
    """Return the files of one package as the templates give them."""
    name = backend.name
    files: dict[str, str] = {}
    page = templates.get_template(f"{name}/loss.py.jinja")
    called: set[str] = set()
    for loss in losses:
        module = make_module(loss, backend)
        called.update(module.functions)
        files[f"_{loss.function}.py"] = page.render(m=module, source=f"specs/{loss.source}")
    functions = shared_functions(backend, called)
    helpers = sorted({helper for function in functions for helper in function.helpers})
    for template in sorted(templates.list_templates(extensions=["jinja"])):
        folder, _, file = template.partition("/")
        if folder == name and file not in ("loss.py.jinja", "__init__.py.jinja"):
            files[file.removesuffix(".jinja")] = templates.get_template(template).render(
                functions=functions, helpers=helpers, source=f"templates/{template}"
            )
    exports = [(loss.function, loss.name) for loss in losses]
    files["__init__.py"] = templates.get_template(f"{name}/__init__.py.jinja").render(
        exports=exports, source="specs"
    )
    return files


def _formatted(files: dict[str, str]) -> dict[str, str]:
    """Sort imports and format, all files in one run."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for path, text in files.items():
            (root / path).write_text(settle(text), encoding="utf-8", newline="\n")
        ruff = (sys.executable, "-m", "ruff")
        for command in (("check", "--fix", *LINT), ("format", STYLE)):
            done = subprocess.run(
                (*ruff, *command, *RUFF, folder),
                capture_output=True,
                text=True,
                check=False,
                cwd=folder,
            )
            if done.returncode:
                raise RuntimeError(
                    f"ruff cannot format what was rendered:\n{done.stdout}{done.stderr}"
                )
        return {path: (root / path).read_text(encoding="utf-8") for path in sorted(files)}
