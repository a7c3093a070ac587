"""Run one spec and keep what it does to itself: its exits, its prints, its working folder."""

from __future__ import annotations

import os
import runpy
import sys
import tokenize
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

from lossgen.advice import advice
from lossgen.errors import SpecError
from lossgen.source import Source, parse
from lossgen.verbatim import verbatim


def read(path: Path) -> Source | SpecError:
    """Return the text of a spec, or why it cannot be read."""
    try:
        with tokenize.open(path) as file:
            return parse(file.read())
    except OSError as error:
        remedy = "make it a file that can be read"
        return SpecError(problem=f"cannot be read ({error.strerror})", remedy=remedy)
    except (SyntaxError, UnicodeError) as error:
        problem, remedy = f"is no text in UTF-8 ({error})", "save the file as UTF-8"
        return SpecError(problem=problem, remedy=remedy)


def run(path: Path, folder: Path, source: Source) -> dict[str, object] | SpecError:
    """Run a spec, whose formulas SymPy is to leave as they are written."""
    try:
        with _at_home(folder), verbatim():
            return runpy.run_path(str(path))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a spec may raise anything, and may leave
        return _explained(error, path, folder, source)


@contextmanager
def _at_home(folder: Path) -> Iterator[None]:
    """Let a spec import its neighbours; it prints beside the output, and moves nobody else."""
    here = Path.cwd()
    sys.path.insert(0, str(folder))
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        sys.path.remove(str(folder))
        os.chdir(here)


def _explained(error: BaseException, path: Path, folder: Path, source: Source) -> SpecError:
    problem, remedy = advice(error)
    if isinstance(error, SyntaxError) and error.filename == str(path):
        line = error.lineno or None
        return SpecError(
            loss=source.loss_at(line),
            line=line,
            expression=(error.text or "").strip() or None,
            problem=problem,
            remedy=remedy,
        )
    frames = traceback.extract_tb(error.__traceback__)
    inside = [frame for frame in frames if Path(frame.filename).is_relative_to(folder)]
    if not inside:
        return SpecError(problem=problem, remedy=remedy)
    frame = inside[-1]
    here = frame.filename == str(path)
    return SpecError(
        file="" if here else Path(frame.filename).relative_to(folder).as_posix(),
        loss=source.loss_at(frame.lineno) if here else "",
        line=frame.lineno,
        expression=(_segment(frame, source) if here else frame.line) or None,
        problem=problem,
        remedy=remedy,
    )


def _segment(frame: traceback.FrameSummary, source: Source) -> str:
    if frame.lineno is None or frame.colno is None or frame.end_colno is None:
        return frame.line or ""
    return source.segment(
        frame.lineno, frame.colno, frame.end_lineno or frame.lineno, frame.end_colno
    )


__all__ = ["read", "run"]
