"""A rule's trial, when it is declared: on letters, so that what no engine could run is told at once.

The ops of the package are tried by its tests alone, so this is opened when somebody else declares the first one.

Not every rule runs on letters: one may look at a shape, or write into an array.  Such a failure says nothing
and is passed over; what is told is a name that is not there, a function that is not xp's, a condition on
elements that steers an `if`.
"""

from __future__ import annotations

import builtins
import dis
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from types import FrameType, ModuleType, TracebackType
from typing import Any, NoReturn

from ops.bytecode import returns_nothing
from ops.errors import DeclarationError
from ops.letters import (
    LETTERS,
    Expression,
    Leading,
    LeftTheGraph,
    Letters,
    Undecided,
    leading_letters,
    letter,
    standing_for,
)
from ops.notation import text
from ops.rules import FUNCTIONS, Rule, arguments
from ops.spec import REGISTRY, Op
from ops.words import a_or_an, counted, listed, nearest

# fmt: off
_OF_ARRAYS_ALONE = {
    "T", "all", "any", "argmax", "argmin", "argsort", "astype", "copy", "cumprod", "cumsum", "diagonal", "dot", "flat",
    "flatten", "item", "max", "mean", "min", "ndim", "nonzero", "prod", "ravel", "repeat", "reshape", "size", "sort",
    "squeeze", "std", "sum", "swapaxes", "take", "tolist", "trace", "transpose", "var", "view",
}
# fmt: on


class _XP(Letters):
    """Letters that know only these functions."""

    def __init__(self, known: Collection[str]):
        self._known = known

    def __getattr__(self, name: str) -> Callable[..., Expression]:
        if name not in self._known:
            raise AttributeError(name, name=name, obj=self)
        return super().__getattr__(name)


def try_rule(op: Op[...], role: str, rule: Rule) -> None:
    """Run a new rule on letters, with the parameters of each sample; DeclarationError where it cannot be right."""
    if returns_nothing(rule):
        raise DeclarationError(f"{rule.__name__} returns nothing; end it with return and what it has computed")
    known = {*FUNCTIONS, *_elementwise(op, role)} if op.elementwise else None
    for params in [each.params for each in op.samples] or [{}]:
        found = _tried(rule, leading_letters(role, op.arrays), op.arrays, {**op.defaults, **params}, known)
        if found is ... or op.variadic:
            continue
        if role in ("partials", "defvjp"):
            op.checked(found, rule)
        else:
            _demand_bare(rule, found)


def _elementwise(op: Op[...], role: str) -> set[str]:
    """The ops that a rule about single elements may call; a forward may not call itself."""
    names = {name for name, each in REGISTRY.items() if each.elementwise}
    return names - {op.name} if role == "forward" else names


def _tried(
    rule: Rule, leading: Leading, arrays: tuple[str, ...], params: Mapping[str, Any], known: Collection[str] | None
) -> Any:
    """What the rule returns on letters, ... where it does not run on them; DeclarationError if it cannot run at all.

    known: the functions that xp has, for a rule about single elements; None for a rule about whole arrays, where
    xp may have any and a condition may be about a sum.
    """
    given = {name: params.get(name, letter(name)) for name in arguments(rule)[1]}
    xp = LETTERS if known is None else _XP(known)
    letters = [*map(_elements, (*leading, *standing_for(arrays)))]
    try:
        found = rule(xp, *letters, **given)
    except Exception as error:
        if said := _told(error, rule, known):
            raise DeclarationError(f"{rule.__name__} {said}") from error
        return ...
    if strangers := _elements_of(found) - _elements_of(letters):
        names = listed(sorted({stranger.parts[0] for stranger in strangers}))
        raise DeclarationError(
            f"{rule.__name__} uses {names} of an earlier call, which it has kept, so the graph of a later call would "
            f"not lead there; compute with the arguments alone"
        )
    return found


def _elements_of(thing: Any) -> set[Expression]:
    """The elements that a formula, or what is in a list of them, is made of."""
    if isinstance(thing, (tuple, list)):
        return set().union(*map(_elements_of, thing))
    if not isinstance(thing, Expression):
        return set()
    return {thing} if thing.head == "element" else _elements_of([*thing.parts, *thing.options.values()])


def _elements(names: str | tuple[str, ...]) -> Any:
    return Expression("element", names) if isinstance(names, str) else tuple(map(_elements, names))


def _told(error: Exception, rule: Rule, known: Collection[str] | None) -> str:
    """What a failure on letters tells about the rule; empty where it only says that letters are no arrays."""
    if isinstance(error, TypeError) and (said := _about_a_call(error, rule, known)):
        return said
    if isinstance(error, LeftTheGraph):
        return str(error) if known is not None or "NumPy" in str(error) else ""
    if isinstance(error, Undecided) and known is not None and error.condition.varies():
        return _about_a_condition(text(error.condition).strip("[]"))
    if isinstance(error, NameError):
        return "" if _is_loading(rule) else f"uses {error.name}, which is not defined; define it above the rule"
    return _about_an_attribute(error, known) if isinstance(error, AttributeError) else ""


def _about_a_condition(condition: str) -> str:
    return (
        f"cannot decide by {condition}, which holds for some elements and not for others; in place of an if, and, or, "
        f"not, max or min write xp.where({condition}, a, b), which is ops.where"
    )


def _about_an_attribute(error: AttributeError, known: Collection[str] | None) -> str:
    name, thing = error.name or "", error.obj
    if isinstance(thing, Letters) and name in REGISTRY and known is not None and not REGISTRY[name].elementwise:
        return (
            f"calls xp.{name}, which goes across the elements of an array, but the rules of a pointwise op run on "
            f"single numbers; declare the op as ops.general"
        )
    if isinstance(thing, Letters):
        return f"calls xp.{name}, which xp does not have; {nearest(name, known or ())}"
    if not isinstance(thing, Expression):
        return f"fails: {error}"
    if thing.head in ("shape", "dtype") or name in _OF_ARRAYS_ALONE:
        return ""
    instead = f"write xp.{name}" if name in (known or FUNCTIONS) else "compute with the argument itself"
    return f"asks for .{name} of {text(thing)}, which not every engine has; {instead}"


# a call of what is not xp's


def _about_a_call(error: TypeError, rule: Rule, known: Collection[str] | None) -> str:
    """Whether the rule broke in a call of math, NumPy or float, which letters do not pass, and what to call instead."""
    path, function = _called(error, rule)
    home = getattr(function, "__module__", None) or type(function).__module__
    called, has_it = ".".join(path), path[-1:] and path[-1] in (known or FUNCTIONS)
    if function in (float, int, complex):
        return f"calls {called}, which takes a number out of its graph; compute with the argument itself"
    if home.partition(".")[0] == "numpy" and has_it:
        return f"calls {called}, which leaves no trace in a graph; write xp.{path[-1]}"
    if home in ("math", "cmath"):
        instead = f"write xp.{path[-1]}" if has_it else f"of xp, {nearest(path[-1], known or FUNCTIONS)}"
        return f"calls {called}, which takes plain numbers alone; {instead}"
    return ""


def _called(error: Exception, rule: Rule) -> tuple[list[str], Any]:
    """The dotted name of what was being called in the rule, or in a helper beside it, and the function itself."""
    frames = [tb for tb in _traceback(error) if tb.tb_frame.f_globals is rule.__globals__]
    if not frames:
        return [], None
    path = _path_called(frames[-1])
    return path, _looked_up(path, frames[-1].tb_frame)


def _traceback(error: Exception) -> Iterator[TracebackType]:
    tb = error.__traceback__
    while tb is not None:
        yield tb
        tb = tb.tb_next


def _path_called(tb: TracebackType) -> list[str]:
    """["math", "exp"] where the line broke in math.exp(...): the names that stand where the call begins."""
    instructions = list(dis.get_instructions(tb.tb_frame.f_code))
    broken = [i for i in instructions if i.offset <= tb.tb_lasti][-1]
    start = _start(broken)
    if not broken.opname.startswith("CALL") or None in start:
        return []
    at = [i for i in instructions if _start(i) == start]
    return [i.argval for i in at if i.opname.startswith("LOAD") and isinstance(i.argval, str)]


def _start(instruction: dis.Instruction) -> tuple[int | None, int | None]:
    """The line and the column where what it does begins; None where Python was told to forget them."""
    places = instruction.positions
    return (places.lineno, places.col_offset) if places else (None, None)


def _looked_up(path: list[str], frame: FrameType) -> Any:
    if not path:
        return None
    found = {**vars(builtins), **frame.f_globals, **frame.f_locals}.get(path[0])
    for name in path[1:]:
        found = getattr(found, name, None)
    return found


def _is_loading(rule: Rule) -> bool:
    """Whether the rule's module is still being imported, so that its helpers may stand further down."""
    module: ModuleType | None = sys.modules.get(rule.__module__)
    return bool(getattr(getattr(module, "__spec__", None), "_initializing", False))


# what a rule returned


def _demand_bare(rule: Rule, found: Any) -> None:
    """DeclarationError where a rule that returns one array returned a tuple or a list of them, or nothing."""
    if found is None or isinstance(found, (tuple, list, str)):
        got = f"({', '.join(map(_shown, found))},)" if isinstance(found, tuple) else _shown(found)
        raise DeclarationError(f"{rule.__name__} must return one array, without brackets or a comma, not {got}")


def refuse_entries(op: Any, rule: Rule, found: Any) -> NoReturn:
    """Raise DeclarationError for a rule that did not return a tuple with one entry for each argument."""
    one = "partial" if "partials" in op.roles else "gradient"
    form = "(d,)" if len(op.arrays) == 1 else f"({', '.join('d' + name for name in op.arrays)})"
    got = counted(len(found), "entry", "entries") if isinstance(found, tuple) else _shown(found)
    raise DeclarationError(
        f"{rule.__name__}: return one {one} for each argument of {op.name}, as a tuple: {form}; it returned {got}"
    )


def _shown(found: Any) -> str:
    """What a rule returned: its formula, or what kind of thing it is."""
    return text(found) if isinstance(found, Expression) else a_or_an(found)
