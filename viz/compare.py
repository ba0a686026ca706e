"""The comparison on the command line; in Python it is `viz.compare(model, x, target, loss)`.

    python -m viz.compare MODULE:FUNCTION

compares what the function returns: a model, its input, the target and the loss.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from types import ModuleType
from typing import Any

from ops.words import a_or_an
from viz.comparison import Comparison, compare


class _Callable(ModuleType):
    """This module, which importing puts where `viz.compare` the function is looked for; so it is called alike."""

    def __call__(self, *args: Any, **options: Any) -> Comparison:
        return compare(*args, **options)


sys.modules[__name__].__class__ = _Callable


def main(argv: Sequence[str]) -> int:
    """The command line; returns 0 where the engines agree, 1 where they part, 2 where the call is wrong."""
    module, _, function = argv[0].partition(":") if len(argv) == 1 else ("", "", "")
    if not module or not function or module.startswith("."):
        print("usage: python -m viz.compare MODULE:FUNCTION, a function that returns model, x, target, loss")
        return 2
    sys.path.insert(0, "")
    try:
        make = getattr(import_module(module), function)
    except (ImportError, AttributeError) as error:
        return _refused(f"cannot run {argv[0]!r} ({error}); name a module that can be imported and its function")
    parts = make() if callable(make) else make
    if not (isinstance(parts, (tuple, list)) and len(parts) == 4):
        return _refused(f"{argv[0]} gave {a_or_an(parts)}; let the function return model, x, target, loss")
    try:
        comparison = compare(*parts)
    except (TypeError, ValueError) as error:
        if not str(error).startswith("compare: "):
            raise
        return _refused(str(error))
    print(comparison.text())
    return 0 if comparison.ok else 1


def _refused(why: str) -> int:
    print(f"viz.compare: {why.removeprefix('compare: ')}")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
