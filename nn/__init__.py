"""Modules, losses and optimisers, written once and run on either engine."""

from nn.activations import (
    GELU as GELU,
    LeakyReLU as LeakyReLU,
    ReLU as ReLU,
    Sigmoid as Sigmoid,
    SiLU as SiLU,
    Softmax as Softmax,
    Softplus as Softplus,
    Tanh as Tanh,
)
from nn.attention import MultiHeadAttention as MultiHeadAttention, TransformerBlock as TransformerBlock
from nn.convolution import AvgPool2d as AvgPool2d, Conv1d as Conv1d, Conv2d as Conv2d, MaxPool2d as MaxPool2d
from nn.engines import array as array
from nn.io import load as load, save as save
from nn.layers import (
    MLP as MLP,
    Dropout as Dropout,
    Embedding as Embedding,
    Flatten as Flatten,
    Linear as Linear,
    ModuleList as ModuleList,
    PositionalEmbedding as PositionalEmbedding,
    Sequential as Sequential,
)
from nn.losses import hinge_loss as hinge_loss, mse_loss as mse_loss
from nn.module import Module as Module
from nn.norm import BatchNorm1d as BatchNorm1d, BatchNorm2d as BatchNorm2d, LayerNorm as LayerNorm
from nn.optim import SGD as SGD
from nn.recurrent import GRU as GRU, LSTM as LSTM, RNN as RNN
