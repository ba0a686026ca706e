"""Every public function of viz answers arguments of a wrong kind in one sentence of its own, and draws any number."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.figure import Figure

import nn
import ops
import viz
from ops.errors import EngineError, ParameterError, ShapeError
from scalar import Value
from scalar.array import ValueArray
from tensor import Tensor
from viz import plots

OURS = (ShapeError, ParameterError, EngineError)
X, Y = np.random.default_rng(0).normal(size=(6, 2)), np.array([1.0, -1.0] * 3)


def after_backward(kind: Any) -> tuple[Any, Any]:
    """A leaf and its root."""
    leaf: Any = (
        Value(2.0, label="w") if kind is Value else kind([[1.0, 2.0], [3.0, 4.0]], requires_grad=True, label="w")
    )
    root = (leaf * leaf).tanh() if kind is Value else (leaf * leaf).sum()
    root.backward()
    return leaf, root


GRAPHS = {kind.__name__: after_backward(kind) for kind in (Value, ValueArray, Tensor)}


def first(points: Any) -> Any:
    return points[:, 0]


def wrong() -> dict[str, Any]:
    """Arguments of every kind; some are right in some places."""
    nodes = {f"{name} {what}": node for name, pair in GRAPHS.items() for what, node in zip(("leaf", "root"), pair)}
    return nodes | {
        "whole": 5, "half": 0.5, "negative": -1, "nan": np.nan, "huge": 10**30, "complex": 1j, "bool": True,
        "word": "a", "nothing": "", "bytes": b"a", "lines": "a\nb", "None": None, "class": nn.Linear,
        "list": [1, 2], "ragged": [[1.0], [1.0, 2.0]], "no list": [], "halves": (0.5, 0), "slices": (slice(None), 0),
        "list of nodes": [Value(1.0)], "dict": {"a": 1}, "generator": (i for i in range(2)), "object": object(),
        "matrix": np.ones((2, 2)), "0-d": np.array(1.0), "empty": np.zeros((0, 3)), "integers": np.arange(3),
        "words": np.array(["a"]), "complexes": np.array([1j]), "truths": np.array([True]),
        "module": nn.Linear(2, 1, rng=0), "function": lambda x: x,
    }  # fmt: skip


def graph_calls(leaf: Any, root: Any) -> dict[str, Callable[[Any], Any]]:
    """Each argument of each function of graphs, to be given something else."""
    place = None if isinstance(leaf, Value) else (0, 0)
    calls: dict[str, Callable[[Any], Any]] = {
        "trace root": viz.trace,
        "trace parameters": lambda x: viz.trace(root, parameters=x),
        "draw root": viz.draw,
        "draw direction": lambda x: viz.draw(root, direction=x),
        "draw budget": lambda x: viz.draw(root, budget=x),
        "draw captions": lambda x: viz.draw(root, captions=x),
        "draw parameters": lambda x: viz.draw(root, parameters=x),
        "draw layout": lambda x: viz.draw(root, layout=x),
        "svg width": lambda x: viz.draw(root).svg(x),
        "step root": viz.step,
        "step others": lambda x: viz.step(root, x),
        "step order": lambda x: viz.step(root, order=x),
        "zoom node": viz.zoom,
        "zoom element": lambda x: viz.zoom(root.args[0], x),
        "zoom budget": lambda x: viz.zoom(root.args[0], (0, 0), budget=x),
        "explain leaf": lambda x: viz.explain(x, root),
        "explain root": lambda x: viz.explain(leaf, x),
        "explain element": lambda x: viz.explain(leaf, root, element=x),
        "explain limit": lambda x: viz.explain(leaf, root, place, limit=x),
        "why_no_grad node": lambda x: viz.why_no_grad(x, root),
        "why_no_grad root": lambda x: viz.why_no_grad(leaf, x),
    }
    return {name: call for name, call in calls.items() if place or not name.startswith("zoom ")}


ONES = (np.ones(2),)


def recorded(score: Any = first, loss: Any = 0.5, parameters: Any = ONES) -> plots.Replay:
    replay = plots.training_replay(X, Y)
    replay.record(score, loss, parameters)
    return replay


def axes() -> Any:
    return Figure().subplots()


def plot_calls() -> dict[str, Callable[[Any], Any]]:
    """Each argument of each function of viz.plots."""
    return {
        "decision_boundary score": lambda x: plots.decision_boundary(x, X, Y, axes()),
        "decision_boundary scores": lambda x: plots.decision_boundary(lambda _: x, X, Y, axes()),
        "decision_boundary X": lambda x: plots.decision_boundary(first, x, Y, axes()),
        "decision_boundary y": lambda x: plots.decision_boundary(first, X, x, axes()),
        "decision_boundary mesh": lambda x: plots.decision_boundary(first, X, Y, axes(), mesh=x),
        "decision_boundary ax": lambda x: plots.decision_boundary(first, X, Y, axes() if x is None else x),
        "loss_curve losses": lambda x: plots.loss_curve(x, axes()),
        "loss_curve losses of a run": lambda x: plots.loss_curve({"a": x}, axes()),
        "histograms arrays": lambda x: plots.histograms(x, axes()),
        "histograms array": lambda x: plots.histograms({"a": x}, axes()),
        "histograms bins": lambda x: plots.histograms({"a": [1.0, 2.0]}, axes(), x),
        "gradients model": plots.gradients,
        "activations root": plots.activations,
        "gradient_check_curve f": lambda x: plots.gradient_check_curve(x, 0.5, axes()),
        "gradient_check_curve x": lambda x: plots.gradient_check_curve(ops.tanh, x, axes()),
        "training_replay X": lambda x: plots.training_replay(x, Y),
        "training_replay y": lambda x: plots.training_replay(X, x),
        "record score": lambda x: recorded(score=x),
        "record scores": lambda x: recorded(score=lambda _: x),
        "record loss": lambda x: recorded(loss=x),
        "record parameters": lambda x: recorded(parameters=x),
        "broadcast a": lambda x: plots.broadcast(x, (3, 1), axes()),
        "broadcast names": lambda x: plots.broadcast((3, 1), (1, 3), axes(), names=x),
        "stretched_axes own": lambda x: plots.stretched_axes(x, (3, 1)),
    }


def fault(asker: str, call: Callable[[], Any]) -> str:
    """What is wrong with the answer: nothing where it answers, or raises one line of ours that begins with who asks."""
    try:
        call()
    except Exception as error:
        said = str(error)
        is_ours = isinstance(error, OURS) or said.startswith(f"{asker}:")
        return "" if is_ours and "\n" not in said and len(said) < 300 else f"{type(error).__name__}: {said}"
    return ""


def faults(calls: dict[str, Callable[[Any], Any]], given: str) -> dict[str, str]:
    """The calls whose answers are neither right nor one sentence."""
    answers = {
        name: fault(name.partition(" ")[0], lambda call=call: call(wrong()[given])) for name, call in calls.items()
    }
    return {name: answer for name, answer in answers.items() if answer}


@pytest.mark.parametrize("given", wrong())
@pytest.mark.parametrize("graph", GRAPHS)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_functions_of_graphs_refuse_what_is_none_of_theirs_in_one_sentence(graph: str, given: str) -> None:
    assert faults(graph_calls(*GRAPHS[graph]), given) == {}


@pytest.mark.parametrize("given", wrong())
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_plots_refuse_what_is_none_of_theirs_in_one_sentence(given: str) -> None:
    assert faults(plot_calls(), given) == {}


@pytest.mark.parametrize("element", [(0.5, 0), (slice(None), 0), "a", 0.5, None, (0, None), [[0], [0]], (0,), (0, 9)])
@pytest.mark.parametrize("kind", [Tensor, ValueArray])
def test_an_element_is_an_integer_for_each_axis(kind: Any, element: Any) -> None:
    leaf, root = GRAPHS[kind.__name__]
    with pytest.raises((TypeError, ShapeError), match=r"^explain: .*(integer for each axis|name one number)"):
        viz.explain(leaf, root, element)
    if element is not None:
        with pytest.raises((TypeError, ShapeError), match=r"^zoom: .*integer for each axis"):
            viz.zoom(root.args[0], element)


@pytest.mark.parametrize("element", [(1, 0), [1, 0], (np.int64(1), np.uint8(0)), (-1, -2)])
def test_an_element_may_be_given_as_any_integers(element: Any) -> None:
    leaf, root = GRAPHS["Tensor"]
    assert viz.explain(leaf, root, element).total == 6.0
    assert viz.zoom(root.args[0], element).element == (1, 0)


@pytest.mark.parametrize(
    ("path", "says"), [(5, "got an int as the path"), (None, "got None"), (b"x.svg", "got a bytes")]
)
def test_a_path_is_a_name(path: Any, says: str) -> None:
    with pytest.raises(TypeError, match=f"^save: {says}"):
        viz.draw(GRAPHS["Value"][1]).save(path)


def test_a_format_that_graphviz_does_not_have_is_refused() -> None:
    pytest.importorskip("graphviz")
    root = GRAPHS["Value"][1]
    with pytest.raises(ParameterError, match=r"^draw_dot: format is 'docx'; it may be"):
        viz.draw_dot(root, format="docx")
    with pytest.raises(TypeError, match=r"^draw_dot: format is 5; give a word"):
        viz.draw_dot(root, format=5)  # pyright: ignore


def test_a_refused_step_leaves_the_replay_as_it_was() -> None:
    replay = recorded()
    for broken in ({"score": None}, {"loss": "x"}, {"parameters": []}, {"parameters": [None]}):
        with pytest.raises((TypeError, ParameterError), match=r"^record: "):
            replay.record(**{"score": first, "loss": 0.5, "parameters": [np.ones(2)], **broken})
    assert (len(replay.losses), len(replay.frames)) == (1, 1)


def test_a_replay_without_a_step_is_saved_as_nothing(tmp_path: Path) -> None:
    for ending in ("svg", "html"):
        with pytest.raises(ParameterError, match="no step was recorded"):
            plots.training_replay(X, Y).save(tmp_path / f"x.{ending}")
    assert not list(tmp_path.iterdir())


# any number has its picture

NUMBERS = [1e300, -1e300, 1.7e308, np.inf, -np.inf, np.nan, 1e-320, 0.0]


def is_a_picture(path: Path) -> bool:
    if path.suffix == ".svg":
        return ElementTree.parse(path).getroot().tag.endswith("svg")
    return path.read_bytes().startswith({".png": b"\x89PNG", ".html": b"<!doctype html>"}.get(path.suffix, b""))


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("kind", [Value, Tensor, ValueArray])
def test_a_graph_of_any_numbers_has_its_pictures_without_a_warning(kind: Any, number: float, tmp_path: Path) -> None:
    with np.errstate(all="ignore"):
        leaf: Any = Value(number) if kind is Value else kind([number, 1.0, number, 2.0, 3.0], requires_grad=True)
        root = leaf * leaf + leaf if kind is Value else (leaf * leaf).sum()
        root.backward()
    place = None if kind is Value else 0
    shown = {"svg png html txt": viz.draw(root), "svg html": viz.step(root), "txt html": viz.explain(leaf, root, place)}
    if kind is not Value:
        shown["svg png html dot"] = viz.zoom(root.args[0])
    for endings, each in shown.items():
        for ending in endings.split():
            assert is_a_picture(each.save(tmp_path / f"x.{ending}"))


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning:matplotlib")
@pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")  # of matplotlib 3.9's
def test_plots_of_any_numbers_are_drawn(number: float, tmp_path: Path) -> None:
    figure = Figure()
    hills, curve, board = figure.subplots(1, 3)
    plots.histograms({"a": [1.0, number, 2.0], "b": [number], "c": []}, hills)
    plots.loss_curve({"a": [1.0, number, 2.0], "b": [number, number]}, curve)
    plots.decision_boundary(lambda points: np.full(len(points), number), X, Y, board)
    figure.savefig(tmp_path / "x.png")
    replay = plots.training_replay(X, Y)
    for _ in range(2):
        replay.record(lambda points: np.full(len(points), number), number, [np.full(3, number)])
    assert is_a_picture(replay.save(tmp_path / "x.svg"))
    page = replay.save(tmp_path / "x.html").read_text(encoding="utf-8")
    assert "NaN" not in page.partition("<script id=")[2].partition("</script>")[0]
