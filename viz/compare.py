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

from viz.comparison import Comparison, compare


class _Callable(ModuleType):
    """This module, which importing puts where `viz.compare` the function is looked for; so it is called alike."""

    def __call__(self, *args: Any, **options: Any) -> Comparison:
        return compare(*args, **options)


sys.modules[__name__].__class__ = _Callable


def main(argv: Sequence[str]) -> int:
    """The command line; returns 0 where the engines agree, 1 where they part, 2 where the call is wrong."""
    module, _, function = argv[0].partition(":") if len(argv) == 1 else ("", "", "")
    if not module or not function:
        print("usage: python -m viz.compare MODULE:FUNCTION, a function that returns model, x, target, loss")
        return 2
    sys.path.insert(0, "")
    try:
        parts = getattr(import_module(module), function)()
    except (ImportError, AttributeError) as error:
        print(f"viz.compare: cannot run {argv[0]!r} ({error}); name a module that can be imported and its function")
        return 2
    comparison = compare(*parts)
    print(comparison.text())
    return 0 if comparison.ok else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
