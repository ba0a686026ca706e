"""Each workload in PyTorch's eager mode on one thread: modules of torch.nn and torch.optim.SGD as it comes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.benchmarks.starts import Array, Program, Start


def program(kind: str, start: Start) -> Program:
    import torch

    torch.set_num_threads(1)
    torch.set_default_dtype(torch.from_numpy(next(iter(start.parameters.values()))).dtype)
    return PROGRAMS[kind](torch, start)


def fused(kind: str, start: Start) -> Program:
    """The RNN as torch.nn has it, whose steps are one kernel."""
    import torch

    torch.set_num_threads(1)
    X = tensor(torch, start.data["X"])
    model = loaded(torch, torch.nn.RNN(X.shape[-1], X.shape[-1], batch_first=True), start)
    return trained(torch, model.parameters(), lambda: model(X)[0].square().mean(), start)


def moons(torch: Any, start: Start) -> Program:
    model = perceptron(torch, start)
    X, y = (tensor(torch, start.data[name]) for name in "Xy")
    parameters = list(model.parameters())

    def loss() -> Any:
        penalty = 1e-4 * sum((p * p).sum() for p in parameters)
        return (1 - y * model(X).squeeze(1)).relu().mean() + penalty

    return trained(torch, parameters, loss, start)


def mlp(torch: Any, start: Start) -> Program:
    return classifier(torch, perceptron(torch, start), start)


def perceptron(torch: Any, start: Start) -> Any:
    layers: list[Any] = []
    for n, m in zip(start.sizes, start.sizes[1:]):
        layers += [torch.nn.Linear(n, m), torch.nn.ReLU()]
    return loaded(torch, torch.nn.Sequential(*layers[:-1]), start)


def cnn(torch: Any, start: Start) -> Program:
    nn, features = torch.nn, start.parameters["2.weight"].shape[1]
    layers = [nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    layers += [nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    model = nn.Sequential(*layers, nn.Flatten(), nn.Linear(features, 10))
    return classifier(torch, loaded(torch, model, start), start)


def classifier(torch: Any, model: Any, start: Start) -> Program:
    X, y = (tensor(torch, start.data[name]) for name in "Xy")
    return trained(torch, model.parameters(), lambda: torch.nn.functional.cross_entropy(model(X), y), start)


def block(torch: Any, start: Start) -> Program:
    X = tensor(torch, start.data["X"])
    model = loaded(torch, transformer_block(torch, X.shape[-1], 4), start)
    return trained(torch, model.parameters(), lambda: model(X).square().mean(), start)


def transformer_block(torch: Any, width: int, heads: int) -> Any:
    nn, F = torch.nn, torch.nn.functional

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.in_proj, self.out_proj = nn.Linear(width, 3 * width), nn.Linear(width, width)
            self.linear1, self.linear2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
            self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)

        def attention(self, x: Any) -> Any:
            batch, tokens, _ = x.shape
            q, k, v = self.in_proj(x).view(batch, tokens, 3, heads, -1).permute(2, 0, 3, 1, 4)
            y = F.scaled_dot_product_attention(q, k, v)
            return self.out_proj(y.transpose(1, 2).reshape(batch, tokens, width))

        def forward(self, x: Any) -> Any:
            x = x + self.attention(self.norm1(x))
            return x + self.linear2(F.gelu(self.linear1(self.norm2(x))))

    return Block()


def rnn(torch: Any, start: Start) -> Program:
    F, X = torch.nn.functional, tensor(torch, start.data["X"])
    W, U, b, c = parameters = leaves(torch, start)
    zeros = torch.zeros(X.shape[0], U.shape[1])

    def loss() -> Any:
        h, outputs = zeros, []
        for inputs in F.linear(X, W, b).unbind(1):
            h = torch.tanh(inputs + F.linear(h, U, c))
            outputs.append(h)
        return torch.stack(outputs, 1).square().mean()

    return trained(torch, parameters, loss, start)


def composite(torch: Any, start: Start) -> Program:
    (x,) = leaves(torch, start)

    def loss() -> Any:
        return (0.5 * x * (1 + (0.79788456 * (x + 0.044715 * (x * x * x))).tanh())).mean()

    return trained(torch, [x], loss, start)


def add(torch: Any, start: Start) -> Program:
    a, b = leaves(torch, start)

    def step(k: int) -> None:
        _ = a + b  # recorded, then dropped

    return Program(step, lambda: [(a + b).detach().numpy()])


def add_and_back(torch: Any, start: Start) -> Program:
    a, b = leaves(torch, start)
    ones = tensor(torch, start.data["ones"])

    def step(k: int) -> None:
        a.grad = b.grad = None
        (a + b).backward(ones)

    return Program(step, lambda: [a.grad.numpy(), b.grad.numpy()])


def tensor(torch: Any, x: Array) -> Any:
    return torch.from_numpy(x.copy())


def leaves(torch: Any, start: Start) -> list[Any]:
    return [tensor(torch, x).requires_grad_() for x in start.parameters.values()]


def loaded(torch: Any, model: Any, start: Start) -> Any:
    for p, numbers in zip(model.parameters(), start.parameters.values(), strict=True):
        p.data.copy_(tensor(torch, numbers))
    return model


def trained(torch: Any, parameters: Any, loss_of: Callable[[], Any], start: Start) -> Program:
    parameters = list(parameters)
    optimizer = torch.optim.SGD(parameters, lr=start.rate(0))

    def step(k: int) -> float:
        loss = loss_of()
        optimizer.zero_grad()
        loss.backward()
        optimizer.param_groups[0]["lr"] = start.rate(k)
        optimizer.step()
        return loss.item()

    return Program(step, lambda: [p.detach().numpy() for p in parameters])


PROGRAMS: dict[str, Callable[[Any, Start], Program]] = {
    "moons": moons,
    "mlp": mlp,
    "cnn": cnn,
    "block": block,
    "composite": composite,
    "add": add,
    "add and back": add_and_back,
    "rnn": rnn,
}
