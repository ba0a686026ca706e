"""Lesson 9: a gradient folded back to the shape it was stretched from, and the holes in three tries at it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from lessons.check import Hint, exercise, expect_function

Shape = tuple[int, ...]
Pair = tuple[Shape, Shape]  # a stretched shape, and the argument's own
Array = np.ndarray[Any, Any]


@exercise("9.1")
def folds_back(unbroadcast: Any) -> None:
    """Right for every pair of shapes that Hypothesis thinks of."""
    expect_function(unbroadcast, "unbroadcast(g, shape)")
    pair = smallest_failing(lambda full, own: bool(off(unbroadcast, full, own)))
    if pair:
        raise Hint(f"For g of shape {pair[0]} and shape {pair[1]}: {off(unbroadcast, *pair)}.")
    g = numbers((2, 3))
    before = g.copy()
    unbroadcast(g, (3,))
    if not np.array_equal(g, before):
        raise Hint("The results are right, but your function has changed the array g that it was given.")


def smallest_failing(fails: Callable[[Shape, Shape], bool]) -> Pair | None:
    """The smallest pair of shapes on which `fails` is true, the same at each run; None where there is none."""
    try:
        from hypothesis import configuration, errors, find, settings, strategies as st
    except ImportError:
        return next((pair for pair in all_pairs() if fails(*pair)), None)

    axes = st.lists(st.tuples(st.integers(1, 3), st.sampled_from(["equal", "one"])), max_size=3)
    pairs = st.builds(_pair, axes, st.integers(0, 3))
    options = settings(derandomize=True, database=None, deadline=None, max_examples=300)
    with TemporaryDirectory() as folder:  # else Hypothesis leaves a folder of its own beside the notebook
        configuration.set_hypothesis_home_dir(folder)
        try:
            return find(pairs, lambda pair: fails(*pair), settings=options)
        except errors.NoSuchExample:
            return None
        finally:
            configuration.set_hypothesis_home_dir(None)


def _pair(axes: list[tuple[int, str]], lead: int) -> Pair:
    """The shape of these axes, and the one without the first few and with ones where it says so."""
    return tuple(n for n, _ in axes), tuple(1 if kind == "one" else n for n, kind in axes[lead:])


def all_pairs() -> Iterator[Pair]:
    """Every pair of up to three axes with sizes up to 3, fewest axes first."""
    for ndim in range(4):
        for sizes in product((1, 2, 3), repeat=ndim):
            for kinds, lead in product(product(("equal", "one"), repeat=ndim), range(ndim + 1)):
                yield _pair(list(zip(sizes, kinds)), lead)


def numbers(shape: Shape) -> Array:
    """An array of this shape, the same at each call, in which no two sums of elements are alike."""
    return np.random.default_rng(0).uniform(1, 2, shape)


def folded(g: Array, shape: Shape) -> Array:
    """The sum over all elements of g that one element of an array of this shape was copied to."""
    total = np.zeros(shape)
    places = np.broadcast_to(np.arange(total.size).reshape(shape), g.shape)
    np.add.at(total.reshape(-1), places.reshape(-1), g.reshape(-1))
    return total


def off(unbroadcast: Callable[[Array, Shape], Any], full: Shape, own: Shape) -> str:
    """What is off in the result for these shapes; empty where nothing is."""
    g = numbers(full)
    wanted = folded(g, own)
    try:
        seen = unbroadcast(g.copy(), own)
    except Exception as error:
        return f"your function stopped with {type(error).__name__}"
    if seen is None or seen is ...:
        return "there is no answer yet"
    seen = np.asarray(seen)
    if seen.shape != own:
        return f"the result has shape {seen.shape}"
    return "" if np.allclose(seen, wanted) else _about_numbers(seen, wanted, g)


def _about_numbers(seen: Array, wanted: Array, g: Array) -> str:
    copies = g.size / wanted.size
    if copies == 1:
        return "the shape is right, but nothing was stretched here, and yet the numbers are others than in g"
    if np.allclose(seen * copies, wanted):
        return "the shape is right, but the numbers are too small by as much as there are copies"
    if np.isin(seen, g).all():
        return "the shape is right, but the numbers are those of some copies only; the others are lost"
    return "the shape is right, but some numbers are not: they were added up along another axis than was stretched"


@exercise("9.2")
def finds_holes(holes: Any) -> None:
    """A pair of shapes for each function, on which it is wrong."""
    if not isinstance(holes, dict) or len(holes) != 3 or not all(map(callable, holes)):
        raise Hint("Give a dictionary with an entry for each of the three functions.")
    for function, pair in holes.items():
        name = getattr(function, "__name__", "a function")
        if pair is None or pair is ...:
            raise Hint(f"{name} has no pair of shapes yet.")
        full, own = _two_shapes(name, pair)
        if not _stretches(own, full):
            raise Hint(f"{name}: broadcasting never stretches {own} to {full}, so no gradient has to go back.")
        if not off(function, full, own):
            raise Hint(f"{name} folds {full} to {own} as it should; its hole is elsewhere.")


def _two_shapes(name: str, pair: Any) -> Pair:
    if not isinstance(pair, tuple) or len(pair) != 2 or not all(isinstance(shape, tuple) for shape in pair):
        raise Hint(f"{name}: give two tuples, the shape of g and the shape to fold it to, as in (2, 3), (3,).")
    if not all(isinstance(n, int) and 0 < n < 20 for shape in pair for n in shape):
        raise Hint(f"{name}: sizes are whole numbers from 1 to 19.")
    return pair


def _stretches(own: Shape, full: Shape) -> bool:
    try:
        return np.broadcast_shapes(own, full) == full
    except ValueError:
        return False
