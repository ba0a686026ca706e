"""Numbers that went wrong, and where: NaN, and infinities that an op made of finite numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from weakref import ref

from ops import dispatch
from ops.errors import AnomalyError
from ops.places import Place

# The line that made each watched node, by the node's id, as long as it lives: arrays that compare with == element by
# element cannot be the keys of a WeakKeyDictionary.
_born: dict[int, tuple[Any, Place]] = {}


def remember(node: Any, place: Place) -> None:
    """Note the line that made a node, without keeping the node."""
    key = id(node)
    _born[key] = ref(node, lambda _: _born.pop(key, None)), place


def refuse_value(y: Any, op: Any, args: Sequence[Any], params: Mapping[str, Any]) -> None:
    """AnomalyError for a new node that holds NaN, or an infinity that the op was not handed."""
    number = _numbers(y)
    if _any(number != number) or (_infinite(number) and not _handed(number, op, args, params)):
        raise AnomalyError(f"{_story(y, op, args)} gave {_short(number)}, which is not finite")


def refuse_gradient(node: Any, g: Any, sent: Sequence[Any], excused: bool = False) -> None:
    """AnomalyError for NaN in what a node sent back, or an infinity where neither g nor the node's family has one.

    excused: whether there was an infinity before, in the sums to which it was added.
    """
    numbers = [_numbers(x) for x in sent if x is not None]
    spoilt = any([_any(x != x) for x in numbers])
    if spoilt or (any(map(_infinite, numbers)) and not excused and not _inherited(node, g, numbers)):
        shown = ", ".join(map(_short, numbers))
        raise AnomalyError(f"{_story(node, node.op, node.args)} sent back the gradient {shown}, which is not finite")


def watch(node: Any, g: Any, sent: Sequence[Any], sums: Mapping[Any, Any]) -> Callable[[], None]:
    """Refuse a gradient that a node sends back; the call that will refuse the sums to which it is being added."""
    refuse_gradient(node, g, sent)
    excused = infinite([*sent, *map(sums.get, node.args)])
    return lambda: refuse_gradient(node, g, [*map(sums.get, node.args)], excused)


def backward(node: Any) -> None:
    """A Value's `_backward`, watched."""
    g, excused = node.grad, infinite([x.grad for x in node.args])
    node._backward()
    refuse_gradient(node, g, [x.grad for x in node.args], excused)


def infinite(numbers: Sequence[Any]) -> bool:
    """Whether there is an infinity among these numbers, arrays and nodes; None is none."""
    return any([_infinite(_numbers(x)) for x in numbers if x is not None])


def _handed(y: Any, op: Any, args: Sequence[Any], params: Mapping[str, Any]) -> bool:
    """Whether the infinities of y come from the arguments, place by place where the op goes so, or the parameters."""
    return _in_params(params) or _older(y, op, [_numbers(x) for x in args])


def _inherited(node: Any, g: Any, sent: Sequence[Any]) -> bool:
    """Whether the infinities sent come from g or from the numbers of the node and its arguments."""
    older = [_numbers(x) for x in (g, node, *node.args)]
    return _in_params(node.params) or all([_older(x, node.op, older) for x in sent if _infinite(x)])


def _older(y: Any, op: Any, older: Sequence[Any]) -> bool:
    if not op.elementwise:
        return any(map(_infinite, older))
    new = abs(y) == _INFINITY
    for x in older:
        new = new > (abs(x) == _INFINITY)  # infinite here and not there; it broadcasts
    return not _any(new)


def _in_params(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(map(_in_params, value.values()))
    if isinstance(value, (list, tuple)):
        return any(map(_in_params, value))
    return isinstance(value, float) and abs(value) == _INFINITY


_INFINITY = float("inf")


def _infinite(number: Any) -> bool:
    return _any(abs(number) == _INFINITY)


def _any(truth: Any) -> bool:
    return bool(truth.any()) if hasattr(truth, "any") else bool(truth)


def _numbers(x: Any) -> Any:
    """The numbers of a node, to be read alone; a number or an array as it is."""
    if not dispatch.is_node(x):
        return x
    return x.peek() if x.rank else x.data


def _story(node: Any, op: Any, args: Sequence[Any]) -> str:
    place = _born.get(id(node), (None, "a line that ran outside detect_anomaly()"))[1]
    return f"{op.name}({', '.join(_short(_numbers(arg)) for arg in args)}), made at {place},"


def _short(data: Any) -> str:
    text = repr(data)
    return text if len(text) <= 60 else f"{text[:40]} ... of shape {data.shape}"
