"""Modules, losses and optimisers, written once and run on either engine."""

from nn import data as data, init as init
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
from nn.criteria import (
    BCELoss as BCELoss,
    BCEWithLogitsLoss as BCEWithLogitsLoss,
    CrossEntropyLoss as CrossEntropyLoss,
    HingeLoss as HingeLoss,
    HuberLoss as HuberLoss,
    KLDivLoss as KLDivLoss,
    L1Loss as L1Loss,
    MSELoss as MSELoss,
    NLLLoss as NLLLoss,
)
from nn.data import DataLoader as DataLoader
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
from nn.losses import (
    binary_cross_entropy as binary_cross_entropy,
    binary_cross_entropy_with_logits as binary_cross_entropy_with_logits,
    cross_entropy as cross_entropy,
    hinge_loss as hinge_loss,
    huber_loss as huber_loss,
    kl_div as kl_div,
    l1_loss as l1_loss,
    mse_loss as mse_loss,
    nll_loss as nll_loss,
)
from nn.module import Module as Module
from nn.norm import BatchNorm1d as BatchNorm1d, BatchNorm2d as BatchNorm2d, LayerNorm as LayerNorm
from nn.optim import (
    SGD as SGD,
    Adam as Adam,
    AdamW as AdamW,
    Optimizer as Optimizer,
    RMSprop as RMSprop,
    clip_grad_norm as clip_grad_norm,
)
from nn.recurrent import GRU as GRU, LSTM as LSTM, RNN as RNN
from nn.schedules import (
    CosineAnnealingLR as CosineAnnealingLR,
    LambdaLR as LambdaLR,
    LinearWarmup as LinearWarmup,
    Schedule as Schedule,
    StepLR as StepLR,
)
