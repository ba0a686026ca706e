"""An op: a forward rule, and the least that determines all its derivatives.

A rule is ordinary Python over whatever namespace `xp` it is handed, so one rule serves floats, arrays,
recorded nodes and letters alike.  Say what kind of function the forward is, and both derivatives follow:

    kind        declares                                vjp (reverse)              jvp (forward)
    pointwise   partials dy/dx, one per argument        g * d                      sum of d * t
    reduction   the partial, of x's shape               g restored, then g * d     reduce d * t
    linear      adjoint                                 the adjoint                the forward itself
    bilinear    an adjoint per argument                 the adjoints               f(ta, b) + f(a, tb)
    general     both                                    as declared                as declared

Letters: `x`, `a`, `b` inputs; `y` output; `g` = dL/dy, the cotangent; `t` a tangent; `d` a partial.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar, Generic, NamedTuple, ParamSpec

from ops import dispatch
from ops.errors import DeclarationError, ParameterError, ShapeError
from ops.letters import on_letters
from ops.rules import Rule, before_the_slash, named, names_read
from ops.shapes import Shape, normal_axes, why_not

P = ParamSpec("P")
Interval = tuple[float, float] | None

NO_PARAMS: Mapping[str, Any] = MappingProxyType({})
REGISTRY: dict[str, Op[...]] = {}


class Sample(NamedTuple):
    """Shapes of the arrays and values of the parameters that the laws try an op on."""

    shapes: tuple[Shape, ...]
    params: dict[str, Any]


def sample(*shapes: Shape, **params: Any) -> Sample:
    """A Sample as a declaration writes it: `sample((2, 3), shape=(6,))`."""
    return Sample(shapes, params)


_LEADING = {"partials": ("xp", "y"), "defvjp": ("xp", "g", "y"), "defjvp": ("xp", "t", "y")}


class Op(Generic[P]):
    """An operation that every engine can run, record, differentiate, draw and explain.

    Called on a Value, a ValueArray, a Tensor, a number or an array, it goes by what it is given.
    """

    kind: ClassVar[str]
    elementwise: ClassVar[bool] = False

    def __init__(self, forward: Rule, domain: Sequence[Interval], samples: Sequence[Sample], symbol: str = ""):
        self.forward = named(forward)
        self.name: str = forward.__name__
        self.symbol = symbol or self.name
        self.arrays, self.parameters = _read_signature(forward)
        self.variadic = self.arrays[0].startswith("*")
        self.defaults = {name: p.default for name, p in self.parameters.items() if p.default is not p.empty}
        self.domain = tuple(domain) * (len(self.arrays) if len(domain) == 1 else 1)
        self.samples = tuple(samples)
        self.rules: dict[str, Rule] = {}
        self.roles = self._roles()
        self._reads: dict[str, tuple[int, ...]] = {}
        self._door: Callable[..., Any] | None = None
        self._hint: Callable[..., str] | None = None
        self.__name__ = self.__qualname__ = self.name
        self.__doc__, self.__module__ = inspect.getdoc(forward), forward.__module__
        self.__signature__ = _public_signature(self.arrays, self.parameters)
        _register(self)

    # calling

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Any:
        if kwargs or self.parameters or self.variadic or len(args) != len(self.arrays):
            arrays, params = self.bind(args, kwargs)
        else:
            arrays, params = args, NO_PARAMS
        if self._door is not None:
            return self._door(*arrays, **params)
        return dispatch.apply(self, arrays, params)

    def apply(self, *arrays: Any, **params: Any) -> Any:
        """The op itself, past its door: what the door calls once the arguments are normal."""
        return dispatch.apply(self, arrays, params)

    def bind(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arrays and the parameters of a call, defaults filled in; TypeError where they do not fit."""
        count = len(self.arrays)
        arrays, rest = args[:count], args[count:]
        params = {**self.defaults, **dict(zip(self.parameters, rest)), **kwargs}
        if len(arrays) < count or len(rest) > len(self.parameters) or params.keys() != self.parameters.keys():
            given = [type(a).__name__ for a in args] + [f"{k}={v!r}" for k, v in kwargs.items()]
            raise TypeError(f"{self.name}{self.__signature__} does not take ({', '.join(given)})")
        return tuple(arrays[0]) if self.variadic else tuple(arrays), params

    # declaring

    def partials(self, rule: Rule) -> Rule:
        """Declare `rule(xp, y, x, ...)`: a tuple with dy/dx for each argument, None where there is none."""
        return self._attach("partials", rule)

    def adjoint(self, rule: Any) -> Any:
        """Declare `rule(xp, g, x, ...)`: dL/dx; of a bilinear op, `@op.adjoint("a")`, one per argument."""
        if isinstance(rule, str):
            return lambda adjoint: self._attach(f"adjoint of {rule}", adjoint)
        return self._attach("adjoint", rule)

    def defvjp(self, rule: Rule) -> Rule:
        """Declare `rule(xp, g, y, x, ...)`: a tuple with dL/dx for each argument."""
        return self._attach("defvjp", rule)

    def defjvp(self, rule: Rule) -> Rule:
        """Declare `rule(xp, t, y, x, ...)`: the output's tangent, from the tangent of each argument."""
        return self._attach("defjvp", rule)

    def door(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Declare what a call passes first: it makes the arguments normal, then calls `op.apply`."""
        self._door = function
        return function

    def hint(self, function: Callable[..., str]) -> Callable[..., str]:
        """Declare `function(*shapes, **params)`: the sentence for shapes that do not fit."""
        self._hint = function
        return function

    def _attach(self, role: str, rule: Rule) -> Rule:
        if role not in self.roles:
            raise DeclarationError(f"{self.name} is {self.kind}: it declares {' and '.join(self.roles)}, not {role}")
        if role in self.rules:
            raise DeclarationError(f"{self.name} already has its {role} rule: {self.rules[role].__name__}")
        self._check_arguments(role, named(rule))
        self._check_count(role, rule)
        self.rules[role] = rule
        self._reads[role] = self._positions(rule)
        return rule

    def _roles(self) -> tuple[str, ...]:
        """The rules that an op of this kind declares."""
        raise NotImplementedError

    def _check_arguments(self, role: str, rule: Rule) -> None:
        found, wanted = before_the_slash(rule), (*_LEADING.get(role, ("xp", "g")), *self.arrays)
        if len(found) != len(wanted):
            raise DeclarationError(
                f"the {role} rule of {self.name} takes ({', '.join(wanted)}, /), but {rule.__name__} takes "
                f"({', '.join(found)}, /)"
            )

    def _check_count(self, role: str, rule: Rule) -> None:
        if role != "partials":
            return
        try:
            found = on_letters(rule, ("y",), self.arrays, self.defaults)
        except Exception:  # a rule that looks at its numbers cannot run on letters: `checked` meets it later
            return
        self.checked(found, rule)

    def checked(self, found: Any, rule: Rule | None = None) -> Any:
        """What a rule returned, if it holds one entry per argument; DeclarationError where it does not."""
        if not isinstance(found, tuple) or len(found) != len(self.arrays):
            name = (rule or next(iter(self.rules.values()))).__name__
            got = f"{len(found)} entries" if isinstance(found, (tuple, list)) else f"a {type(found).__name__}"
            raise DeclarationError(
                f"{name} must return a tuple with one entry for each argument of {self.name} "
                f"({', '.join(self.arrays)}), but it returned {got}"
            )
        return found

    def _positions(self, rule: Rule) -> tuple[int, ...]:
        own = before_the_slash(rule)[-len(self.arrays) :]
        places = {"y": 0} | {name: i for i, name in enumerate(own, start=1)}
        return tuple(sorted(places[name] for name in names_read(rule) if name in places))

    # running and deriving

    def run(self, xp: Any, arrays: Sequence[Any], params: Mapping[str, Any]) -> Any:
        """The forward rule on arrays; shapes that do not fit are told in one sentence."""
        try:
            return self.forward(xp, *arrays, **params)
        except (ValueError, IndexError, TypeError) as error:
            raise self.explained(error, arrays, params) from None

    def vjp(
        self, xp: Any, g: Any, y: Any, args: Sequence[Any], params: Mapping[str, Any], wanted: Sequence[bool]
    ) -> Sequence[Any]:
        """dL/dx for each wanted argument, not yet folded to its shape; None or anything for the others."""
        raise NotImplementedError

    def jvp(self, xp: Any, tangents: Sequence[Any], y: Any, args: Sequence[Any], params: Mapping[str, Any]) -> Any:
        """The output's tangent; a tangent of None is zero."""
        raise NotImplementedError

    def reads(self, wanted: Sequence[bool]) -> tuple[int, ...]:
        """What the backward rules read, so that nobody may change it: 0 is y, i the i-th argument."""
        raise NotImplementedError

    def rule(self, role: str) -> Rule:
        """The rule declared under this role; DeclarationError where it is missing."""
        if role not in self.rules:
            raise DeclarationError(f"{self.name} has no derivative yet: declare its {role} rule")
        return self.rules[role]

    def positions_read(self, role: str) -> tuple[int, ...]:
        """`reads`, of one rule."""
        return self._reads.get(role, ())

    # showing

    def _card(self) -> Any:
        from ops.card import card  # here, since cards are about ops: at the top each module would need the other

        return card(self)

    def _repr_html_(self) -> str:
        return self._card().html()

    def _repr_latex_(self) -> str:
        return self._card()._repr_latex_()

    def explained(self, error: Exception, arrays: Sequence[Any], params: Mapping[str, Any]) -> Exception:
        """The error that an array library raised, in one sentence of ours."""
        shapes = [getattr(x, "shape", ()) for x in arrays]
        if "axis" in params and len(shapes) == 1 and not self.variadic:
            normal_axes(params["axis"], len(shapes[0]), self.name)
        if isinstance(error, (ShapeError, ParameterError, TypeError)):
            return error
        said = self._hint(*shapes, **params) if self._hint else why_not(shapes) if self.elementwise else ""
        seen = f" of shape {' and '.join(map(str, shapes))}" if not said else ""
        kind = ShapeError if isinstance(error, ValueError) else IndexError
        return kind(f"{self.name}{seen}: {said or error}")

    def __reduce__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"<{self.kind} op {self.name}{self.__signature__}>"


def _read_signature(forward: Rule) -> tuple[tuple[str, ...], dict[str, inspect.Parameter]]:
    arrays = before_the_slash(forward)[1:]
    if not arrays:
        raise DeclarationError(f"{forward.__name__} takes no array: arrays stand before the slash, as in (xp, x, /)")
    rest = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    parameters = {k: p for k, p in inspect.signature(forward).parameters.items() if p.kind in rest}
    return tuple(arrays), parameters


def _public_signature(arrays: Sequence[str], parameters: Mapping[str, inspect.Parameter]) -> inspect.Signature:
    ours = [inspect.Parameter(name.lstrip("*"), inspect.Parameter.POSITIONAL_ONLY) for name in arrays]
    theirs = [p.replace(kind=p.POSITIONAL_OR_KEYWORD, annotation=p.empty) for p in parameters.values()]
    return inspect.Signature([*ours, *theirs])


def _register(op: Op[...]) -> None:
    if op.name in REGISTRY:
        raise DeclarationError(
            f"{op.name} is declared already, in {REGISTRY[op.name].__module__}; give the new op another name, "
            f"or take the old one out first with ops.forget({op.name!r})"
        )
    REGISTRY[op.name] = op


def forget(name: str) -> None:
    """Take an op out of the registry, so that a notebook cell can declare it again."""
    if name not in REGISTRY:
        raise KeyError(f"no op is called {name!r}")
    del REGISTRY[name]
