"""Modules, losses and optimisers, written once and run on either engine."""

from nn import data, init
from nn.activations import GELU, LeakyReLU, ReLU, Sigmoid, SiLU, Softmax, Softplus, Tanh
from nn.attention import MultiHeadAttention, TransformerBlock
from nn.checkpoint import load_checkpoint, save_checkpoint
from nn.clipping import clip_grad_norm
from nn.convolution import AvgPool2d, Conv1d, Conv2d, MaxPool2d
from nn.criteria import (
    BCELoss,
    BCEWithLogitsLoss,
    CrossEntropyLoss,
    HingeLoss,
    HuberLoss,
    KLDivLoss,
    L1Loss,
    MSELoss,
    NLLLoss,
)
from nn.engines import array
from nn.io import load, save
from nn.layers import MLP, Dropout, Embedding, Flatten, Linear, ModuleList, PositionalEmbedding, Sequential
from nn.loader import DataLoader
from nn.losses import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    hinge_loss,
    huber_loss,
    kl_div,
    l1_loss,
    mse_loss,
    nll_loss,
)
from nn.module import Module
from nn.norm import BatchNorm1d, BatchNorm2d, LayerNorm
from nn.optim import SGD, Adam, AdamW, Optimizer, RMSprop
from nn.recurrent import GRU, LSTM, RNN
from nn.schedules import CosineAnnealingLR, LambdaLR, LinearWarmup, Schedule, StepLR
from tensor.defaults import seed

__all__ = [
    "GELU",
    "GRU",
    "LSTM",
    "MLP",
    "RNN",
    "SGD",
    "Adam",
    "AdamW",
    "AvgPool2d",
    "BCELoss",
    "BCEWithLogitsLoss",
    "BatchNorm1d",
    "BatchNorm2d",
    "Conv1d",
    "Conv2d",
    "CosineAnnealingLR",
    "CrossEntropyLoss",
    "DataLoader",
    "Dropout",
    "Embedding",
    "Flatten",
    "HingeLoss",
    "HuberLoss",
    "KLDivLoss",
    "L1Loss",
    "LambdaLR",
    "LayerNorm",
    "LeakyReLU",
    "Linear",
    "LinearWarmup",
    "MSELoss",
    "MaxPool2d",
    "Module",
    "ModuleList",
    "MultiHeadAttention",
    "NLLLoss",
    "Optimizer",
    "PositionalEmbedding",
    "RMSprop",
    "ReLU",
    "Schedule",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "StepLR",
    "Tanh",
    "TransformerBlock",
    "array",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "clip_grad_norm",
    "cross_entropy",
    "data",
    "hinge_loss",
    "huber_loss",
    "init",
    "kl_div",
    "l1_loss",
    "load",
    "load_checkpoint",
    "mse_loss",
    "nll_loss",
    "save",
    "save_checkpoint",
    "seed",
]
