"""What a thread does with each new node: record it, watch it, remember which module made it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ContextDecorator
from threading import get_ident
from typing import Any, NamedTuple

from ops import dispatch
from ops.errors import AnomalyError
from ops.places import Place, line_of_the_user

# Recording is on and nothing is watched, except in the threads that stand here.
MODES: dict[int, Mode] = {}


class Mode(NamedTuple):
    """What a thread does with each new node inside no_grad, detect_anomaly or, say, grad, the tracer."""

    recording: bool = True
    birthplaces: dict[Any, str] | None = None
    switched_off: Mapping[str, Place] = {}
    tracer: str = ""


_PLAIN = Mode()


class _Switch(ContextDecorator):
    """A context manager and decorator that changes this thread's mode, and puts it back whatever happens."""

    def __init__(self, *given: Any) -> None:
        if given:
            name = type(self).__name__
            raise TypeError(
                f"{name} takes no argument: write `@ops.{name}()` with its brackets, or `with ops.{name}():`"
            )
        self._before: list[Mode | None] = []

    def _changed(self, mode: Mode) -> Mode:
        raise NotImplementedError

    def _recreate_cm(self) -> _Switch:
        return type(self)()

    def __enter__(self) -> None:
        before = MODES.get(get_ident())
        self._before.append(before)
        MODES[get_ident()] = self._changed(before or Mode())

    def __exit__(self, *_: object) -> None:
        before = self._before.pop()
        if before is None:
            MODES.pop(get_ident(), None)
        else:
            MODES[get_ident()] = before


class no_grad(_Switch):
    """Inside it (`with ops.no_grad():` or `@ops.no_grad()`) this thread's calls leave no graph."""

    def _changed(self, mode: Mode) -> Mode:
        return mode._replace(recording=False, switched_off={"no_grad": line_of_the_user()})


class enable_grad(_Switch):
    """Inside it this thread's calls are recorded, even where no_grad surrounds it."""

    def _changed(self, mode: Mode) -> Mode:
        return mode._replace(recording=True)


class traced(enable_grad):
    """Inside it, calls are recorded, and a number that would leave the graph unseen, through float(), is refused."""

    def __init__(self, tracer: str):
        super().__init__()
        self._tracer = tracer

    def _changed(self, mode: Mode) -> Mode:
        return mode._replace(recording=True, tracer=self._tracer)

    def _recreate_cm(self) -> traced:
        return traced(self._tracer)


def leaving(number: Any, asks: bool = True) -> Any:
    """A number that leaves its graph through float(); TypeError where a derivative would be lost by it."""
    mode = MODES.get(get_ident(), _PLAIN)
    if asks and mode.tracer and mode.recording:
        raise TypeError(
            f"{mode.tracer}: float(), int(), or a function of math or NumPy took {number} out of the graph, so its "
            f"derivative would be lost; call the op, ops.sin(x) for math.sin(x), or x.item() where a number is meant"
        )
    return number


class detect_anomaly(_Switch):
    """Inside it the first value or gradient that is not finite raises AnomalyError.

    The message names the op, its inputs and the line that made it.  Wrap the forward and the backward.
    """

    def _changed(self, mode: Mode) -> Mode:
        return mode._replace(birthplaces={})


# The module that each thread is inside, as a chain: (module, what was around it).
SCOPES: dict[int, Any] = {}


def enter(module: Any) -> Any:
    """From here on this thread's array nodes remember that the module made them; returns what was around it."""
    around = SCOPES.get(get_ident())
    SCOPES[get_ident()] = (module, around)
    return around


def leave(around: Any) -> None:
    """The module is done; what was around it goes on."""
    if around is None:
        del SCOPES[get_ident()]
    else:
        SCOPES[get_ident()] = around


def scope() -> Any:
    """The chain of modules that this thread is inside; None outside all of them."""
    return SCOPES.get(get_ident())


def recording() -> bool:
    """Whether calls in this thread leave a graph."""
    mode = MODES.get(get_ident())
    return mode is None or mode.recording


def watch_node(node: Any, op: Any, args: Sequence[Any]) -> Any:
    """A new node as this thread's mode wants it: without its graph under no_grad, finite under detect_anomaly."""
    mode = MODES.get(get_ident(), _PLAIN)
    if mode.birthplaces is not None:
        mode.birthplaces[node] = str(line_of_the_user())
        if not _finite(node.data):
            story = _story(op, args, mode.birthplaces[node])
            raise AnomalyError(f"{story} gave {_short(node.data)}, which is not finite")
    if not mode.recording:
        node.op, node.args, node.params = None, (), mode.switched_off
    return node


def watch_gradient(node: Any, sent: Sequence[Any]) -> None:
    """Under detect_anomaly: refuse gradients that are not finite, as soon as the node has sent them back."""
    places = MODES.get(get_ident(), _PLAIN).birthplaces
    if places is None or all(map(_finite, sent)):
        return
    story = _story(node.op, node.args, places.get(node, "a line that ran outside detect_anomaly()"))
    shown = ", ".join(_short(g) for g in sent if g is not None)
    raise AnomalyError(f"{story} sent back the gradient {shown}, which is not finite")


def _finite(data: Any) -> bool:
    data = data.data if dispatch.is_node(data) else data
    if data is None:
        return True
    finite = abs(data) < float("inf")  # false of NaN too
    return bool(finite.all() if hasattr(finite, "all") else finite)


def _story(op: Any, args: Sequence[Any], line: str) -> str:
    return f"{op.name}({', '.join(_short(arg.data) for arg in args)}), made at {line},"


def _short(data: Any) -> str:
    text = repr(data)
    return text if len(text) <= 60 else f"{text[:40]} ... of shape {data.shape}"
