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

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar, Generic, NamedTuple, ParamSpec

from ops import dispatch, failures
from ops.demands import is_from_a_cell, is_of_the_package
from ops.dispatch import SHAPED
from ops.errors import DeclarationError
from ops.owning import owned
from ops.rules import NO_DEFAULT, Rule, misfit, named, public_signature, read_signature, written
from ops.shapes import Shape, integer
from ops.words import counted, shown

P = ParamSpec("P")
Interval = tuple[float, float] | None

NO_PARAMS: Mapping[str, Any] = {}  # shared by all calls without parameters, and read only, as its type says
REGISTRY: dict[str, Op[...]] = {}
PLAIN = frozenset({bool, int, float, str, tuple, slice, type(None), type(...)})  # parameters that need no second look


class Sample(NamedTuple):
    """Shapes of the arrays and values of the parameters that the laws try an op on."""

    shapes: tuple[Shape, ...]
    params: dict[str, Any]


def sample(*shapes: Shape, **params: Any) -> Sample:
    """A Sample as a declaration writes it: `sample((2, 3), shape=(6,))`."""
    return Sample(shapes, params)


_LEADING = {"partials": ("xp", "y"), "defvjp": ("xp", "g", "y"), "defjvp": ("xp", "t", "y")}


class _OfAnOp(cached_property[Any]):
    """A property, computed when first asked, of ops and not of their class, whose own `__signature__` it would hide."""

    def __get__(self, op: Any, kind: Any = None) -> Any:
        if op is None:
            raise AttributeError(self.attrname)
        return super().__get__(op, kind)


class Rules(dict[str, Rule]):
    """An op's rules by role; DeclarationError for one that is missing."""

    def __init__(self, name: str):
        super().__init__()
        self._name = name

    def __missing__(self, role: str) -> Rule:
        raise DeclarationError(f"{self._name} has no derivative yet: declare its {role} rule")


class Op(Generic[P]):
    """An operation that every engine can run, record, differentiate, draw and explain.

    Called on a Value, a ValueArray, a Tensor, a number or an array, it goes by what it is given.
    """

    kind: ClassVar[str]
    elementwise: ClassVar[bool] = False
    moves: bool = False  # whether it only moves numbers, so that whole ones stay what they are

    def __init__(self, forward: Rule, domain: Sequence[Interval], samples: Sequence[Sample], symbol: str = ""):
        self.forward = named(forward, self.kind)
        self.name: str = forward.__name__
        self.symbol = symbol or self.name
        self.arrays, self.parameters = read_signature(forward, self.kind)
        self.variadic = self.arrays[0].startswith("*")
        self.defaults = {name: d for name, d in self.parameters.items() if d is not NO_DEFAULT}
        self.domain = tuple(domain) * (len(self.arrays) if len(domain) == 1 else 1)
        self.samples = tuple(samples)
        self.rules = Rules(self.name)
        self.roles = self._roles()
        self._plain = (
            PLAIN - {tuple, slice, type(...)} if self.elementwise else PLAIN
        )  # whose parameters are numbers and words
        self._reads: dict[str, tuple[int, ...]] = {}
        self._door: Callable[..., Any] | None = None
        self._hint: Callable[..., str] | None = None
        self.__name__ = self.__qualname__ = self.name
        self.__doc__, self.__module__ = forward.__doc__, forward.__module__
        self._check_forward()
        if not is_of_the_package(forward):
            self._try("forward", forward)
        _register(self)

    @_OfAnOp
    def __signature__(self) -> Any:
        return public_signature(self.arrays, self.parameters)

    # calling

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Any:
        if kwargs or self.parameters or self.variadic or len(args) != len(self.arrays):
            arrays, params = self.bind(args, kwargs)
        else:
            arrays, params = args, NO_PARAMS
        if self._door is None:
            return dispatch.apply(self, arrays, owned(params))
        for x in () if self.elementwise else arrays:  # a door asks for the shape
            if x.__class__ not in SHAPED:
                arrays = dispatch.shaped(self.name, arrays)
                break
        return self._door(*arrays, **params)

    def apply(self, *arrays: Any, **params: Any) -> Any:
        """The op itself, past its door: what the door calls once the arguments are normal."""
        return dispatch.apply(self, arrays, params)

    def bind(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arrays and the parameters of a call, defaults filled in; TypeError where they do not fit."""
        count, parameters = len(self.arrays), self.parameters
        arrays, rest = args[:count], args[count:]
        if not kwargs and len(args) == count + len(parameters):
            params = dict(zip(parameters, rest))
        elif not kwargs and len(args) == count and len(self.defaults) == len(parameters):
            params = {**self.defaults}
        else:
            params = {**self.defaults, **dict(zip(parameters, rest)), **kwargs}
            twice = kwargs and rest and not kwargs.keys().isdisjoint([*parameters][: len(rest)])
            if twice or len(arrays) < count or len(rest) > len(parameters) or params.keys() != parameters.keys():
                raise failures.misfit(self, args, kwargs)
        for value in params.values() if rest or kwargs else ():
            if value.__class__ not in self._plain:
                failures.normalise(self, rest, params, self.elementwise and self._door is not None)
                break
        return self._in_a_list(arrays[0], params) if self.variadic else tuple(arrays), params

    def _in_a_list(self, arrays: Any, params: Mapping[str, Any]) -> tuple[Any, ...]:
        if params.get("axis") is True or params.get("axis") is False:
            integer(params["axis"], f"{self.name}: axis")
        try:
            if arrays.__class__ is list or not isinstance(arrays, (str, dict)):
                return tuple(arrays)
        except TypeError:
            pass
        raise TypeError(failures.ask_for_a_list(self))

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
        named(rule, self.name)
        if role not in self.roles:
            means = " and ".join(map(_decorator, self.roles))
            raise DeclarationError(f"{self.name} is {self.kind}: it declares {means}, not {_decorator(role)}")
        if role in self.rules and not (is_from_a_cell(self.rules[role]) and is_from_a_cell(rule)):
            raise DeclarationError(
                f"{self.name} already has its {role} rule: {self.rules[role].__name__}; to give it another, "
                f"call ops.forget({self.name!r}) and declare the op once more"
            )
        self._check_arguments(role, rule)
        if not is_of_the_package(rule):
            self._try(role, rule)
        self.rules[role] = rule
        self._reads.pop(role, None)
        return rule

    def _roles(self) -> tuple[str, ...]:
        """The rules that an op of this kind declares."""
        raise NotImplementedError

    def _check_forward(self) -> None:
        """DeclarationError where the declaration does not fit the forward that stands under it."""
        if len(self.domain) != len(self.arrays):
            raise DeclarationError(
                f"{self.name} takes {counted(len(self.arrays), 'array')} ({', '.join(self.arrays)}), but "
                f"{counted(len(self.domain), 'interval')} {'is' if len(self.domain) == 1 else 'are'} given; "
                f"give one for each, or one for all"
            )
        for name in {name for each in self.samples for name in each.params} - self.parameters.keys():
            raise DeclarationError(f"{self.name}{self.__signature__} has no parameter {name} that a sample could set")

    def _check_arguments(self, role: str, rule: Rule) -> None:
        wanted, parameters = (*_LEADING.get(role, ("xp", "g")), *self.arrays), self._handed_to(role)
        if said := misfit(rule, wanted, parameters):
            signature = ", ".join([*wanted, "/", *parameters])
            raise DeclarationError(
                f"the {role} rule of {self.name} takes ({signature}), but {rule.__name__} takes {written(rule)}: {said}"
            )

    def _handed_to(self, role: str) -> tuple[str, ...]:
        """The parameters that a rule of this role gets."""
        return tuple(self.parameters)

    def _try(self, role: str, rule: Rule) -> None:
        """DeclarationError for a rule that cannot be right."""
        from ops.trial import try_rule  # here, since the package's own ops do without; see there

        try_rule(self, role, rule)

    def checked(self, found: Any, rule: Rule | None = None) -> Any:
        """What a rule returned, if it holds one entry per argument; DeclarationError where it does not."""
        if not isinstance(found, tuple) or len(found) != len(self.arrays):
            from ops.trial import refuse_entries  # here, as above

            refuse_entries(self, rule or next(iter(self.rules.values())), found)
        return found

    # running and deriving

    def run(self, xp: Any, arrays: Sequence[Any], params: Mapping[str, Any]) -> Any:
        """The forward rule on arrays; shapes that do not fit are told in one sentence."""
        try:
            return self.forward(xp, *arrays, **params)
        except (ValueError, IndexError, TypeError, OverflowError) as error:
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

    def positions_read(self, role: str) -> tuple[int, ...]:
        """`reads`, of one rule."""
        if role in self.rules and role not in self._reads:
            from ops.bytecode import positions_read  # here, since only changed data makes anybody ask

            self._reads[role] = positions_read(self.rules[role], len(self.arrays))
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
        return failures.explained(self, error, arrays, params)

    def sentence(self, *shapes: Shape, **params: Any) -> str:
        """What the op's hint says of shapes that do not fit; empty where it has none."""
        return self._hint(*shapes, **params) if self._hint else ""

    def __reduce__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"<{self.kind} op {self.name}{self.__signature__}>"


def _decorator(role: str) -> str:
    """How a rule of this role is declared: `adjoint("a")` for the adjoint of a."""
    name, _, array = role.partition(" of ")
    return f'{name}("{array}")' if array else name


def _register(op: Op[...]) -> None:
    before = REGISTRY.get(op.name)
    if before is not None and not (is_from_a_cell(before) and is_from_a_cell(op)):
        raise DeclarationError(
            f"{op.name} is declared already, in {before.__module__}; give the new op another name, or take the old "
            f"one out first with ops.forget({op.name!r})"
        )
    REGISTRY[op.name] = op


def forget(name: str) -> None:
    """Take an op out of the registry, so that it can be declared anew; what `__main__` declares needs no forgetting."""
    if not isinstance(name, str) or name not in REGISTRY:
        raise KeyError(f"forget: no op is called {shown(name)}")
    del REGISTRY[name]
