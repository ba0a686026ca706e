"""Threads, tasks and generators: passes that meet in one graph, and modes that belong to their block."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import threading
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

import numpy as np
import pytest

import nn
import ops
from ops import modes, passes
from ops.modes import enable_grad, recording

Leaf = Callable[..., Any]


@pytest.fixture
def quick_switches() -> Iterator[None]:
    """Threads that change places as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def _at_once(*jobs: Callable[[], Any]) -> list[Any]:
    barrier = threading.Barrier(len(jobs))

    def run(job: Callable[[], Any]) -> Any:
        barrier.wait(10)
        return job()

    with ThreadPoolExecutor(len(jobs)) as pool:
        return [found.result(60) for found in [pool.submit(run, job) for job in jobs]]


def _float(x: Any) -> float:
    return float(x.item() if hasattr(x, "item") else x)


@pytest.fixture(autouse=True)
def no_block_stays_open() -> Iterator[None]:
    """Whatever a test does, no mode outlives it."""
    yield
    gc.collect()
    assert not modes.MODES
    assert recording()


# backward through what threads share


@pytest.mark.usefixtures("quick_switches")
@pytest.mark.parametrize("create_graph", [False, True], ids=["plain", "recorded"])
def test_threads_that_go_backward_through_one_graph_add_up_exactly(number: Leaf, create_graph: bool) -> None:
    for _ in range(5):
        x = number(1.5)
        shared = x
        for _ in range(30):
            shared = shared * 0.5 + shared * 0.5  # exact in binary, so sums may come in any order
        roots = [shared * float(k) for k in (1, 2, 3, 4)]
        _at_once(*(lambda y=y: [y.backward(create_graph=create_graph) for _ in range(3)] for y in roots))
        assert _float(x.grad) == 3 * (1 + 2 + 3 + 4)


@pytest.mark.usefixtures("quick_switches")
def test_plain_and_recorded_passes_in_threads_add_up_in_one_leaf(number: Leaf) -> None:
    x = number(2.0)
    roots = [x * x * 1.0 for _ in range(4)]
    jobs = [lambda y=y, recorded=i % 2 == 0: y.backward(create_graph=recorded) for i, y in enumerate(roots)]
    _at_once(*jobs)
    assert _float(x.grad) == 16.0


@pytest.mark.usefixtures("quick_switches")
@pytest.mark.parametrize("engine", ["scalar", "tensor"])
def test_a_batch_split_over_threads_has_the_gradient_of_the_whole(engine: str) -> None:
    model, whole = nn.MLP(2, [3, 1], rng=0, engine=engine), nn.MLP(2, [3, 1], rng=0, engine=engine)
    rows = np.array([[float(i), 0.5 - i] for i in range(8)])
    _at_once(*(lambda part=rows[i : i + 2]: model(part).sum().backward() for i in range(0, 8, 2)))
    whole(rows).sum().backward()
    for p, q in zip(model.parameters(), whole.parameters(), strict=True):
        assert abs(p.grad - q.grad).max() < 1e-12


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_child_forked_in_the_middle_of_another_threads_pass_can_go_backward(number: Leaf) -> None:
    held, done = threading.Event(), threading.Event()

    def in_a_pass() -> None:
        with passes.lock:
            held.set()
            done.wait(10)

    thread = threading.Thread(target=in_a_pass)
    thread.start()
    held.wait(10)
    if (child := os.fork()) == 0:
        x = number(3.0)
        worker = threading.Thread(target=(x * x).backward, daemon=True)
        worker.start()
        worker.join(10)
        os._exit(0 if _float(x.grad if x.grad is not None else 0.0) == 6.0 else 1)
    _, status = os.waitpid(child, 0)
    done.set()
    thread.join()
    assert status == 0


# modes belong to their block


def _suspended(mode: Callable[[], Any]) -> Generator[None, None, None]:
    with mode():
        yield


@pytest.mark.parametrize("mode", [ops.no_grad, ops.detect_anomaly])
def test_a_thread_that_ends_inside_a_mode_hands_it_to_no_other(number: Leaf, mode: Any) -> None:
    kept, found = [], []

    def leave_open() -> None:
        kept.append(_suspended(mode))
        next(kept[-1])

    def look() -> None:
        found.append((recording(), modes.watching(), (number(2.0) * 3.0).op))

    for target in (leave_open, look) * 3:  # one after the other, so that the system gives numbers away again
        thread = threading.Thread(target=target)
        thread.start()
        thread.join()
    assert found == [(True, False, ops.mul)] * 3
    for steps in kept:
        steps.close()


def test_a_generator_closed_by_another_thread_ends_its_mode_where_it_was_opened() -> None:
    with ThreadPoolExecutor(1) as pool:
        steps = _suspended(ops.no_grad)
        pool.submit(next, steps).result(10)
        assert not pool.submit(recording).result(10)
        with ops.no_grad():
            steps.close()
            assert not recording()  # the block of this thread is its own
        assert recording()
        assert pool.submit(recording).result(10)


def test_blocks_that_close_in_another_order_leave_nothing_on() -> None:
    steps = _suspended(ops.no_grad)
    next(steps)
    with enable_grad():
        assert recording()
        steps.close()
        assert recording()
    assert recording()

    steps = _suspended(enable_grad)
    with ops.no_grad():
        next(steps)
        assert recording()
    assert recording()
    steps.close()
    assert recording()


def test_one_switch_used_twice_and_in_two_threads_at_once_ends_with_its_last_block() -> None:
    quiet, inside, done = ops.no_grad(), threading.Event(), threading.Event()

    def elsewhere() -> tuple[bool, bool]:
        with quiet:
            inside.set()
            done.wait(10)
            still = recording()
        return still, recording()

    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(elsewhere)
        inside.wait(10)
        with quiet:
            with quiet:
                assert not recording()
            assert not recording()
        assert recording()
        done.set()
        assert other.result(10) == (False, True)


# what is decorated


def test_a_decorated_generator_runs_inside_and_its_user_outside(number: Leaf) -> None:
    x = number(2.0)

    @ops.no_grad()
    def steps(n: int) -> Iterator[Any]:
        """Some steps."""
        for _ in range(n):
            got = yield x * x
            assert got is None or not recording()
        return recording()

    assert steps.__doc__ == "Some steps."
    for y in steps(3):
        assert y.op is None
        assert (x * x).op is ops.mul
    run = steps(2)
    next(run)
    run.send("a number")
    with pytest.raises(StopIteration) as done:
        next(run)
    assert done.value.value is False


def test_a_decorated_generator_is_thrown_into_and_closed_inside() -> None:
    seen = []

    @ops.no_grad()
    def steps() -> Iterator[int]:
        try:
            yield 1
        except KeyError:
            seen.append(recording())
            yield 2
        finally:
            seen.append(recording())

    run: Any = steps()
    next(run)
    assert run.throw(KeyError()) == 2
    run.close()
    assert seen == [False, False]
    with pytest.raises(KeyError):
        steps().throw(KeyError())  # type: ignore


def test_a_decorated_generator_expression_and_method_run_inside(number: Leaf) -> None:
    x = number(2.0)

    class Model:
        @ops.no_grad()
        def squares(self) -> Any:
            return (x * x for _ in range(2))

    assert [y.op for y in Model().squares()] == [None, None]


def test_detect_anomaly_decorates_a_generator_too(number: Leaf) -> None:
    @ops.detect_anomaly()
    def steps() -> Iterator[Any]:
        yield number(0.0).log()

    with np.errstate(all="ignore"), pytest.raises(ops.AnomalyError, match="log"):
        next(steps())


def test_a_decorated_coroutine_and_an_asynchronous_generator_run_inside(number: Leaf) -> None:
    x = number(2.0)

    @ops.no_grad()
    async def squared() -> Any:
        await asyncio.sleep(0)
        return (x * x).op

    @ops.no_grad()
    async def squares() -> AsyncIterator[Any]:
        for _ in range(2):
            await asyncio.sleep(0)
            yield (x * x).op

    async def main() -> list[Any]:
        return [await squared(), *[(op, (x * x).op) async for op in squares()], (x * x).op]

    assert asyncio.run(main()) == [None, (None, ops.mul), (None, ops.mul), ops.mul]


# tasks


def test_a_mode_in_one_task_is_off_in_the_others() -> None:
    async def quiet(turns: int) -> list[bool]:
        with ops.no_grad():
            return [recording() for _ in range(turns) if await asyncio.sleep(0) is None]

    async def plain(turns: int) -> list[bool]:
        return [recording() for _ in range(turns) if await asyncio.sleep(0) is None]

    async def main() -> list[list[bool]]:
        return list(await asyncio.gather(quiet(5), plain(5), quiet(5), plain(5)))

    assert asyncio.run(main()) == [[False] * 5, [True] * 5] * 2


def test_a_task_started_inside_a_block_is_inside_until_the_block_is_left() -> None:
    async def ask(turn: asyncio.Event) -> bool:
        await turn.wait()
        return recording()

    async def main() -> list[bool]:
        early, late = asyncio.Event(), asyncio.Event()
        with ops.no_grad():
            first, second = asyncio.ensure_future(ask(early)), asyncio.ensure_future(ask(late))
            in_a_thread = await asyncio.to_thread(recording)
            early.set()
            within = await first
        late.set()
        return [in_a_thread, within, await second]

    assert asyncio.run(main()) == [False, False, True]


def test_a_plain_thread_started_inside_a_block_is_outside() -> None:
    with ops.no_grad(), ThreadPoolExecutor(1) as pool:
        assert pool.submit(recording).result(10)
        assert not pool.submit(copy_context().run, recording).result(10)


def test_the_module_a_node_was_made_in_is_its_tasks_own() -> None:
    class Slow(nn.Module):
        def forward(self, x: Any) -> Any:
            return x * 2.0

    x, module = nn.array([1.0], requires_grad=True), Slow()

    async def inside() -> Any:
        around = modes.enter(module)
        try:
            await asyncio.sleep(0)
            return (x * 2.0).scope
        finally:
            modes.leave(around)

    async def outside() -> Any:
        await asyncio.sleep(0)
        return (x * 2.0).scope

    async def main() -> Any:
        return await asyncio.gather(inside(), outside(), inside())

    assert asyncio.run(main()) == [(module, None), None, (module, None)]
    assert module(x).scope == (module, None)
    assert (x * 2.0).scope is None
