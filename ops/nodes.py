"""What every node of either engine can do, whatever it holds: be copied, be pickled, be updated by hand."""

from __future__ import annotations

from ops.copies import Copied
from ops.updates import UpdatedByHand


class BaseNode(Copied, UpdatedByHand):
    """The class above Value, ValueArray and Tensor; none of it holds anything."""

    __slots__ = ()
