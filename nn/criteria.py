"""Losses as modules: each is a function of nn.losses with its settings kept, so that it can be handed about."""

from __future__ import annotations

from collections.abc import Callable
from inspect import Signature, signature
from typing import Any

from nn import losses
from nn.module import Module
from nn.settings import named


class _Loss(Module):
    """A loss as a module; the settings are the keywords of its function, and refused here, not at first use."""

    function: Callable[..., Any]
    reductions: tuple[str, ...] = losses.REDUCTIONS
    __signature__: Signature

    def __init_subclass__(cls) -> None:
        _, _, *settings = signature(cls.function).parameters.values()
        cls.__signature__ = Signature(settings)  # what help() shows

    def __init__(self, *args: Any, **settings: Any):
        try:
            self.__signature__.bind(*args, **settings)
        except TypeError as error:
            known = ", ".join(f"{p.name}={p.default!r}" for p in self.__signature__.parameters.values())
            raise TypeError(f"{named(self)}: {error}; its settings are given by name: {known}") from None
        losses.demand_settings(named(self), reductions=self.reductions, **settings)
        self.settings = settings

    def forward(self, prediction: Any, target: Any) -> Any:
        return self.function(prediction, target, **self.settings)

    def extra_repr(self) -> str:
        return ", ".join(f"{name}={value!r}" for name, value in self.settings.items())


class MSELoss(_Loss):
    """The function `mse_loss` as a module.

    >>> from tensor import Tensor
    >>> MSELoss(reduction="sum")(Tensor([1.0, 3.0]), [1.0, 1.0]).item()
    4.0
    """

    function = staticmethod(losses.mse_loss)


class L1Loss(_Loss):
    """The function `l1_loss` as a module.

    >>> from tensor import Tensor
    >>> L1Loss()(Tensor([1.0, 3.0]), [1.0, 1.0]).item()
    1.0
    """

    function = staticmethod(losses.l1_loss)


class HuberLoss(_Loss):
    """The function `huber_loss` as a module.

    >>> from tensor import Tensor
    >>> HuberLoss(delta=2.0)(Tensor([4.0]), [1.0]).item()
    4.0
    """

    function = staticmethod(losses.huber_loss)


class HingeLoss(_Loss):
    """The function `hinge_loss` as a module.

    >>> from tensor import Tensor
    >>> HingeLoss()(Tensor([0.5, 2.0]), [1, -1]).item()
    1.75
    """

    function = staticmethod(losses.hinge_loss)


class CrossEntropyLoss(_Loss):
    """The function `cross_entropy` as a module.

    >>> from tensor import Tensor
    >>> CrossEntropyLoss(label_smoothing=0.1)(Tensor([[0.0, 0.0]]), [1]).item()   # ln 2
    0.6931471805599453
    """

    function = staticmethod(losses.cross_entropy)


class NLLLoss(_Loss):
    """The function `nll_loss` as a module.

    >>> from tensor import Tensor
    >>> NLLLoss()(Tensor([[-0.5, -1.0]]), [1]).item()
    1.0
    """

    function = staticmethod(losses.nll_loss)


class BCELoss(_Loss):
    """The function `binary_cross_entropy` as a module.

    >>> from tensor import Tensor
    >>> BCELoss()(Tensor([0.5]), [1.0]).item()   # ln 2
    0.6931471805599453
    """

    function = staticmethod(losses.binary_cross_entropy)


class BCEWithLogitsLoss(_Loss):
    """The function `binary_cross_entropy_with_logits` as a module.

    >>> from tensor import Tensor
    >>> BCEWithLogitsLoss()(Tensor([0.0]), [1.0]).item()   # ln 2
    0.6931471805599453
    """

    function = staticmethod(losses.binary_cross_entropy_with_logits)


class KLDivLoss(_Loss):
    """The function `kl_div` as a module.

    >>> from tensor import Tensor
    >>> KLDivLoss(reduction="batchmean")(Tensor([[-1.0, -2.0]]), [[1.0, 0.0]]).item()
    1.0
    """

    function = staticmethod(losses.kl_div)
    reductions = losses.REDUCTIONS_OF_KL
