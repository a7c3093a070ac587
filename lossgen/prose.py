"""Documentation on its way into docstrings: what could end a literal travels in disguise.

A template may put the same text into plain and raw docstrings, which spell a backslash differently.
Backslashes and double quotes therefore pass through templates as characters that Unicode keeps for
such uses; in the rendered file every docstring that holds one is then written so that it says
exactly what the spec says.
"""

from __future__ import annotations

import re
from textwrap import fill

from lossgen.memory import remembered

QUOTES = '"""'
_BACKSLASH, _QUOTE = "\ufdd0", "\ufdd1"
_HIDDEN = str.maketrans({"\\": _BACKSLASH, '"': _QUOTE})
_SHOWN = str.maketrans({_BACKSLASH: "\\", _QUOTE: '"'})
_ESCAPED = str.maketrans({_BACKSLASH: "\\\\", _QUOTE: '\\"'})
_DOCSTRING = re.compile(r'([rR]?)"""(.*?)"""', re.DOTALL)
_OPENING = re.compile(r'\s*[rR]?"""')
_CITATION = re.compile(r'(.*\S) (\([^()]*\)\.?(?:""")?)')
_ARRANGED = re.compile(r"\s|[-*+>:|]|\.\.|\d+\. ")  # how lists, code and directives begin
_LISTED = re.compile(r"- |  \S")  # an item of a list, and how it goes on

# Control characters, halves of characters, what hides here, and what turns the direction of text.
WIDTH = 99  # the summary's opening quotes may stand on a line of their own
INDENT = "    "
UNFIT = re.compile(
    "[\0-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\u2028-\u202e\u2066-\u2069]"
)


@remembered
def disguise(text: str) -> str:
    """Return a text as templates may put it into any docstring."""
    return text.translate(_HIDDEN)


@remembered
def sentence(text: str) -> str:
    """Return a text disguised and on one line, as the list of arguments needs it."""
    return disguise(" ".join(text.split()))


def settle(source: str) -> str:
    """Return rendered code with disguised text spelled out in docstrings, long lines folded."""
    if _BACKSLASH in source or _QUOTE in source:
        source = _DOCSTRING.sub(_literal, source)
    pieces = source.split(QUOTES)  # code and docstrings in turn
    for k in range(1, len(pieces) - 1, 2):
        pieces[k] = _folded(pieces[k - 1], pieces[k])
    return QUOTES.join(pieces)


def _folded(before: str, body: str) -> str:
    """Fold what stands between quotes, given the code before."""
    line = before[before.rfind("\n") + 1 :]
    lead = line if line.lstrip(" ") in ("", "r", "R") else line[-1:] if line[-1:] in "rR" else ""
    lines = f"{lead}{QUOTES}{body}{QUOTES}".split("\n")
    if max(map(len, lines)) <= WIDTH:
        return body
    return "\n".join(map(_fold_line, lines))[len(lead) + len(QUOTES) : -len(QUOTES)]


@remembered
def paragraphs(text: str) -> tuple[str, ...]:
    """Return the lines of a description, paragraphs that are too wide folded anew."""
    lines: list[str] = []
    for block in re.split(r"\n\s*\n", text):
        own = block.split("\n")
        wide = any(len(line) > WIDTH - len(INDENT) for line in own)
        if wide and all(map(_LISTED.match, own)):
            own = [line for item in re.split(r"\n(?=- )", block) for line in _item(item)]
        elif wide and not any(map(_ARRANGED.match, own)):
            own = _fill(" ".join(own), WIDTH - len(INDENT)).split("\n")
        lines += ["", *own] if lines else own
    return tuple(lines)


def _item(item: str) -> list[str]:
    """Return the lines of an item of a list."""
    return _fill(" ".join(item.split()), WIDTH - len(INDENT), rest="  ").split("\n")


def _fold_line(line: str) -> str:
    """Fold a line: a summary before whom it cites, an argument with its sentence indented."""
    if len(line) <= WIDTH or line.lstrip().startswith(">>>"):
        return line
    indent = line[: len(line) - len(line.lstrip())]
    if not _OPENING.match(line):
        hanging = "  " if line.lstrip().startswith("- ") else INDENT
        return _fill(line.strip(), WIDTH, indent, f"{indent}{hanging}")
    cited = _CITATION.fullmatch(line)
    if cited and len(cited[1]) <= WIDTH:
        return f"{cited[1]}\n{indent}{cited[2]}"
    return _fill(line.strip(), WIDTH, indent, indent)


@remembered
def _fill(text: str, width: int, first: str = "", rest: str = "") -> str:
    return fill(
        text,
        width,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _literal(match: re.Match[str]) -> str:
    prefix, body = match[1], match[2]
    text = body.translate(_SHOWN)
    if text == body:
        return match[0]
    plain = '"""' not in text and not text.endswith(("\\", '"'))
    if plain and ("\\" not in text or prefix or "\\" not in body):
        return f'{"r" if _BACKSLASH in body or prefix else ""}"""{text}"""'
    return f'"""{(body.replace(chr(92), chr(92) * 2) if prefix else body).translate(_ESCAPED)}"""'


__all__ = ["UNFIT", "disguise", "paragraphs", "sentence", "settle"]
