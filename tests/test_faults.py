"""Bad specs, run as a user runs them: every fault is a sentence, and nothing is written.

`test_errors.py` tests how the sentences are put together; here each is met through a spec.
"""

from __future__ import annotations

import ast
import builtins
import importlib
import inspect
import sys
from pathlib import Path

import pytest
import sympy
from click.testing import CliRunner
from sympy.codegen import cfunctions

import lossgen
from lossgen.cli import main
from lossgen.errors import FaultySpecsError
from lossgen.jobs import load
from lossgen.names import ATTRIBUTES, IMPORTED, MODULES
from lossgen.registry import names as backend_names
from lossgen.resources import templates_path

ROOT = Path(__file__).resolve().parent.parent
HEADER = """from sympy import *
from lossgen import *
x, t = tensor("input", "n c"), tensor("target", "n c")
y = label("labels", "n", classes="c")
p = parameter("p", 1.0)
"""
FORMULA = {
    "unknown function": (
        "besselj(0, x - t)",
        "besselj is not a function that lossgen can differentiate in "
        "`besselj(0, input[n,c] - target[n,c])`; use one of Abs, Max, Min, Piecewise, ",
    ),
    "plain symbol": (
        "(x - Symbol('z'))**2",
        "z is a plain SymPy symbol in `z`; declare it as z = tensor('z') or "
        "z = parameter('z', default=1.0).",
    ),
    "open Piecewise": (
        "Piecewise((x, x > t))",
        "the Piecewise does not cover every input in "
        "`Piecewise((input[n,c], input[n,c] > target[n,c]))`; end it with a branch that always "
        "holds: Piecewise(..., (input[n,c], True)).",
    ),
    "infinite constant": (
        "oo * x",
        "oo is not a finite real number in `oo`; write a finite real constant.",
    ),
    "division by zero": (
        "x + log(0)*t",
        "zoo is not a finite real number in `zoo`; write a finite real constant.",
    ),
    "complex constant": (
        "x - I*t",
        "I is not a finite real number in `I`; write a finite real constant.",
    ),
    "axis that is not there": (
        "sum_over(x, 'k')",
        "input[n,c] has no axis 'k' in `sum_over(input[n,c], 'k')`; name an axis that "
        "is there (c, n), or multiply by Size('k').",
    ),
    "axis that is gone": (
        "norm(softmax(sum_over(x, 'c'), 'c'), 'n')",
        "sum_over(input[n,c], 'c') has no axis 'c' in `softmax(sum_over(input[n,c], "
        "'c'), 'c')`; name an axis that is there (n).",
    ),
    "all axes gone": (
        "max_over(sum_over(x, 'n c'), 'c')",
        "sum_over(input[n,c], 'n c') has no axis 'c' in `max_over(sum_over(input[n,c], "
        "'n c'), 'c')`; name an axis that is there (none).",
    ),
    "float as an index": (
        "at(x, c=t)",
        "target[n,c] is no integer label in `at(input[n,c], c=target[n,c])`; pick by a "
        "label, declared as y = label('target', 'n', classes='c').",
    ),
    "diagonal along nothing": (
        "sum_over(at(x, c='k'), 'k')",
        "no tensor has the axis 'k' in `at(input[n,c], c='k')`; name one of c, n.",
    ),
    "size of nothing": (
        "x * Size('k')",
        "no tensor has the axis 'k' in `Size('k')`; name one of c, n.",
    ),
    "axis of no tensor": (
        "x * x.at('j c')",
        "the loss has the axis 'j', which no tensor declares in `input[j,c]*input[n,c]`; reduce "
        "over it, or declare a tensor along it.",
    ),
    "comparison": (
        "x > t",
        "the formula is no number in `input[n,c] > target[n,c]`; write an expression of the "
        "inputs.",
    ),
    "matrix": (
        "Matrix([x, t])",
        "Matrix is not a function that lossgen can differentiate in `Matrix([ [ "
        "input[n,c]], [target[n,c]]])`; declare a tensor with named axes, as in x = "
        "tensor('input', 'n c').",
    ),
    "list": ("[x, t]", "the formula is no SymPy expression; write Loss('HuberLoss', formula)."),
    "nothing": ("None", "the formula is no SymPy expression; write Loss('HuberLoss', formula)."),
    "no formula": (
        "()",
        "the loss has no prediction; declare one, x = tensor('input'), and use "
        "it.\na.py, ALoss: the loss has no formula; write Loss(name, formula).",
    ),
    "no prediction": (
        "weight('w')",
        "the loss has no prediction in `w[...]`; declare one, x = tensor('input'), and use it.",
    ),
    "part without a formula": (
        "{'a': x, 'b': ()}",
        "part 'b' has 0 formulas; give each part one formula.",
    ),
    "part that leaves a choice": (
        "{'a': function('f', {'near': lambda a: a})(x)}",
        "part 'a' leaves the choice of a function in `f(input)`; write out one of them, or make "
        "the part a loss of its own.",
    ),
    "functions of unlike axes": (
        "function('f', {'near': lambda a: a, 'far': lambda a: sum_over(a, 'c')})(x)",
        "'far' leaves the axes n, 'near' c, n in `f(input)`; let each of the functions leave the "
        "same axes.",
    ),
    "function that lossgen does not know": (
        "function('f', {'near': lambda a: a, 'far': lambda a: besselj(0, a)})(x)",
        "besselj is not a function that lossgen can differentiate in `besselj(0, input[n,c])`; "
        "use one of ",
    ),
    "default function that lossgen does not know": (
        "function('f', {'far': lambda a: besselj(0, a), 'near': lambda a: a})(x)",
        "besselj is not a function that lossgen can differentiate in `besselj(0, input[n,c])`; "
        "use one of ",
    ),
    "function named as a tensor": (
        "t * function('target', {'near': lambda a: a})(x)",
        "'target' is both a tensor and a parameter in `target`; rename one of them.",
    ),
    "part with cases": (
        "{'a': (Case(x, when=Eq(p, 0)), Case(t))}",
        "part 'a' has 2 formulas; give each part one formula.",
    ),
    "case that hides another": (
        "(Case(x), Case(t))",
        "no case after this one is ever used in `input[n,c]`; say when it applies, as in "
        "Case(..., when=Eq(parameter, 0)).",
    ),
    "case for some arguments only": (
        "(Case(p*x, when=Eq(p, 0)),)",
        "the last case does not always apply in `Eq(p, 0)`; end with a Case that has no when=.",
    ),
    "case by a tensor": (
        "(Case(x, when=x > 0), Case(t))",
        "the condition of a case cannot be decided: input[n,c] > 0 is no parameter in "
        "`input[n,c] > 0`; compare a parameter with a number, as in when=Eq(parameter, "
        "0), or write when=flag, when=~flag or when=absent(parameter).",
    ),
    "case by a number": (
        "(Case(x, when=S(1)), Case(t))",
        "the condition of a case is no condition in `1`; compare a parameter with a "
        "number, as in when=Eq(parameter, 0), or write when=flag, when=~flag or "
        "when=absent(parameter).",
    ),
}
ARGUMENTS = {
    "chunks of what depends on each other": (
        "x - mean_over(x, 'c'), chunked={'c': 'size'}",
        "entries along axis 'c' depend on each other, and have no chunks in "
        "`input[n,c] - sum_over(input[n,c], 'c')/Size('c')`; choose one of the axes n.",
    ),
    "chunks of nothing": (
        "sum_over(x, 'n c'), chunked={'n': 'size'}",
        "entries along axis 'n' depend on each other, and have no chunks in "
        "`sum_over(input[n,c], 'n c')`; leave chunked= out.",
    ),
    "chunks of two axes": (
        "x, chunked={'n': 'rows', 'c': 'columns'}",
        "chunked= names 2 axes; name one, as in chunked={'n': 'chunk_size'}.",
    ),
    "chunks with the name of an argument": (
        "p * x, chunked={'n': 'p'}",
        "the name 'p' is given twice; choose another name for one of them.",
    ),
    "chunks with a name that is taken": (
        "x, chunked={'n': 'chunk'}",
        "the name 'chunk' is used by generated code; choose another name.",
    ),
    "chunks with no name": (
        "x, chunked={'n': 'a b'}",
        "'a b' is not a name that Python allows; use letters, digits and underscores, and no "
        "keyword.",
    ),
    "condition that is none": (
        "x - t, valid=x",
        "valid= is no condition in `input[n,c]`; write a comparison, as in valid=Ne(labels, "
        "ignored).",
    ),
    "denominator of a prediction": (
        "x - t, denominator=sum_over(t, 'n c')",
        "the denominator depends on target in `sum_over(target[n,c], 'n c')`; divide "
        "inside the formula, or by labels, weights and sizes only.",
    ),
    "dialect that replaces nothing": (
        "x - t, dialects={'keras': dialect(instead={x + t: x})}",
        "the dialect 'keras' replaces what no formula has in `input[n,c] + target[n,c]`; name a "
        "sub-expression just as the formula has it.",
    ),
    "dialect with the default of nothing": (
        "x - t, dialects={'keras': dialect(q=0.5)}",
        "the dialect 'keras' has a default of 'q', no parameter; name a parameter of the formula "
        "(it has none).",
    ),
    "dialect that folds a numbered axis of named ones": (
        "x - t, dialects={'keras': dialect(mean_over=-1)}",
        "the dialect 'keras' folds the axis -1, and the loss has named axes; name the axis, as in "
        "sum_over='c'.",
    ),
    "dialect that folds twice": (
        "tensor('input') - 1, dialects={'keras': dialect(mean_over=-1, sum_over=0)}",
        "the dialect 'keras' folds an axis twice; leave sum_over= or mean_over= out.",
    ),
    "dialect with no name": (
        "x - t, dialects={'my own': dialect(factor=2)}",
        "the name 'my own' of a dialect is no identifier; name it after the framework, as in "
        "'keras'.",
    ),
    "dialect of parts": (
        "{'a': x, 'b': t}, dialects={'keras': dialect(factor=2)}",
        "a loss of named parts has no dialects; give the dialects to the losses that the parts are "
        "made of.",
    ),
    "denominator beside a condition": (
        "x - t, denominator=sum_over(indicator(t > 0) * t, 'n c')",
        "the denominator depends on target in `sum_over(target[n,c]*indicator(target[n,c] > 0), "
        "'n c')`; divide inside the formula, or by labels, weights and sizes only.",
    ),
    "denominator with axes": (
        "at(x, c=y), denominator=y",
        "the denominator still has the axes n in `labels[n]`; sum it, as in sum_over(..., 'n').",
    ),
    "signature of a tensor": (
        "x - t, signature=(t,)",
        "the signature names 'target', which the formula does not use; list the weights and "
        "parameters of the formula, and 'reduction'.",
    ),
    "signature of an unused parameter": (
        "x - t, signature=(p,)",
        "the signature names 'p', which the formula does not use; list the weights and parameters "
        "of the formula, and 'reduction'.",
    ),
    "signature with a name twice": (
        "p*x, signature=(p, 'reduction', p)",
        "the signature names 'p' twice; name it once.",
    ),
    "unknown reduction": (
        "x - t, reduction='avg'",
        "the default reduction is 'avg'; choose one of 'none', 'mean', 'sum'.",
    ),
    "parts are always reduced": (
        "{'a': x, 'b': t}, reduction='none'",
        "the default reduction is 'none'; choose one of 'mean', 'sum'.",
    ),
    "function called as a module is": (
        "x, function='runtime'",
        "the name 'runtime' is used by generated code; choose another name.",
    ),
    "function called as an import is": (
        "x, function='finish'",
        "the name 'finish' is used by generated code; choose another name.",
    ),
    "function called as an argument is": (
        "x, function='input'",
        "'input' is both the loss and an argument of it; choose another name for one of them.",
    ),
    "function called as the class is": (
        "x, function='ALoss'",
        "'ALoss' is no name for a function; write small letters, as huber_loss.",
    ),
    "function outside of the package": (
        "x, function='../evil'",
        "'../evil' is not a name that Python allows; use letters, digits and underscores, and no "
        "keyword.",
    ),
}
DECLARATIONS = {
    "layer whose size is a keyword of its own": (
        "m, b = linear('m', device='c', results='k'); L = Loss('ALoss', sum_over(x*m, 'c') + b)",
        "the name 'device' is used by generated code; choose another name.",
    ),
    "two layers": (
        "m, b = linear('one', features='c', results='k')\n"
        "w, v = linear('two', width='c', height='k')\n"
        "L = Loss('ALoss', sum_over(x*m*w, 'c') + b + v)",
        "the loss has several layers: one, two; declare one with linear().",
    ),
    "name of a local variable": (
        "w = tensor('shape'); L = Loss('ALoss', w)",
        "the name 'shape' is used by generated code in `shape`; choose another name.",
    ),
    "name of a tangent": (
        "w = tensor('d_input'); L = Loss('ALoss', w)",
        "the name 'd_input' is used by generated code in `d_input`; choose another name.",
    ),
    "name of a builtin": (
        "q = parameter('float', 1.0); L = Loss('ALoss', q*x)",
        "the name 'float' is used by generated code in `float`; choose another name.",
    ),
    "name of an attribute": (
        "q = parameter('training', 1.0); L = Loss('ALoss', q*x)",
        "the name 'training' is an attribute of the frameworks' own classes in `training`; choose "
        "another name.",
    ),
    "tensor and parameter": (
        "q = parameter('input', 1.0); L = Loss('ALoss', q*x)",
        "'input' is both a tensor and a parameter in `input`; rename one of them.",
    ),
    "weight and input": (
        "w = weight('input'); L = Loss('ALoss', w*x)",
        "'input' is declared as a weight and as an input in `input`; rename one of them.",
    ),
    "two tensors of one name": (
        "u = tensor('input', 'n'); L = Loss('ALoss', u*x)",
        "'input' is declared twice in `input`; declare it once, or rename one of the two.",
    ),
    "classes of no tensor": (
        "u = label('u', 'n', classes='k'); L = Loss('ALoss', at(x, c=u))",
        "classes='k' of 'u' is no axis; name one of c, n.",
    ),
    "batch of no tensor": (
        "u = tensor('u', 'n c', batch='k'); L = Loss('ALoss', u)",
        "batch='k' of 'u' is no axis; name one of c, n.",
    ),
    "fewer axes that are others": (
        "w = weight('w', 'n c', fewer='k'); L = Loss('ALoss', w*x)",
        "fewer='k' of 'w' are not its first axes; name the first of 'n c'.",
    ),
    "infinite default": (
        "q = parameter('q', float('inf')); L = Loss('ALoss', q*x)",
        "default=inf of parameter 'q' is no number; write a finite Python number, such as 1.0.",
    ),
    "default in words": (
        "q = parameter('q', 'exit()'); L = Loss('ALoss', q*x)",
        "default='exit()' of parameter 'q' is no number; write a finite Python number, such as "
        "1.0.",
    ),
    "limit of SymPy's": (
        "q = parameter('q', 1.0, upper=S(2)); L = Loss('ALoss', q*x)",
        "upper=2 of parameter 'q' is no number; write a finite Python number, such as 1.0.",
    ),
    "default below the limit": (
        "q = parameter('q', 1.0, lower=2.0); L = Loss('ALoss', q*x)",
        "the default 1.0 of parameter 'q' is out of its range; choose a default that the parameter "
        "may have.",
    ),
    "default that is not positive": (
        "q = parameter('q', 0.0, positive=True); L = Loss('ALoss', q*x)",
        "the default 0.0 of parameter 'q' is out of its range; choose a default that the parameter "
        "may have.",
    ),
    "doc that is no text": (
        "u = tensor('u', doc=3); L = Loss('ALoss', u)",
        "the doc of 'u' is no text in `3`; write a sentence in quotes.",
    ),
    "doc with a control character": (
        "u = tensor('u', doc='a' + chr(0)); L = Loss('ALoss', u)",
        "the doc of 'u' holds the character '\\x00'; remove it.",
    ),
    "docstring that turns the text": (
        "__doc__ = 'a' + chr(0x202e); L = Loss('ALoss', x)",
        "the docstring holds the character '\\u202e'; remove it.",
    ),
}
NOT_ALLOWED = (
    "is not a name that Python allows; use letters, digits and underscores, and no keyword."
)
TWICE = "name one axis twice"
OWN = "give each axis a name of its own"
FUNCTION = "write function('f', {'squared': lambda a, b: sum_over((a - b)**2, 'd')})"
RAISED = {
    "linear('layer', features='c')": (
        "layer 'layer' has 1 sizes",
        "name features and results with their axes, as in linear('layer', in_features='d', "
        "num_classes='c')",
    ),
    "parameter('q', 1, none=2)": (
        "none=2 of parameter 'q' is to be the int that its default None stands for",
        "write parameter('q', None, none=-100)",
    ),
    "parameter('delta')": ("parameter 'delta' has no default", "write parameter('delta', 1.0)"),
    "tensor('u', 'n n')": (f"axes 'n n' {TWICE}", OWN),
    "tensor('u', 'n-c')": ("axis 'n-c' is not a lower-case word", "write axes as 'n c ...'"),
    "tensor('u', 'n ... c')": ("'...' is in the middle of 'n ... c'", "write it first or last"),
    "tensor('u', '... n ...')": ("axes '... n ...' name one axis twice", OWN),
    "function('f', {})": ("function 'f' declares no function by name", FUNCTION),
    "function('f', ['squared'])": ("function 'f' declares no function by name", FUNCTION),
    "function('f', {'L 2': abs})": ("'L 2' is no lower-case word", FUNCTION),
    "function('f', {'zero': 0})": ("'zero' of function 'f' is no function", FUNCTION),
    "function('f', {'near': lambda a: a})(x - t)": (
        "f is called with input[n,c] - target[n,c], which is no input as it is declared",
        "call it with inputs alone, since callers may give a function of them",
    ),
    "function('f', {'near': lambda a: a})(x.at('i c'))": (
        "f is called with input[i,c], which is no input as it is declared",
        "call it with inputs alone, since callers may give a function of them",
    ),
    "sum_over(x, 'n n')": (f"axes 'n n' {TWICE}", OWN),
    "Loss('ALoss', x, function=3)": (
        "function=3 is no text",
        "write function='huber_loss'",
    ),
    "x.at('i j k')": (
        "input has axes 'n c', so it cannot be read at 'i j k'",
        "name 2 axes",
    ),
}


class Folder:
    """A folder of specs beside a folder of what was generated before."""

    def __init__(self, root: Path) -> None:
        self.specs, self.out = root / "specs", root / "generated"
        self.specs.mkdir()
        self.out.mkdir()
        (self.out / "kept.py").write_text("# before\n")

    def write(self, **files: str) -> None:
        for name, text in files.items():
            (self.specs / f"{name}.py").write_text(text)

    def sentences(self) -> str:
        """Load, build, list and show; all must fail with the same words and leave all as it was."""
        with pytest.raises(FaultySpecsError) as caught:
            load(self.specs)
        specs = str(self.specs)
        for command in (
            ("build", specs, "--out", str(self.out)),
            ("build", specs, "--out", str(self.out), "--check"),
            ("list", specs),
            ("show", "ALoss", specs),
        ):
            done = CliRunner().invoke(main, command)
            assert done.exit_code == 1, done.output
            assert isinstance(done.exception, SystemExit)
            assert done.stderr == f"Error: {caught.value}\n"
            assert not done.stdout
        assert {path.name for path in self.out.iterdir()} == {"kept.py"}
        assert (self.out / "kept.py").read_text() == "# before\n"
        return str(caught.value)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


class TestSentences:
    @pytest.mark.parametrize(("formula", "sentence"), FORMULA.values(), ids=FORMULA)
    def test_of_a_formula(self, folder: Folder, formula: str, sentence: str) -> None:
        folder.write(a=f"{HEADER}L = Loss('ALoss', {formula})\n")
        shown = folder.sentences()
        assert shown.startswith(f"a.py, ALoss: {sentence}")
        assert shown.count("\n") == sentence.count("\n")

    @pytest.mark.parametrize(("arguments", "sentence"), ARGUMENTS.values(), ids=ARGUMENTS)
    def test_of_a_loss(self, folder: Folder, arguments: str, sentence: str) -> None:
        folder.write(a=f"{HEADER}L = Loss('ALoss', {arguments})\n")
        assert folder.sentences() == f"a.py, ALoss: {sentence}"

    @pytest.mark.parametrize(("lines", "sentence"), DECLARATIONS.values(), ids=DECLARATIONS)
    def test_of_a_declaration(self, folder: Folder, lines: str, sentence: str) -> None:
        folder.write(a=f"{HEADER}{lines}\n")
        assert folder.sentences() == f"a.py, ALoss: {sentence}"

    @pytest.mark.parametrize("name", ["class", "A Loss", "", "_ALoss", "A\nimport os", "ﬁLoss"])
    def test_of_a_class_name(self, folder: Folder, name: str) -> None:
        folder.write(a=f"{HEADER}L = Loss({name!r}, x, function='f')\n")
        place = f"a.py, {' '.join(name.split())}: " if name else "a.py: "
        assert folder.sentences() == f"{place}{name!r} {NOT_ALLOWED}"

    @pytest.mark.parametrize("name", ["lambda", "a;b", "a.b", "../a", "a=1):\n    pass#", "_a"])
    def test_of_an_argument_or_part_name(self, folder: Folder, name: str) -> None:
        for declared in (
            f"Loss('ALoss', tensor({name!r}))",
            f"Loss('ALoss', weight({name!r})*tensor('x'))",
            f"Loss('ALoss', x*parameter({name!r}, 1.0))",
            f"Loss('ALoss', {{{name!r}: x}})",
        ):
            folder.write(a=f"{HEADER}L = {declared}\n")
            assert folder.sentences() == f"a.py, ALoss: {name!r} {NOT_ALLOWED}"

    @pytest.mark.parametrize(("line", "sentence"), RAISED.items())
    def test_of_a_word_names_the_line(
        self, folder: Folder, line: str, sentence: tuple[str, str]
    ) -> None:
        problem, remedy = sentence
        folder.write(a=f"{HEADER}u = {line}\nL = Loss('ALoss', x)\n")
        assert folder.sentences() == f"a.py:6, ALoss: {problem} in `{line}`; {remedy}."

    @pytest.mark.parametrize(
        ("line", "raised"),
        [
            ("1 / 0", "ZeroDivisionError: division by zero in `1 / 0`; correct the spec"),
            (
                "raise SystemExit(0)",
                "SystemExit: 0 in `raise SystemExit(0)`; leave it out: a spec declares, and does "
                "not end the build",
            ),
            (
                "def",
                "SyntaxError: invalid syntax in `def`; correct the Python, and save the file as "
                "UTF-8 text",
            ),
            (
                "import nowhere_at_all",
                "ModuleNotFoundError: No module named 'nowhere_at_all' in `import nowhere_at_all`; "
                "install it, or write the formula without it",
            ),
        ],
    )
    def test_of_a_spec_that_cannot_be_run(self, folder: Folder, line: str, raised: str) -> None:
        folder.write(a=f"{HEADER}{line}\n")
        assert folder.sentences() == f"a.py:6: raises {raised}."

    def test_of_one_argument_declared_in_two_ways(self, folder: Folder) -> None:
        folder.write(a=f"{HEADER}q = parameter('p', 2.0)\nL = Loss('ALoss', p*x + q)\n")
        assert folder.sentences() == (
            "a.py, ALoss: 'p' is declared twice in `p`; declare it once, or rename one of the two."
        )

    def test_of_a_file_that_cannot_stand_in_a_comment(self, folder: Folder) -> None:
        (folder.specs / "a\nimport os\n.py").write_text(f"{HEADER}L = Loss('ALoss', x)\n")
        assert folder.sentences() == (
            "'a\\nimport os\\n.py' is no name for a file that generated code could quote; rename "
            "it with letters, digits, spaces and any of . _ - + , only."
        )

    def test_of_names_that_two_losses_share(self, folder: Folder) -> None:
        one = f"{HEADER}L = Loss('ALoss', x, function='f')\n"
        folder.write(a=one, b=one.replace("ALoss", "BLoss"), c=one.replace("'f'", "'g'"))
        ending = "give each loss its own name."
        assert folder.sentences().splitlines() == [
            f"a.py, ALoss: the name 'ALoss' is taken by c.py; {ending}",
            f"a.py, ALoss: the name 'f' is taken by b.py; {ending}",
            f"b.py, BLoss: the name 'f' is taken by a.py; {ending}",
            f"c.py, ALoss: the name 'ALoss' is taken by a.py; {ending}",
        ]

    def test_all_faults_of_all_files_are_shown(self, folder: Folder) -> None:
        folder.write(
            a=f"{HEADER}pass\n",
            b=f"{HEADER}1/0\n",
            c=f"{HEADER}L = Loss('CLoss', Symbol('z') - I*x, reduction='avg')\n"
            "M = Loss('DLoss', gamma(x) + sum_over(x, 'k') + at(x, c=t))\n",
            d=f"{HEADER}pass\n",
        )
        shown = folder.sentences().splitlines()
        assert [line.split(":")[0] for line in shown] == [
            *("a.py", "b.py", *3 * ["c.py, CLoss"], *3 * ["c.py, DLoss"], "d.py"),
        ]
        problems = ["declares no loss", "ZeroDivisionError", "declares no loss", "'avg'"]
        problems += ["plain SymPy symbol", "I is not a finite", "integer label", "no axis 'k'"]
        problems += ["gamma is not a function"]
        for problem in problems:
            assert problem in "\n".join(shown)

    def test_the_functions_it_suggests_can_be_written_in_a_spec(self, folder: Folder) -> None:
        folder.write(a=f"{HEADER}L = Loss('ALoss', zeta(x))\n")
        words = folder.sentences().partition("use one of ")[2].rstrip(".").split(", ")
        assert len(words) > 10
        for word in words:
            assert hasattr(sympy, word) or hasattr(cfunctions, word) or hasattr(lossgen, word)

    def test_a_loss_bound_to_two_names_is_one_loss(self, folder: Folder) -> None:
        folder.write(a="from lossgen import *\nL = M = Loss('ALoss', tensor('input'))\n")
        assert [loss.name for loss in load(folder.specs)] == ["ALoss"]


def modules() -> list[Path]:
    shared = {f"_{name}.py" for name in MODULES} | {"__init__.py"}
    return [path for path in (ROOT / "generated").glob("*/*.py") if path.name not in shared]


class TestReservedNames:
    def test_hold_all_that_generated_modules_import_or_take_from_python(self) -> None:
        used = set()
        for path in modules():
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Import | ast.ImportFrom):
                    used |= {alias.asname or alias.name for alias in node.names}
                elif isinstance(node, ast.Name) and hasattr(builtins, node.id):
                    used.add(node.id)
        assert used - {"annotations", "input"} <= IMPORTED

    def test_hold_the_modules_that_losses_share(self) -> None:
        templates = {path.name for path in templates_path().glob("*/_[a-z]*.py.jinja")}
        assert {name.removeprefix("_").removesuffix(".py.jinja") for name in templates} == MODULES

    def test_hold_the_attributes_of_the_frameworks_classes(self) -> None:
        import chainer
        import mindspore
        import torch

        for base in (torch.nn.Module(), chainer.Link(), mindspore.nn.LossBase()):
            attributes = {name for name in {*dir(base), *vars(base)} if not name.startswith("_")}
            assert attributes <= ATTRIBUTES | IMPORTED | {"reduction"}, type(base)


PROSE = (
    'He said "so", then """ and closed \\""" twice; C:\\new\\table {{ m.source }} {% raw %} {0} %s',
    "'''\"; import os; os.abort() #",
    'ends in a quote"',
    "ends in backslashes\\\\\\",
    r"\N{DASH} \x4 \u12 \alpha",
    "né à 東京, plain",
)


@pytest.mark.parametrize("prose", PROSE)
def test_docstrings_say_what_the_spec_says(
    prose: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Built, imported and read back; were any of it code, the import would fail or abort."""
    specs, package = tmp_path / "specs", f"hostile_{PROSE.index(prose)}"
    specs.mkdir()
    text = f"{prose}\n\nThen {prose}\nand more.\n"
    lines = [
        "from lossgen import *",
        f"__doc__ = {text!r}",
        f"x = tensor('input', doc={prose + chr(10) + 'Next line.'!r})",
        f"w = weight('weight', doc={prose!r})",
        f"p = parameter('p', 1.0, doc={prose!r})",
        "globals()['a b; import os'] = np = torch = x * p  # names that must not be used",
        "L = Loss('HostileLoss', w * np**2 * (1 + np)**2)",
    ]
    (specs / "a.py").write_text("\n".join(lines))
    done = CliRunner().invoke(main, ["build", str(specs), "--out", str(tmp_path / package)])
    assert done.exit_code == 0, done.output
    for backend in backend_names():
        path = tmp_path / package / backend / "_hostile_loss.py"
        tree = ast.parse(path.read_text())
        docs = [ast.get_docstring(node) or "" for node in ast.walk(tree) if _has_docstring(node)]
        said = " ".join(" ".join(doc.split()) for doc in docs)
        plain = " ".join(prose.split())
        assert said.count(plain) >= 7, backend  # two summaries, three arguments twice less one
        assert f"Then {plain} and more." in said
        assert f"{plain} Next line." in said
    monkeypatch.syspath_prepend(tmp_path)
    module = importlib.import_module(f"{package}.numpy")
    try:
        said = inspect.getdoc(module.hostile_loss) or ""
        assert " ".join(prose.split()) in " ".join(said.split())  # long lines are folded
        assert float(module.hostile_loss([3.0], p=2.0)) == 6.0**2 * 7.0**2
    finally:
        for name in [name for name in sys.modules if name.split(".")[0] == package]:
            del sys.modules[name]


def _has_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
