"""Seeing: graphs of either engine as data, as pictures and as text."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from viz.draw import Drawing as Drawing, draw as draw, draw_dot as draw_dot
from viz.explain import Explanation as Explanation, explain as explain
from viz.graph import Graph as Graph, trace as trace
from viz.stepper import Stepper as Stepper, step as step
from viz.why import Reason as Reason, why_no_grad as why_no_grad

if TYPE_CHECKING:
    from viz import plots as plots
    from viz.comparison import Comparison as Comparison, compare as compare
    from viz.digraph import Digraph as Digraph
    from viz.inside import Zoom as Zoom, zoom as zoom

__all__ = [
    "Comparison",
    "Digraph",
    "Drawing",
    "Explanation",
    "Graph",
    "Reason",
    "Stepper",
    "Zoom",
    "compare",
    "draw",
    "draw_dot",
    "explain",
    "plots",
    "step",
    "trace",
    "why_no_grad",
    "zoom",
]

# What needs NumPy or graphviz is loaded when it is first asked for: Values are drawn without them.
_LAZY = {"compare": "comparison", "Comparison": "comparison", "zoom": "inside", "Zoom": "inside", "plots": "plots"}
_LAZY |= {"Digraph": "digraph"}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"viz has no {name!r}")
    module = import_module(f"viz.{_LAZY[name]}")
    return module if name == _LAZY[name] else getattr(module, name)


def __dir__() -> list[str]:
    """What is exported, whether it has been loaded or not."""
    return __all__
