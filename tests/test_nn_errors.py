"""Where a newcomer errs, nn and scalar.nn say so at once, in one sentence: who asks, what was given, what it takes."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn as right_nn
import ops
import scalar.nn

# The calls below are wrong on purpose; the type checker would say so first.
nn: Any = right_nn
neurons: Any = scalar.nn
linear = nn.Linear(3, 2, rng=0)
weights = linear.parameters()
Table = dict[str, Callable[[], Any]]


class Unfinished(right_nn.Module):
    """A module whose author has not come to `forward` yet."""


SIZES: Table = {
    "Linear: in_features is 'a', but it must be a whole number, 1 or more": lambda: nn.Linear("a", 3),
    "Linear: in_features is 0, but": lambda: nn.Linear(0, 3),
    "Linear: in_features is -1, but": lambda: nn.Linear(-1, 3),
    "Linear: in_features is 2.5, but": lambda: nn.Linear(2.5, 3),
    "Linear: in_features is True, but": lambda: nn.Linear(True, 3),
    "Linear: out_features is 0, but": lambda: nn.Linear(3, 0),
    "MLP: nin is 0, but": lambda: nn.MLP(0, [3]),
    "MLP: nouts is 3, but it must be a list of sizes, such as [16, 16, 1]": lambda: nn.MLP(2, 3),
    "MLP: nouts is [], but": lambda: nn.MLP(2, []),
    "MLP: nouts is 'ab', but": lambda: nn.MLP(2, "ab"),
    "MLP: nouts[1] is -1, but it must be a whole number": lambda: nn.MLP(2, [3, -1]),
    "Conv2d: in_channels is 0, but": lambda: nn.Conv2d(0, 1, 3),
    "Conv2d: out_channels is 'b', but": lambda: nn.Conv2d(1, "b", 3),
    "Conv2d: kernel_size is 0, but": lambda: nn.Conv2d(1, 1, 0),
    "Conv2d: kernel_size is (1, 2, 3), but it must be one whole number or 2 of": lambda: nn.Conv2d(1, 1, (1, 2, 3)),
    "Conv2d: stride[1] is 0, but": lambda: nn.Conv2d(1, 1, 3, stride=(1, 0)),
    "Conv2d: padding is -1, but it must be a whole number, 0 or more": lambda: nn.Conv2d(1, 1, 3, padding=-1),
    "Conv2d: padding is 'same', but": lambda: nn.Conv2d(1, 1, 3, padding="same"),
    "Conv2d: groups is 2, but it must divide 4 channels in and 3 out": lambda: nn.Conv2d(4, 3, 3, groups=2),
    "Conv1d: stride is (1, 2), but it must be one whole number": lambda: nn.Conv1d(1, 1, 3, (1, 2)),
    "MaxPool2d: kernel_size is 0, but": lambda: nn.MaxPool2d(0),
    "AvgPool2d: stride is 0, but": lambda: nn.AvgPool2d(2, 0),
    "Embedding: num_embeddings is 0, but": lambda: nn.Embedding(0, 3),
    "PositionalEmbedding: embedding_dim is -1, but": lambda: nn.PositionalEmbedding(3, -1),
    "LayerNorm: normalized_shape is (), but it must be a list of sizes": lambda: nn.LayerNorm(()),
    "LayerNorm: normalized_shape[0] is 0, but": lambda: nn.LayerNorm(0),
    "BatchNorm1d: num_features is -1, but": lambda: nn.BatchNorm1d(-1),
    "RNN: input_size is 0, but": lambda: nn.RNN(0, 3),
    "GRU: hidden_size is 2.5, but": lambda: nn.GRU(3, 2.5),
    "LSTM: hidden_size is -2, but": lambda: nn.LSTM(3, -2),
    "MultiHeadAttention: embed_dim is 0, but": lambda: nn.MultiHeadAttention(0, 1),
    "MultiHeadAttention: num_heads is 0, but": lambda: nn.MultiHeadAttention(4, 0),
    "TransformerBlock: dim_feedforward is 0, but": lambda: nn.TransformerBlock(4, 2, 0),
    "Neuron: nin is 0, but it must be a whole number, 1 or more": lambda: neurons.Neuron(0),
    "Neuron: nin is 'a', but": lambda: neurons.MLP("a", [1]),
    "Layer: nout is 2.5, but": lambda: neurons.Layer(2, 2.5),
    "MLP: nouts is 3, but it must be a list of sizes": lambda: neurons.MLP(2, 3),
}
SETTINGS: Table = {
    "Linear: rng is 'a', but it must be a seed": lambda: nn.Linear(2, 3, rng="a"),
    "normal: rng is -1, but it must be a seed": lambda: nn.init.normal((2, 3), rng=-1),
    "DataLoader: rng is 1.5, but": lambda: nn.DataLoader([1.0], rng=1.5),
    "moons: rng is a Random, but": lambda: nn.data.moons(rng=random.Random(0)),
    'Linear: engine is \'quantum\'; it may be "scalar" or "tensor"': lambda: nn.Linear(2, 3, engine="quantum"),
    "MLP: activation is 'tanh', but it must be a function, such as ops.tanh": lambda: nn.MLP(2, [1], activation="tanh"),
    "MLP: activation is the class ReLU; give an instance, as in ReLU()": lambda: nn.MLP(2, [1], activation=nn.ReLU),
    "LayerNorm: eps is -1, but it must be a number, 0 or more": lambda: nn.LayerNorm(2, eps=-1),
    "BatchNorm2d: momentum is 2, but it must be a number in [0, 1]": lambda: nn.BatchNorm2d(3, momentum=2),
    "Dropout: p is 'a', but it must be a number in [0, 1)": lambda: nn.Dropout("a"),
    "LeakyReLU: negative_slope is 'a', but it must be a number": lambda: nn.LeakyReLU("a"),
    "GELU: approximate is 'erf', but it may be 'none' or 'tanh'": lambda: nn.GELU("erf"),
    "Softmax: axis must be an integer, not 'a'": lambda: nn.Softmax("a"),
    "Flatten: start_dim must be an integer, not 1.5": lambda: nn.Flatten(1.5),
    "MSELoss: reduction is 'avg'; it may be 'mean' or 'sum' or 'none'": lambda: nn.MSELoss(reduction="avg"),
    "MSELoss: reduction is 'batchmean'; it may": lambda: nn.MSELoss(reduction="batchmean"),
    "KLDivLoss: reduction is 'avg'; it may be 'mean' or 'sum' or 'none' or 'ba": lambda: nn.KLDivLoss(reduction="avg"),
    "MSELoss: too many positional arguments; its settings are given by name: red": lambda: nn.MSELoss("sum"),
    "L1Loss: got an unexpected keyword argument 'size_average'; its settings": lambda: nn.L1Loss(size_average=True),
    "HuberLoss: delta is -1, but the error at which": lambda: nn.HuberLoss(delta=-1),
    "HuberLoss: delta is 'a', but the error at which": lambda: nn.HuberLoss(delta="a"),
    "CrossEntropyLoss: label_smoothing is 2, but a share": lambda: nn.CrossEntropyLoss(label_smoothing=2),
    "moons: noise is 'a', but it must be a number, 0 or more": lambda: nn.data.moons(noise="a"),
    "circles: factor is 'a', but it must be a number": lambda: nn.data.circles(factor="a"),
    "spirals: turns is None, but it must be a number": lambda: nn.data.spirals(turns=None),
    "digits: test_share is 'a', but it must be a number": lambda: nn.data.digits("a"),
    "DataLoader: got (2,), (2,), (); give arrays of as many rows each, and batch_size by name": lambda: nn.DataLoader(
        [1.0, 2.0], [3.0, 4.0], 64
    ),
    "DataLoader: batch_size is 'a', but it must be a whole number": lambda: nn.DataLoader([1.0], batch_size="a"),
    "DataLoader: rows of different lengths make no array": lambda: nn.DataLoader([[1.0, 2.0], [3.0]]),
}
PARTS: Table = {
    "Sequential: got a list of modules; give them one by one, as in Sequential(*m": lambda: nn.Sequential([linear]),
    "Sequential: got the class ReLU as part 1; give modules": lambda: nn.Sequential(linear, nn.ReLU),
    "Sequential: got Pointwise as part 0; give modules, such as nn.ReLU()": lambda: nn.Sequential(ops.relu),
    "ModuleList: got Linear; give it a list of modules": lambda: nn.ModuleList(linear),
    "ModuleList: got int as part 0; give modules": lambda: nn.ModuleList([3]),
    "Unfinished has no forward(self, x); define it": lambda: Unfinished()(np.ones(3)),
    "Linear: it takes an array of shape (..., 3), but got one of shape (4, 2)": lambda: linear(np.ones((4, 2))),
    "Linear: its input holds real numbers, as in [1.0, 2.0], not 'abc'": lambda: linear("abc"),
}
TRAINING: Table = {
    "SGD: got Linear; give it a list, such as model.parameters()": lambda: nn.SGD(linear),
    "SGD: got Sequential; give it": lambda: nn.SGD(nn.Sequential(linear)),
    "SGD: got method; give it a list": lambda: nn.SGD(linear.parameters),
    "SGD: got Tensor; give it a list": lambda: nn.SGD(linear.weight),
    "Adam: got no parameters; give it model.parameters()": lambda: nn.Adam(p for p in ()),
    "SGD: parameter 0 is of type tuple, which neither engine trains; give it": lambda: nn.SGD(
        linear.named_parameters()
    ),
    "SGD: parameter 0 is of type str, which neither engine trains; give it": lambda: nn.SGD(linear.state_dict()),
    "SGD: a parameter stands twice among the 4; give it": lambda: nn.SGD(weights + weights),
    "clip_grad_norm: got Linear; give it a list": lambda: nn.clip_grad_norm(linear, 1.0),
    "StepLR: its first argument is a Linear, but it must be an optimiser": lambda: nn.StepLR(linear, 3),
    "StepLR: gamma is 'a', but it must be a number": lambda: nn.StepLR(nn.SGD(weights), 3, gamma="a"),
    "LambdaLR: lr_lambda is 3, but it must be a function": lambda: nn.LambdaLR(nn.SGD(weights), 3),
}
FILES: Table = {
    'save: got str and Linear; write nn.save(model, "file.npz"), the model first': lambda: nn.save("x.npz", linear),
    "load: got str and Linear; write nn.load(model, ": lambda: nn.load("x.npz", linear),
    "load: got the class Linear and str; write": lambda: nn.load(nn.Linear, "x.npz"),
    "save: got dict and str; write": lambda: nn.save(linear.state_dict(), "x.npz"),
    "save: got Linear and NoneType; write": lambda: nn.save(linear, None),
    "load: model.pt ends in '.pt'; a model's file may end in .npz": lambda: nn.load(linear, "model.pt"),
}
BAD = SIZES | SETTINGS | PARTS | TRAINING | FILES


@pytest.mark.parametrize(("said", "call"), BAD.items(), ids=BAD)
def test_wrong_call_is_refused_in_one_sentence(said: str, call: Callable[[], Any]) -> None:
    with pytest.raises((TypeError, ValueError, NotImplementedError), match=f"^{re.escape(said)}") as caught:
        call()
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert ". " not in sentence
    assert "; " in sentence or ", but " in sentence or ", not " in sentence


@pytest.mark.parametrize("inputs", [[1.0, 2.0], [1.0, 2.0, 3.0, 4.0], np.ones(2), []])
def test_neuron_takes_one_number_for_each_weight_and_names_both_counts(inputs: Any) -> None:
    said = f"^ReLUNeuron\\(3\\): its inputs and weights differ in number, {len(inputs)} and 3; give it a list of 3$"
    with pytest.raises(ValueError, match=said):
        neurons.MLP(3, [4, 1])(inputs)


def test_neuron_refuses_a_bare_number() -> None:
    with pytest.raises(TypeError, match=r"^LinearNeuron\(1\): got 2.0, but its inputs are a list of numbers, such as"):
        neurons.MLP(1, [1])(2.0)


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04 and no more"])
def test_file_of_somebody_else_is_refused_and_the_model_stays(content: bytes, tmp_path: Path) -> None:
    path, model = tmp_path / "model.npz", nn.Linear(2, 1, rng=0)
    path.write_bytes(content)
    before = model.state_dict()
    with pytest.raises(ValueError, match=r"^load: cannot read .* as \.npz: .*; give a whole file that save wrote$"):
        nn.load(model, path)
    assert all(np.array_equal(x, before[name]) for name, x in model.state_dict().items())


def test_optimiser_schedule_and_loader_say_what_they_are() -> None:
    model = nn.MLP(2, [16, 16, 1], rng=0)
    sgd = nn.SGD(model.parameters(), lr=0.1, momentum=0.9)
    assert repr(sgd) == "SGD(lr=0.1, momentum=0.9, 337 parameters in 6 arrays)"
    assert repr(nn.SGD([nn.array(1.0, requires_grad=True)], lr=0)) == "SGD(lr=0, 1 parameter in 1 array)"
    assert repr(nn.AdamW(weights)) == (
        "AdamW(lr=0.001, weight_decay=0.01, betas=(0.9, 0.999), eps=1e-08, 8 parameters in 2 arrays)"
    )
    schedule = nn.StepLR(sgd, step_size=1, gamma=0.5)
    schedule.step()
    assert repr(schedule) == "StepLR(SGD, step_size=1, gamma=0.5, base_lr=0.1, last_epoch=1, lr=0.05)"
    loader = nn.DataLoader(np.ones((100, 2)), np.ones(100), batch_size=64, shuffle=True)
    assert repr(loader) == "DataLoader((100, 2), (100,), batch_size=64, shuffle=True, drop_last=False, batches=2)"


def test_modules_say_their_settings() -> None:
    assert repr(nn.Dropout(0.3)) == "Dropout(p=0.3)  0"
    assert repr(nn.MaxPool2d(2)) == "MaxPool2d(kernel_size=(2, 2), stride=(2, 2), padding=(0, 0))  0"
    assert repr(nn.MLP(2, [1], rng=0).eval()) == (
        "MLP(activation=relu)  3\n    layers.0: Linear(weight (1, 2), bias (1,))  3"
    )


def test_losses_show_their_settings_in_help() -> None:
    from inspect import signature

    assert str(signature(right_nn.HuberLoss)) == "(*, delta: 'float' = 1.0, reduction: 'str' = 'mean')"
