"""Convolution and pooling, composed of windows and a matrix product, so every viewer can open them.

Arrays are (batch, channels, height, width).  `stride`, `padding` and `dilation` are one number or a pair.
"""

from __future__ import annotations

from typing import Any

from ops.bilinear import matmul
from ops.dispatch import as_array
from ops.errors import ShapeError
from ops.frames import pad, windows
from ops.linear import permute_dims, reshape
from ops.reductions import max, mean
from ops.shapes import Shape, integer, integers
from ops.words import counted, shown

Pair = int | tuple[int, int]


def conv2d(x: Any, w: Any, stride: Pair = 1, padding: Pair = 0, dilation: Pair = 1, groups: int = 1) -> Any:
    r"""$y_{nohw} = \sum_{cij} w_{ocij}\, x_{n,\,c,\,sh+di,\,sw+dj}$: each filter slid over the padded image.

    x: (n, c, h, w).  w: (o, c // groups, kh, kw).  Returns: (n, o, h', w'), h' = (h + 2p - d(kh - 1) - 1) // s + 1.
    Raises ShapeError if channels and groups do not fit.  Source: Goodfellow et al. 2016, section 9.

    >>> import numpy as np
    >>> conv2d(np.ones((1, 1, 3, 3)), np.ones((1, 1, 2, 2))).tolist()
    [[[[4.0, 4.0], [4.0, 4.0]]]]
    """
    x, w = as_array(x, "conv2d"), as_array(w, "conv2d")
    _check_channels(x.shape, w.shape, integer(groups, "conv2d: groups"))
    filters, depth, *size = w.shape
    views = windows(_framed("conv2d", x, padding), size, stride, dilation)  # (n, c, h', w', kh, kw)
    n, _, high, wide = views.shape[:4]
    patch = depth * size[0] * size[1]
    views = reshape(views, (n, groups, depth, high, wide, *size))
    views = reshape(permute_dims(views, (1, 0, 3, 4, 5, 6, 2)), (groups, n * high * wide, patch))
    bank = reshape(w, (groups, filters // groups, depth, *size))
    bank = reshape(permute_dims(bank, (0, 3, 4, 2, 1)), (groups, patch, filters // groups))
    y = reshape(matmul(views, bank), (groups, n, high, wide, filters // groups))
    return reshape(permute_dims(y, (1, 0, 4, 2, 3)), (n, filters, high, wide))


def max_pool2d(x: Any, size: Pair, stride: Pair | None = None, padding: Pair = 0) -> Any:
    """The largest element of each window; stride is the size unless given.

    >>> import numpy as np
    >>> max_pool2d(np.arange(16.0).reshape(1, 1, 4, 4), 2).tolist()
    [[[[5.0, 7.0], [13.0, 15.0]]]]
    """
    return max(_pools("max_pool2d", x, size, stride, padding, float("-inf")), axis=(-2, -1))


def avg_pool2d(x: Any, size: Pair, stride: Pair | None = None, padding: Pair = 0) -> Any:
    """The mean of each window, its padding counted as zeros; stride is the size unless given.

    >>> import numpy as np
    >>> avg_pool2d(np.arange(16.0).reshape(1, 1, 4, 4), 2).tolist()
    [[[[2.5, 4.5], [10.5, 12.5]]]]
    """
    return mean(_pools("avg_pool2d", x, size, stride, padding, 0.0), axis=(-2, -1))


def _pools(asker: str, x: Any, size: Pair, stride: Pair | None, padding: Pair, fill: float) -> Any:
    """The windows to pool, (n, c, h', w', kh, kw)."""
    x = as_array(x, asker)
    _demand_image(asker, x.shape)
    height, width = _pair(asker, "size", size)
    high, wide = _pair(asker, "padding", padding)
    if 2 * high > height or 2 * wide > width:
        raise ShapeError(f"{asker}: padding {padding} is more than half of the window {size}; pad less")
    return windows(_framed(asker, x, (high, wide), fill), (height, width), size if stride is None else stride, 1)


def _framed(asker: str, x: Any, padding: Pair, fill: float = 0.0) -> Any:
    high, wide = _pair(asker, "padding", padding)
    if not high and not wide:
        return x
    return pad(x, ((0, 0), (0, 0), (high, high), (wide, wide)), constant_values=fill)


def _pair(asker: str, name: str, value: Pair) -> Shape:
    pair = integers(value, f"{asker}: {name}")
    if len(pair) not in (1, 2):
        raise ShapeError(f"{asker}: {name} is {shown(pair)}, but it must be one whole number or a pair")
    return pair * 2 if len(pair) == 1 else pair


def _demand_image(asker: str, shape: Shape) -> None:
    if len(shape) != 4:
        raise ShapeError(f"{asker}: an image batch has shape (n, c, h, w), not {shape}; add the axes that are missing")


def _check_channels(x: Shape, w: Shape, groups: int) -> None:
    _demand_image("conv2d", x)
    if len(w) != 4:
        raise ShapeError(f"conv2d: filters have shape (o, c // groups, kh, kw), not {w}")
    if groups < 1 or x[1] != w[1] * groups or w[0] % groups:
        raise ShapeError(
            f"conv2d: {counted(x[1], 'channel')} in {counted(groups, 'group')} do not fit {counted(w[0], 'filter')} of "
            f"{counted(w[1], 'channel')}; "
            f"a filter sees channels / groups, and the filters divide evenly among the groups"
        )
