"""An array node opened: the backward pass through the scalar graph that it stands for."""

from __future__ import annotations

from typing import Any

import numpy as np

import ops
from viz.cutting import Place, size_of_cut
from viz.graph import of_order
from viz.inside import Zoom, size_inside
from viz.trail import Trail, passed

MOST = 200  # scalar nodes of one opened node


def opened(node: Any, gradient: Any) -> tuple[Trail | None, str]:
    """The pass inside an array node, of all its elements or of the one with the largest gradient; or why there is none.

    >>> from tensor import Tensor
    >>> y = Tensor([[1.0, 2.0]], requires_grad=True) @ Tensor([[3.0], [4.0]])
    >>> its, said = opened(y, np.ones((1, 1)))
    >>> len(its.visits), said
    (3, '')
    """
    if node.size == 0 or all(x.size == 1 for x in (node, *node.args)):
        return None, ""
    element = _steepest(np.asarray(gradient))
    if (numbers := size_of_cut(node, element)) > MOST:
        return None, f"{numbers:,} numbers meet in one element of it, and no more than {MOST} scalar nodes are opened"
    count = size_inside(node)
    if count <= MOST:
        its = _pass(Zoom(node, None), np.asarray(gradient))
        return its, "" if its else f"{node.op.name} only moves numbers: there is no arithmetic inside"
    part = _pass(Zoom(node, element), np.asarray(gradient)) if element else None
    if part is None and element:
        return None, f"{node.op.name} only moves numbers: there is no arithmetic inside"
    if part is None or len(part.nodes) > MOST:
        return None, f"inside are about {count:,} scalar nodes, more than the {MOST} that one can follow"
    return part, f"element {list(element)} alone, of {node.size}: all would be about {count:,} scalar nodes"


def _steepest(gradient: Any) -> Place:
    """Where the gradient is largest, rounding aside, so that both engines choose the same."""
    place = np.unravel_index(np.argmax(np.abs(gradient).astype(np.float32)), gradient.shape)
    return tuple(int(i) for i in place)


def _pass(zoom: Zoom, gradient: Any) -> Trail | None:
    """The pass from the values of a zoom; None where no op made any of them."""
    nodes = ops.topological(*zoom.values)
    if all(node.op is None for node in nodes):
        return None
    place = {node: i for i, node in enumerate(nodes)}
    given = gradient if zoom.element is None else gradient[zoom.element]
    seeds: dict[int, float] = {}
    for value, g in zip(zoom.values, np.asarray(given).flat):
        seeds[place[value]] = seeds.get(place[value], 0.0) + float(g)
    return passed(of_order(zoom.values[-1], nodes, {}), nodes, seeds)
