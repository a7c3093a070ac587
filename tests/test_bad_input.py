"""Bad input of every kind: a sentence for each fault, exit status 1, and nothing written.

`bad_specs.txt` holds formulas, declarations and names with the sentences they are answered by; here
stand the files and folders, the output, and the calls of what was generated.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import sympy
from click.testing import CliRunner, Result

import lossgen as lossgen_words
import lossgen.check as lossgen_check
from lossgen.cli import main
from lossgen.errors import FaultySpecsError
from lossgen.jobs import load
from lossgen.quote import quoted

ROOT = Path(__file__).resolve().parent.parent
HEADER = """from sympy import *
from lossgen import *

x, t = tensor("input", "n c"), tensor("target", "n c")
y = label("labels", "n", classes="c")
p = parameter("p", 1.0)
"""
SPECS = {
    "formula": "L = Loss('ALoss', {})\n",
    "loss": "L = Loss('ALoss', {})\n",
    "parameter": "q = {}\nL = Loss('ALoss', q * x)\n",
    "name of a tensor": "L = Loss('ALoss', tensor({}) ** 2)\n",
    "name of a parameter": "L = Loss('ALoss', x * parameter({}, 1.0))\n",
    "name of a class": "L = Loss({}, x)\n",
}
SOUND = "from lossgen import *\nx = tensor('input')\nL = Loss('ALoss', x**2)\n"
OTHER = SOUND.replace("ALoss", "BLoss")


def bad_specs() -> Iterator[tuple[str, str, str]]:
    """Read `bad_specs.txt`: the kind of each entry, what its spec says, and the answer."""
    kind, words, answer = "", "", []
    for line in [*(ROOT / "tests" / "bad_specs.txt").read_text().splitlines(), "## "]:
        if line.startswith("    "):
            answer.append(line.strip())
            continue
        if answer:
            yield kind, words, "\n".join(answer)
        words, answer = line, []
        if line.startswith("## "):
            kind = line.removeprefix("## ").partition(":")[0]


BAD = list(bad_specs())


def shown(folder: Path) -> str:
    """Return the sentences about a folder, without what grows with lossgen."""
    with pytest.raises(FaultySpecsError) as caught:
        load(folder)
    return settled(str(caught.value))


def settled(sentences: str) -> str:
    lines = sentences.splitlines()
    lines = [re.sub(r"use one of Abs, .*\.$", "use one of ...", line) for line in lines]
    return "\n".join(re.sub(r"(write it as \w+)\(.*\)\.$", r"\1(...).", line) for line in lines)


def lossgen(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def tree(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.mark.parametrize(
    ("kind", "words", "answer"), BAD, ids=[f"{kind}-{words}" for kind, words, _ in BAD]
)
def test_a_bad_spec_is_answered_by_sentences(
    kind: str, words: str, answer: str, tmp_path: Path
) -> None:
    (tmp_path / "a.py").write_text(HEADER + SPECS[kind].format(words))
    assert shown(tmp_path) == answer


@pytest.mark.parametrize(
    "sentence", sorted({line for _, _, told in BAD for line in told.split("\n")})
)
def test_a_sentence_says_where_what_and_what_instead(sentence: str) -> None:
    place, _, told = sentence.partition(": ")
    problem, _, remedy = told.rpartition("; ")
    assert re.match(r"a\.py(:\d+)?(, \S|$)", place)
    assert problem
    assert remedy.endswith(".")
    for word in ("SumOver", "MaxOver", "LogSumExp", "Pick(", "Ratio", "Softmax(", "'Ref'", "0x"):
        assert word not in sentence


def test_all_faults_of_all_files_are_shown_at_once_and_nothing_is_written(tmp_path: Path) -> None:
    specs, out = tmp_path / "specs", tmp_path / "generated"
    specs.mkdir()
    (specs / "sound.py").write_text(OTHER)
    assert lossgen("build", str(specs), "--out", str(out), "--backend", "numpy").exit_code == 0
    before = tree(out)
    expected: list[str] = []
    for k, (kind, words, answer) in enumerate(BAD):
        if kind != "name of a class":
            loss = f"A{k}Loss"
            text = HEADER + SPECS[kind].format(words)
            (specs / f"f{k}.py").write_text(text.replace("'ALoss'", repr(loss)))
            expected += answer.replace("ALoss", loss).replace("a.py", f"f{k}.py").splitlines()
    done = lossgen("build", str(specs), "--out", str(out))
    assert done.exit_code == 1
    assert isinstance(done.exception, SystemExit)
    lines = settled(done.stderr.removeprefix("Error: ")).splitlines()
    assert sorted(lines) == sorted(expected)
    assert tree(out) == before


RAISES = "correct the Python, and save the file as UTF-8 text"
UNBOUND = "declares no loss; bind a Loss(...) to a name"
FILES: dict[str, tuple[dict[str, str | bytes], str]] = {
    "empty": ({"a.py": ""}, f"a.py: {UNBOUND}."),
    "without a loss": ({"a.py": "x = 1\n"}, f"a.py: {UNBOUND}."),
    "with a loss that has no name": (
        {"a.py": "from lossgen import *\nLoss('ALoss', tensor('input'))\n"},
        f"a.py, ALoss: {UNBOUND}.",
    ),
    "with losses in a list": (
        {"a.py": SOUND.replace("L = Loss('ALoss', x**2)", "L = [Loss('ALoss', x**2)]")},
        f"a.py, ALoss: {UNBOUND}.",
    ),
    "with one name for two losses": (
        {"a.py": f"{SOUND}M = Loss('ALoss', x)\n"},
        "a.py, ALoss: the name 'ALoss' is taken by a.py; give each loss its own name.",
    ),
    "with names that differ in capitals": (
        {"a.py": SOUND.replace("ALoss", "HTTPLoss"), "b.py": SOUND.replace("ALoss", "HttpLoss")},
        "a.py, HTTPLoss: the name 'http_loss' is taken by b.py; give each loss its own name.\n"
        "b.py, HttpLoss: the name 'http_loss' is taken by a.py; give each loss its own name.",
    ),
    "with an unused tensor": (
        {"a.py": f"{SOUND}unused = tensor('target')\n"},
        "a.py, ALoss: 'target' is declared and no formula uses it in `unused`; use it in a "
        "formula, or leave its declaration out.",
    ),
    "with an unused parameter": (
        {"a.py": f"{OTHER}unused = parameter('delta', 1.0)\nM = Loss('ALoss', x)\n"},
        "a.py: 'delta' is declared and no formula uses it in `unused`; use it in a formula, or "
        "leave its declaration out.",
    ),
    "without an end": (
        {"a.py": "x = (\n"},
        f"a.py:1: raises SyntaxError: '(' was never closed in `x = (`; {RAISES}.",
    ),
    "with a null byte": (
        {"a.py": f"{SOUND}\0"},
        f"a.py: raises SyntaxError: source code string cannot contain null bytes; {RAISES}.",
    ),
    "in latin-1": (
        {"a.py": SOUND.encode() + b"# \xe9\n"},
        "a.py: is no text in UTF-8 ('utf-8' codec can't decode byte 0xe9 in position 68: invalid "
        "continuation byte); save the file as UTF-8.",
    ),
    "in an encoding that is none": (
        {"a.py": "# coding: nonsense\n"},
        "a.py: is no text in UTF-8 (unknown encoding: nonsense); save the file as UTF-8.",
    ),
    "that is a folder": (
        {"a.py/b.py": SOUND},
        "a.py: cannot be read (Is a directory); make it a file that can be read.",
    ),
    "that leaves": (
        {"a.py": "import sys\nsys.exit(0)\n"},
        "a.py:2: raises SystemExit: 0 in `sys.exit(0)`; leave it out: a spec declares, and does "
        "not end the build.",
    ),
    "that calls itself for ever": (
        {"a.py": "def f():\n    f()\n\n\nf()\n"},
        "a.py:2: raises RecursionError: maximum recursion depth exceeded in `f()`; correct the "
        "spec.",
    ),
    "that raises nothing Python knows": (
        {"a.py": "class E(BaseException): pass\nraise E('x\\n\\x1b[31m')\n"},
        "a.py:2: raises E: x \\x1b[31m in `raise E('x\\n\\x1b[31m')`; correct the spec.",
    ),
    "that raises what cannot be shown": (
        {"a.py": "class E(Exception):\n    def __str__(self): raise E\nraise E\n"},
        "a.py:3: raises E in `raise E`; correct the spec.",
    ),
    "that needs a module": (
        {"a.py": "import nowhere_at_all\n"},
        "a.py:1: raises ModuleNotFoundError: No module named 'nowhere_at_all' in `import "
        "nowhere_at_all`; install it, or write the formula without it.",
    ),
    "that imports from the wrong place": (
        {"a.py": "from sympy import sigmoid\n"},
        "a.py:1: raises ImportError: cannot import name 'sigmoid' from 'sympy' in `from sympy "
        "import sigmoid`; write from lossgen import sigmoid.",
    ),
    "whose helper raises": (
        {"a.py": f"import _helper\n{SOUND}", "_helper.py": "1 / 0\n"},
        "_helper.py:1: raises ZeroDivisionError: division by zero in `1 / 0`; correct the spec.",
    ),
    "nested too deeply": (
        {
            "a.py": f"from sympy import tanh\n{SOUND}for _ in range(80):\n    x = tanh(x + 1)\n"
            "L = Loss('ALoss', x)\n"
        },
        "a.py, ALoss: the formula is nested 161 deep; write it in fewer steps, 150 at most.",
    ),
}
FINE = {
    "with a byte order mark": f"\ufeff{SOUND}",
    "with Windows line ends": SOUND.replace("\n", "\r\n"),
    "that prints": f"print('hello')\n{SOUND}",
    "that moves elsewhere": f"import os\nos.chdir('/')\n{SOUND}",
    "beside a module whose path is no path": (  # torch.classes is one
        "import sys, types\nodd = sys.modules['lossgen_odd'] = types.ModuleType('lossgen_odd')\n"
        f"odd.__path__ = object()\n{SOUND}"
    ),
    "in another encoding": b"# coding: latin-1\n" + SOUND.encode() + b"# \xe9\n",
}


def put(folder: Path, files: dict[str, str | bytes]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text.encode() if isinstance(text, str) else text)


@pytest.mark.parametrize(("files", "answer"), FILES.values(), ids=FILES)
def test_a_file(files: dict[str, str | bytes], answer: str, tmp_path: Path) -> None:
    put(tmp_path, files)
    assert re.sub(r" for '[^']*'", "", shown(tmp_path)) == answer


@pytest.mark.parametrize("text", FINE.values(), ids=FINE)
def test_a_file_that_is_read_as_it_stands(
    text: str | bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(tmp_path, {"a.py": text})
    here = Path.cwd()
    assert [loss.name for loss in load(tmp_path)] == ["ALoss"]
    assert Path.cwd() == here
    assert not capsys.readouterr().out


WORDS = (
    *("sum_over(x, 'n c')", "max_over(x, 'c')", "min_over(x, 'c')", "logsumexp(x, 'c')"),
    *("softmax(x, 'c')", "norm(x, 'c')", "norm(x, 'c', p=3)", "norm(x, 'c', floor=t)"),
    *("normalize(x, 'c')", "at(x, c=t)", "at(x, c='n')", "Size('n')", "ratio(x, t)"),
    *("sigmoid(x)", "hinge(x)", "raise_to(x, t)", "absent(x)", "stop_gradient(x)"),
    *("with_slope(x, t, x)", "exp(x)", "Piecewise((x, t < x), (t, True))", "0.1*x"),
    *("indicator(x > t)", "masked(x, x > t)"),
)


@pytest.mark.parametrize("words", WORDS)
def test_an_expression_is_quoted_as_it_is_written(words: str) -> None:
    names = vars(sympy) | {name: getattr(lossgen_words, name) for name in lossgen_words.__all__}
    names |= {name: lossgen_words.tensor(name, "") for name in "xt"}
    assert quoted(eval(words, names)) == words


def test_what_lossgen_cannot_derive_is_a_sentence_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise KeyError("odd")

    monkeypatch.setattr(lossgen_check, "compile_case", fail)
    put(tmp_path, {"a.py": SOUND})
    assert re.fullmatch(
        r"a\.py, ALoss: lossgen cannot derive the formula \(KeyError: 'odd', \w+\.py:\d+\) in "
        r"`input\[...\]\*\*2`; write it in another way, .*\.",
        shown(tmp_path),
    )
