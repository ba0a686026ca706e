"""The judge of the fuzz: what came of a call, and whether that is a good answer.

An answer is good if it is a right value, or one clear sentence of ours: raised by a `raise` statement of the
packages, on one line, of a type that our docstrings promise, and naming what was called.  Python's own word
is good where Python itself refuses the call: arguments that do not fit the signature, an operator that both sides
decline.  What the caller's own function raises is the caller's.  All else is bad: raw errors of Python, NumPy or a
package beneath us, warnings on lines of ours, and values that are no numbers.
"""

from __future__ import annotations

import dis
import os
import re
import warnings
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from types import CodeType
from typing import Any, NamedTuple

import numpy as np

import nn
import ops
from ops import dispatch
from tensor import Tensor
from tests.fuzz_arguments import CALLBACKS, NAMES, double
from tests.fuzz_targets import Target, public_names

LONGEST = 500  # letters in a sentence that is still clear
HOUSE = Path(__file__).resolve().parent.parent
OURS = tuple(f"{HOUSE / package}{os.sep}" for package in ("ops", "scalar", "tensor", "nn", "viz"))
CASE = "<case>"

PROMISED = (TypeError, ValueError, IndexError, KeyError, RuntimeError, OSError, ImportError, AttributeError)
PROMISED += (ops.AnomalyError,)
BINDING = re.compile(
    r"([\w.<>]+)\(\) (missing|takes|got an unexpected keyword|got multiple values|got some positional)"
)
OWN_MODULES = {"Headless"}  # of the caller's, by whose name a sentence may begin as by one of ours
RAISE = dis.opmap["RAISE_VARARGS"]


class Case(NamedTuple):
    """A call: its number, what is called and the source of the call."""

    number: int
    target: Target
    source: str


class Answer(NamedTuple):
    """What came of a call: the kind of fault, empty if the answer is good, its place and what was said."""

    fault: str
    place: str = ""
    said: str = ""


def answer(call: Case) -> Answer:
    """Run the call, use what it gives as anyone would, and judge."""
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        try:
            judged = _of_value(value_of(call))
        except Exception as error:
            judged = of_error(error, call.target)
    loud = [w for w in heard if w.filename != CASE]
    if loud and not judged.fault:
        return Answer("a warning on a line of ours", _place(loud[0].filename, loud[0].lineno), str(loud[0].message))
    return judged


def value_of(call: Case) -> Any:
    """What the call gives; whatever it raises."""
    leaf = Tensor(2.0, requires_grad=True)
    return eval(compile(call.source, CASE, "eval"), {**NAMES, "leaf": leaf})


def _of_value(value: Any) -> Answer:
    """A value is right if its numbers are numbers and it can be used: shown, gone through, gone backward from."""
    parts = value if isinstance(value, (tuple, list)) else [value]
    if not {_kind(x) for x in parts} <= set("fiub-"):
        return Answer("a value that is no number", type(value).__name__, repr(value))
    for node in (x for x in parts if dispatch.is_node(x) and x.requires_grad):
        node.backward(*() if node.shape == () else (np.ones(node.shape),))
        _ = [x.grad for x in ops.topological(node)]
    if isinstance(value, nn.DataLoader):
        list(islice(value, 3))
    repr(value)
    return Answer("")


def _kind(x: Any) -> str:
    """The kind of numbers that an array or a node holds, in NumPy's letters; a dash for anything else."""
    x = x.data if dispatch.is_node(x) else x
    return x.dtype.kind if isinstance(x, (np.ndarray, np.generic)) else "-"


def of_error(error: Exception, target: Target) -> Answer:
    """Whether the error is a clear sentence, and ours to say."""
    *_, (code, lasti, _) = _trail(error)
    place, kind = line_of_ours(error), type(error).__name__
    said = str(error.args[0] if isinstance(error, KeyError) and error.args else error)
    if isinstance(error, (MemoryError, RecursionError)):
        return Answer(kind, place, said)
    if code.co_filename == double.__code__.co_filename:
        return Answer("")  # the caller's own function
    if isinstance(error, (TypeError, AttributeError)) and code.co_filename == CASE:
        return Answer("")  # Python's own word, from the line of the call: operators, signatures, what is read-only
    if isinstance(error, TypeError) and (bound := BINDING.match(said)):
        return Answer("" if _is_known(bound[1], target) else "arguments of an inner function", place, said)
    if not (code.co_filename.startswith(OURS) and code.co_code[lasti] == RAISE):
        return Answer(f"a raw {kind}", place, said)
    return Answer(fault_of_sentence(said, error, target), place, said)


def fault_of_sentence(said: str, error: Exception, target: Target) -> str:
    """What is wrong with a sentence that is ours; empty where nothing is."""
    if not isinstance(error, PROMISED):
        return f"a {type(error).__name__}, which nobody promised"
    if "\n" in said:
        return "more than one line"
    if len(said) > LONGEST:
        return "a sentence without an end"
    words = set(re.findall(r"[^\s\w:]+|\w+", said))  # the colon behind an operator's name is the sentence's
    begins = re.match(r"(?:\w+\.)*(\w+)", said)
    if not (target.names & words) and not (begins and begins[1] in public_names() | OWN_MODULES):
        return "a sentence that does not say who speaks"
    return ""


def _trail(error: BaseException) -> Iterator[tuple[CodeType, int, int]]:
    """The code that was running, from the outside inwards, each with its instruction and its line."""
    link = error.__traceback__
    while link is not None:
        yield link.tb_frame.f_code, link.tb_lasti, link.tb_lineno
        link = link.tb_next


def line_of_ours(error: BaseException) -> str:
    """The innermost line of ours that the error came through."""
    ours = [(code, line) for code, _, line in _trail(error) if code.co_filename.startswith(OURS)]
    return _place(ours[-1][0].co_filename, ours[-1][1], ours[-1][0].co_name) if ours else "the call itself"


def _is_known(name: str, target: Target) -> bool:
    """Whether the caller knows the function whose signature did not fit: by its name, by its class's, or as theirs.

    A module is called by way of its forward, which the class may have from another.
    """
    return bool({*name.split(".")} & ({"forward"} | target.names | public_names() | {f.__name__ for f in CALLBACKS}))


def _place(file: str, line: int, function: str = "") -> str:
    path = file.removeprefix(f"{HOUSE}{os.sep}").rpartition("site-packages/")[2]
    return f"{path}:{line}" + (f" in {function}" if function else "")
