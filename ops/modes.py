"""What a thread, or a task of asyncio, does with each new node: record it, watch it, remember which module made it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Coroutine, Generator, Iterable, Mapping, Sequence
from contextlib import ContextDecorator
from contextvars import ContextVar
from functools import wraps
from types import AsyncGeneratorType, CoroutineType, GeneratorType
from typing import Any, NamedTuple

from ops import anomalies
from ops.places import Place, line_of_the_user


class Mode(NamedTuple):
    """What becomes of each new node inside no_grad, detect_anomaly or, say, grad, the tracer."""

    recording: bool = True
    watching: bool = False
    switched_off: Mapping[str, Place] = {}
    tracer: str = ""


class _Block:
    """One `with` that is open, and where; the block that it was opened in may close before it."""

    def __init__(self, switch: _Switch):
        self.switch, self.place = switch, line_of_the_user()


class _Open(NamedTuple):
    """The blocks that a thread or a task is inside, the innermost last, and the mode that they make together."""

    blocks: tuple[_Block, ...] = ()
    mode: Mode = Mode()


# Every block that is open in any thread, so that a run without any asks no more than whether there is one.
MODES: set[_Block] = set()
_NONE = _Open()
_open: ContextVar[_Open] = ContextVar("open", default=_NONE)


def _enter_only(blocks: Iterable[_Block]) -> Mode:
    """Be inside these blocks from here on, in this thread or task alone."""
    mode, blocks = Mode(), tuple(blocks)
    for block in blocks:
        mode = block.switch.changed(mode, block.place)
    _open.set(_Open(blocks, mode))
    return mode


def _mode() -> Mode:
    """The mode here: that of the open blocks around, as far as none was closed from another thread or task."""
    blocks, mode = _open.get()
    return mode if MODES.issuperset(blocks) else _enter_only(block for block in blocks if block in MODES)


class _Switch(ContextDecorator):
    """A context manager and decorator that changes the mode of this thread or task, and puts it back whatever happens.

    It holds until its block is left, wherever that happens: a task that was started inside is inside too, till then.
    A decorated generator or coroutine runs each of its steps inside.
    """

    def __init__(self, *given: Any) -> None:
        if given:
            name = type(self).__name__
            raise TypeError(
                f"{name} takes no argument: write `@ops.{name}()` with its brackets, or `with ops.{name}():`"
            )
        self._blocks: list[_Block] = []

    def changed(self, mode: Mode, place: Place) -> Mode:
        """The mode inside, from the one around it and the line that switched it."""
        raise NotImplementedError

    def another(self) -> _Switch:
        """A switch of the same kind, for one call of what it decorates."""
        return type(self)()

    def __enter__(self) -> None:
        block = _Block(self)
        self._blocks.append(block)
        MODES.add(block)
        _enter_only((*(b for b in _open.get().blocks if b in MODES), block))

    def __exit__(self, *_: object) -> None:
        blocks = _open.get().blocks
        ours = [block for block in blocks if block.switch is self and block in MODES]
        block = (ours or self._blocks)[-1]  # none is ours where a generator is closed by another thread
        self._blocks.remove(block)
        MODES.discard(block)
        if ours:
            _enter_only(b for b in blocks if b in MODES)

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def inside(*args: Any, **kwargs: Any) -> Any:
            with self.another():
                result = function(*args, **kwargs)
            later = _LATER.get(type(result))
            return later(self, result) if later else result

        return inside


class _Steps(Generator[Any, Any, Any]):
    """A generator each of whose steps runs inside a switch, and whose user's code does not."""

    def __init__(self, switch: _Switch, steps: Any):
        self._switch, self._steps = switch, steps

    def send(self, value: Any) -> Any:
        with self._switch.another():
            return self._steps.send(value)

    def throw(self, *error: Any) -> Any:
        with self._switch.another():
            return self._steps.throw(*error)


class _AsyncSteps(AsyncGenerator[Any, Any]):
    """`_Steps` of an asynchronous generator."""

    def __init__(self, switch: _Switch, steps: Any):
        self._switch, self._steps = switch, steps

    async def asend(self, value: Any) -> Any:
        with self._switch.another():
            return await self._steps.asend(value)

    async def athrow(self, *error: Any) -> Any:
        with self._switch.another():
            return await self._steps.athrow(*error)


async def _awaited(switch: _Switch, coroutine: Coroutine[Any, Any, Any]) -> Any:
    with switch.another():
        return await coroutine


# What runs only after the call that made it.
_LATER = {GeneratorType: _Steps, AsyncGeneratorType: _AsyncSteps, CoroutineType: _awaited}


class no_grad(_Switch):
    """Inside it (`with ops.no_grad():` or `@ops.no_grad()`) the calls of this thread or task leave no graph."""

    def changed(self, mode: Mode, place: Place) -> Mode:
        return mode._replace(recording=False, switched_off={"no_grad": place})


class enable_grad(_Switch):
    """Inside it the calls of this thread or task are recorded, even where no_grad surrounds it."""

    def changed(self, mode: Mode, place: Place) -> Mode:
        return mode._replace(recording=True)


class traced(enable_grad):
    """Inside it, calls are recorded, and a number that would leave the graph unseen, through float(), is refused."""

    def __init__(self, tracer: str):
        super().__init__()
        self._tracer = tracer

    def changed(self, mode: Mode, place: Place) -> Mode:
        return mode._replace(recording=True, tracer=self._tracer)

    def another(self) -> traced:
        return traced(self._tracer)


class detect_anomaly(_Switch):
    """Inside it the first NaN, and the first infinity that was not there before, raises AnomalyError.

    The message names the op, its inputs and the line that made it.  Wrap the forward and the backward.  An infinity
    that an op was handed, such as a mask's or a frame's, is none of its making, and passes.
    """

    def changed(self, mode: Mode, place: Place) -> Mode:
        return mode._replace(watching=True)


def leaving(number: Any, asks: bool = True) -> Any:
    """A number that leaves its graph through float(); TypeError where a derivative would be lost by it."""
    mode = _mode()
    if asks and mode.tracer and mode.recording:
        raise TypeError(
            f"{mode.tracer}: float(), int(), or a function of math or NumPy took {number} out of the graph, so its "
            f"derivative would be lost; call the op, ops.sin(x) for math.sin(x), or x.item() where a number is meant"
        )
    return number


def recording() -> bool:
    """Whether calls in this thread or task leave a graph."""
    return not MODES or _mode().recording


def switched_off() -> Mapping[str, Place]:
    """The line of the no_grad around this call, as params tell of it; empty where calls are recorded."""
    mode = _mode()
    return {} if mode.recording else mode.switched_off


def watching() -> bool:
    """Whether detect_anomaly is on in this thread or task."""
    return bool(MODES) and _mode().watching


def watch_node(node: Any, op: Any, args: Sequence[Any]) -> Any:
    """A new node as the mode wants it: without its graph under no_grad, sound under detect_anomaly."""
    mode = _mode()
    if mode.watching:
        anomalies.remember(node, line_of_the_user())
        anomalies.refuse_value(node, op, args, node.params)
    if not mode.recording:
        node.op, node.args, node.params = None, (), mode.switched_off
    return node


# The chain of modules that a thread or a task is inside: (module, what was around it); None outside all of them.
_scope: ContextVar[Any] = ContextVar("scope", default=None)
scope = _scope.get


def enter(module: Any) -> Any:
    """From here on the array nodes of this thread or task remember that the module made them; what was around it."""
    around = _scope.get()
    _scope.set((module, around))
    return around


def leave(around: Any) -> None:
    """The module is done; what was around it goes on."""
    _scope.set(around)
