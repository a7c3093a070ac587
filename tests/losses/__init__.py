"""The losses of specs/ as tests use them: options, random inputs, and a formula of their own.

The formulas are written straight from the definition in PyTorch, and share no code with lossgen.
CASES go through every mode of every framework; LIBRARY, all the others, through test_library.py;
RELATIONS say what the built-ins of other libraries have to do with them.
"""

from losses import (
    classification,
    core,
    elsewhere,
    elsewhere_classes,
    pairs,
    regression,
    seeds,
    segmentation,
    torch_namesakes,
)
from losses.case import WEIGHT, Case

CASES = (*core.CASES, *seeds.CASES)
LIBRARY = (
    *torch_namesakes.CASES,
    *classification.CASES,
    *segmentation.CASES,
    *pairs.CASES,
    *regression.CASES,
)

RELATIONS = (
    *elsewhere.RELATIONS,
    *elsewhere_classes.RELATIONS,
    *pairs.RELATIONS,
)

# Those whose class has a layer of its own, which others are given: test_linear.py.
LAYERED = ("LinearCrossEntropyLoss",)

__all__ = ["CASES", "LAYERED", "LIBRARY", "RELATIONS", "WEIGHT", "Case"]
