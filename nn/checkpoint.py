"""A training run in one file: model, optimiser, schedule, loader, generators and numbers, to go on from as if unbroken.

The file is an `.npz` or a `.safetensors`: every array stands in it by name, and all else is JSON in one more array of
bytes, named "checkpoint".  It is written whole or not at all, and nothing in it is ever unpickled.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from nn import files
from nn.holding import walk
from nn.module import Module
from nn.settings import kind, told
from nn.states import set_generator

Array = np.ndarray[Any, Any]
_INDEX = "checkpoint"  # the array of bytes that holds the JSON


def save_checkpoint(path: files.Name, /, *unnamed: Any, **parts: Any) -> None:
    """A file of all parts of a run, each by a name: whatever has a state_dict, generators, numbers, words and arrays.

    With a model go the generators that its modules keep, such as a Dropout's.  What is frozen, and whether the model
    is in training, is not saved.  Give every generator that the run draws from.
    Raises TypeError for a part that a file cannot hold, and the errors of `nn.save`.

    >>> import nn, tempfile
    >>> model = nn.Linear(2, 1, rng=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     nn.save_checkpoint(f"{folder}/run.npz", model=model, optimizer=nn.Adam(model.parameters()), epoch=3)
    ...     again = nn.Linear(2, 1, rng=1)
    ...     nn.load_checkpoint(f"{folder}/run.npz", model=again, optimizer=nn.Adam(again.parameters()))
    {'epoch': 3}
    """
    _check_call("save_checkpoint", path, unnamed, parts)
    files.form_of("save_checkpoint", path)
    arrays: dict[str, Array] = {}
    index = {name: {"kind": _kind(part), "tree": _tree(_state(part), (name,), arrays)} for name, part in parts.items()}
    arrays[_INDEX] = np.frombuffer(json.dumps(index).encode(), np.uint8)
    files.write("save_checkpoint", path, arrays)


def load_checkpoint(path: files.Name, /, *unnamed: Any, **parts: Any) -> dict[str, Any]:
    """The numbers, words and arrays of a checkpoint, by name, after its states have gone into the parts of those names.

    Every state in the file must be given a part of its kind, or None to leave it aside.  All of them are taken over
    or, after an error, none.
    Raises ValueError or TypeError for parts that the states do not fit, and the errors of `nn.load`.
    """
    _check_call("load_checkpoint", path, unnamed, parts)
    arrays = files.read("load_checkpoint", path, "save_checkpoint", lambda entries: _check_entries(path, entries))
    saved = _opened(path, arrays)
    _check_parts(path, {name: what for name, (what, _) in saved.items()}, parts)
    _take_over(path, {name: (parts[name], saved[name][1]) for name, part in parts.items() if part is not None})
    return {name: value for name, (what, value) in saved.items() if what == "value"}


def _check_call(what: str, path: Any, unnamed: tuple[Any, ...], parts: Mapping[str, Any]) -> None:
    usage = f'write nn.{what}("run.npz", model=model, optimizer=optimizer), the path first and each part by a name'
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"{what}: got {kind(path)} as the path; {usage}")
    if unnamed:
        raise TypeError(f"{what}: got {kind(unnamed[0])} without a name; {usage}")


# what is saved of each part


def _kind(part: Any) -> str:
    if isinstance(part, np.random.Generator):
        return "generator"
    if isinstance(part, Module):
        return "module"
    return "state" if hasattr(part, "state_dict") and hasattr(part, "load_state_dict") else "value"


def _state(part: Any) -> Any:
    if isinstance(part, np.random.Generator):
        return part.bit_generator.state
    if isinstance(part, Module):
        rngs = {name: rng.bit_generator.state for name, rng in _generators(part).items()}
        return {"state": part.state_dict(), "generators": rngs}
    return part.state_dict() if _kind(part) == "state" else part


def _set_state(part: Any, state: Any) -> None:
    if isinstance(part, np.random.Generator):
        set_generator("load_state_dict", "it", part, state)
    elif isinstance(part, Module):
        rngs, states = _generators(part), state["generators"]
        if rngs.keys() != states.keys():
            seen = f"{', '.join(states) or 'none'}, but the model has {', '.join(rngs) or 'none'}"
            raise ValueError(f"load_state_dict: its generators are {seen}; give a model of the same build")
        part.load_state_dict(state["state"])
        for name, rng in rngs.items():
            set_generator("load_state_dict", name, rng, states[name])
    else:
        part.load_state_dict(state)


def _generators(model: Module) -> dict[str, np.random.Generator]:
    """The generators in a model's modules, each once, by name."""
    once = {id(part.value): part for part in reversed(list(walk(model))) if isinstance(part.value, np.random.Generator)}
    return {part.name: part.value for part in reversed(once.values())}


def _take_over(path: files.Name, parts: Mapping[str, tuple[Any, Any]]) -> None:
    """Put each state into its part; after any error, an interrupt too, all parts are as they were."""
    before = [(part, _state(part)) for part, _ in parts.values()]
    try:
        for name, (part, state) in parts.items():
            _set_part(path, name, part, state)
    except BaseException:
        for part, state in before:
            _set_state(part, state)
        raise


def _set_part(path: files.Name, name: str, part: Any, state: Any) -> None:
    try:
        _set_state(part, state)
    except (ValueError, TypeError, KeyError) as error:
        said = str(error).removeprefix("load_state_dict: ")
        as_ours = TypeError if isinstance(error, TypeError) else ValueError
        raise as_ours(f"load_checkpoint: {told(path)}: {name}: {said}") from error


# the file


def _check_entries(path: files.Name, entries: Mapping[str, files.Entry]) -> None:
    index = entries.get(_INDEX)
    if index is None or index.dtype != np.uint8 or len(index.shape) != 1:
        raise ValueError(
            f"load_checkpoint: {told(path)} is no checkpoint; give a file that save_checkpoint wrote, "
            f"or read a model's with nn.load"
        )
    for name, entry in entries.items():
        if entry.grows():
            raise ValueError(
                f"load_checkpoint: {told(path)}: {name} would be larger than its bytes in the file; "
                f"give a whole file that save_checkpoint wrote"
            )


def _opened(path: files.Name, arrays: Mapping[str, Array]) -> dict[str, tuple[str, Any]]:
    """Each part's kind and state."""
    try:
        index = json.loads(arrays[_INDEX].tobytes())
        return {name: (part["kind"], _from_tree(part["tree"], arrays)) for name, part in index.items()}
    except Exception as error:
        raise ValueError(
            f"load_checkpoint: cannot read {told(path)}: its index is none of ours; "
            f"give a file that save_checkpoint wrote"
        ) from error


def _check_parts(path: files.Name, kinds: Mapping[str, str], parts: Mapping[str, Any]) -> None:
    """The states in the file and the parts that are given must have the same names and kinds."""
    states = {name for name, what in kinds.items() if what != "value"}
    if missing := sorted(states - parts.keys()):
        raise ValueError(
            f"load_checkpoint: {told(path)} holds {', '.join(missing)}, which was given no part; "
            f"write {missing[0]}=..., or {missing[0]}=None to leave it aside"
        )
    if unknown := sorted(parts.keys() - states):
        holds = f"what it can fill is {', '.join(sorted(states)) or 'nothing'}"
        raise ValueError(f"load_checkpoint: {told(path)} has no state for {', '.join(unknown)}; {holds}")
    for name, part in parts.items():
        if part is not None and _kind(part) != kinds[name]:
            raise TypeError(
                f"load_checkpoint: {told(path)}: {name} is a {kinds[name]}, but {kind(part)} is none; give one"
            )


# trees: what JSON has stands for itself, all else in a dict of one entry that names its type


def _tree(x: Any, path: tuple[str, ...], arrays: dict[str, Array]) -> Any:
    if isinstance(x, (np.ndarray, np.generic)) and x.dtype.kind in "biufc":
        name = _free_name("/".join(path), arrays)
        arrays[name] = np.asarray(x)
        return {"array" if isinstance(x, np.ndarray) else "number": name}
    if x is None or type(x) in (bool, int, float, str):
        return x
    if isinstance(x, (list, tuple)) and type(x) in (list, tuple):
        return {type(x).__name__: [_tree(each, (*path, str(i)), arrays) for i, each in enumerate(x)]}
    if isinstance(x, Mapping) and all(type(key) in (str, int) for key in x):
        return {"dict": [[key, _tree(value, (*path, str(key)), arrays)] for key, value in x.items()]}
    raise TypeError(
        f"save_checkpoint: {'.'.join(path)} is {kind(x)}, which a checkpoint cannot hold; give numbers, words, arrays, "
        f"lists and dicts of them, generators, and by a name of its own each part that has a state_dict"
    )


def _free_name(name: str, arrays: Mapping[str, Array]) -> str:
    """The name, with a number behind it where another array or the index has it already."""
    free, n = name, 1
    while free in arrays or free == _INDEX:
        free, n = f"{name}#{n}", n + 1
    return free


def _from_tree(tree: Any, arrays: Mapping[str, Array]) -> Any:
    if not isinstance(tree, dict):
        return tree
    ((what, x),) = tree.items()
    if what == "dict":
        return {key: _from_tree(value, arrays) for key, value in x}
    if what in ("list", "tuple"):
        several = [_from_tree(each, arrays) for each in x]
        return several if what == "list" else tuple(several)
    return {"array": arrays[x], "number": arrays[x][()]}[what]
