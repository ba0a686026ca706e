"""Modules, losses and optimisers, written once and run on either engine."""

from nn.engines import array as array
from nn.layers import MLP as MLP, Linear as Linear
from nn.losses import hinge_loss as hinge_loss, mse_loss as mse_loss
from nn.module import Module as Module
from nn.optim import SGD as SGD
