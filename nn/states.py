"""State dicts: the numbers in them, and whose they are."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import signature
from typing import Any, NamedTuple

import numpy as np

from nn.settings import is_setting, kind, named
from ops.dispatch import is_node
from ops.words import shown

Array = np.ndarray[Any, Any]


def demand_mapping(asker: str, state: Any, source: str) -> None:
    """TypeError for a state that is no dict, or whose names are no strings."""
    if not isinstance(state, Mapping):
        raise TypeError(f"{asker}: got {kind(state)}; give a state dict, such as {source} returned")
    for name in state:
        if not isinstance(name, str):
            raise TypeError(f"{asker}: got the name {shown(name)}, but names are strings; give what {source} returned")


def numbers(asker: str, name: str, value: Any) -> Array:
    """The value as an array of numbers: of this package, of NumPy, of PyTorch, or a number; TypeError for another."""
    if is_node(value):
        return np.array(value.data) if value.rank == 0 else value.numpy()
    try:
        x = np.asarray(value.detach() if hasattr(value, "detach") else value)
    except Exception:  # a list of rows of different lengths, a torch tensor of a type that NumPy lacks, ...
        x = np.asarray(None)
    if x.dtype.kind not in "biufc":
        seen = kind(value) if x.dtype == object else f"an array of {x.dtype}"
        raise TypeError(f"{asker}: {name} is {seen}, but it must be an array of numbers")
    return x


def converted(x: Array, dtype: np.dtype[Any]) -> Array | None:
    """The numbers in this type, rounded where it is a floating one; None where it cannot hold them.

    Whole numbers may come as floats, since the scalar engine holds nothing else.
    """
    both_real = {x.dtype.kind, dtype.kind} <= set("biuf")
    if not both_real and not np.can_cast(x.dtype, dtype, "same_kind"):
        return None
    with np.errstate(all="ignore"):
        y = x.astype(dtype)
    if dtype.kind in "biu":
        return y if np.array_equal(x, y) else None
    return y if np.array_equal(np.isfinite(x), np.isfinite(y)) else None


def same_bits(x: Array, y: Array) -> bool:
    """Whether two arrays hold the same numbers, and NaN where the other holds NaN."""
    return x.shape == y.shape and np.array_equal(x, y, equal_nan=x.dtype.kind in "fc" and y.dtype.kind in "fc")


class Owner(NamedTuple):
    """Whose a state is: the class's name, what the constructor was told, and what else it counts, by attribute."""

    name: str
    settings: dict[str, Any]
    counts: dict[str, Any]

    @classmethod
    def of(cls, x: object, apart: tuple[str, ...]) -> Owner:
        """The owner x, whose attributes `apart` stand in the state by themselves."""
        asked = signature(type(x)).parameters
        kept = {name: value for name, value in vars(x).items() if is_setting(value) and name not in apart}
        told = {name: value for name, value in kept.items() if name in asked}
        return cls(named(x), told, {name: value for name, value in kept.items() if name not in asked})

    def state(self) -> dict[str, Any]:
        """What the state says of its owner."""
        return {"class": self.name, "settings": self.settings, "counts": self.counts}

    def demand(self, state: Mapping[str, Any], apart: tuple[str, ...]) -> dict[str, Any]:
        """The counts in a state of this owner's; TypeError or ValueError for anything else."""
        source = f"{self.name}.state_dict()"
        demand_mapping("load_state_dict", state, source)
        if state.keys() != {*self.state(), *apart}:
            raise ValueError(f"load_state_dict: got {', '.join(state) or 'an empty dict'}; give what {source} returned")
        theirs, counts = _plain(state["settings"]), _plain(state["counts"])
        if theirs is None or counts is None or any(name.startswith("_") or name in apart for name in counts):
            raise TypeError(f"load_state_dict: its settings or counts are no numbers; give what {source} returned")
        if (state["class"], theirs) != (self.name, self.settings):
            raise ValueError(
                f"load_state_dict: the state is of {_call(state['class'], theirs)}, but this is "
                f"{_call(self.name, self.settings)}; give the state of one of the same class and settings"
            )
        return counts


def _plain(settings: Any) -> dict[str, Any] | None:
    """The settings by name, lists as tuples; None where they are anything else."""
    if not isinstance(settings, Mapping):
        return None
    told = {name: tuple(x) if isinstance(x, list) else x for name, x in settings.items()}
    return told if all(isinstance(name, str) and is_setting(x) for name, x in told.items()) else None


def _call(name: Any, settings: Mapping[str, Any]) -> str:
    return f"{name}({', '.join(f'{name}={value!r}' for name, value in settings.items())})"


def set_generator(asker: str, name: str, rng: np.random.Generator, state: Any) -> None:
    """Put a generator where the state says; TypeError or ValueError for a state of another kind of generator."""
    before = rng.bit_generator.state
    try:
        rng.bit_generator.state = state
    except Exception as error:
        rng.bit_generator.state = before
        kind_of = type(rng.bit_generator).__name__
        raise ValueError(
            f"{asker}: {name} is no state of a {kind_of} generator; give the state of one of the same kind"
        ) from error
