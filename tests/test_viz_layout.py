"""The laws of the layout, over random graphs: no NumPy, no engine, nothing but boxes and edges."""

from __future__ import annotations

import time
from itertools import combinations, pairwise

import pytest
from hypothesis import given, strategies as st

from viz.dominators import dominators
from viz.layout import Layout, layout
from viz.ordering import crossings, ordered

Size = tuple[float, float]
Edge = tuple[int, int]


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[Size], list[Edge]]:
    """Boxes of any size, and edges from earlier to later ones, doubles among them."""
    side = st.integers(10, 200).map(float)
    sizes = draw(st.lists(st.tuples(side, side), min_size=1, max_size=24))
    if len(sizes) == 1:
        return sizes, []
    ends = st.lists(st.integers(0, len(sizes) - 1), min_size=2, max_size=2, unique=True)
    edges = draw(st.lists(ends.map(lambda pair: (min(pair), max(pair))), max_size=40))
    return sizes, sorted(edges, key=lambda edge: edge[1])


def _rank(drawn: Layout, node: int) -> int:
    """The rank of a node: boxes stand at the end of theirs."""
    left, _, width, _ = drawn.boxes[node]
    return min(range(len(drawn.columns)), key=lambda r: abs(drawn.columns[r][1] - left - width))


@given(graphs())
def test_no_two_boxes_overlap(graph):
    sizes, edges = graph
    for direction in ("LR", "TB"):
        drawn = layout(sizes, edges, direction)
        for (x, y, w, h), (left, top, width, height) in combinations(drawn.boxes, 2):
            apart = x + w <= left or left + width <= x or y + h <= top + 1e-6 or top + height <= y + 1e-6
            assert apart


@given(graphs())
def test_every_edge_goes_forward_from_its_source_to_its_target(graph):
    sizes, edges = graph
    drawn = layout(sizes, edges)
    for i, (u, v) in enumerate(edges):
        route = drawn.route(i)
        points = [point for link in route for point in (link.start, link.bend, link.end)]
        assert points[0] == pytest.approx((drawn.boxes[u][0] + sizes[u][0], drawn.boxes[u][1] + sizes[u][1] / 2))
        assert points[-1] == pytest.approx((drawn.boxes[v][0], drawn.boxes[v][1] + sizes[v][1] / 2))
        assert all(x <= x_next + 1e-6 for (x, _), (x_next, _) in pairwise(points))
        assert all(before.end == after.start for before, after in pairwise(route))


@given(graphs())
def test_a_node_stands_in_the_last_rank_that_its_users_leave_it(graph):
    sizes, edges = graph
    drawn = layout(sizes, edges)
    ranks = [_rank(drawn, node) for node in range(len(sizes))]
    for node, rank in enumerate(ranks):
        users = [ranks[v] for u, v in edges if u == node]
        assert rank == min(users, default=len(drawn.columns)) - 1


@given(graphs(), st.data())
def test_peers_of_one_depth_stand_in_one_rank(graph, data):
    sizes, edges = graph
    peers = data.draw(st.lists(st.sampled_from(["ReLU", "*", None]), min_size=len(sizes), max_size=len(sizes)))
    drawn = layout(sizes, edges, peers=peers)
    depth: list[int] = []
    for node in range(len(sizes)):
        depth.append(max((depth[u] + 1 for u, v in edges if v == node), default=0))
    ranks: dict[tuple[int, str], set[int]] = {}
    for node, peer in enumerate(peers):
        if peer is not None:
            ranks.setdefault((depth[node], peer), set()).add(_rank(drawn, node))
    assert all(len(found) == 1 for found in ranks.values())
    assert all(_rank(drawn, u) < _rank(drawn, v) for u, v in edges)


@given(graphs())
def test_a_dominator_is_on_every_path_to_the_exits(graph):
    sizes, edges = graph
    over = dominators([[u for u, v in edges if v == node] for node in range(len(sizes))])
    for node, gate in enumerate(over):
        users = {v for u, v in edges if u == node}
        reached = set(users) - {gate}
        for u, v in sorted(edges):
            if u in reached and v != gate:
                reached.add(v)
        exits = set(range(len(sizes))) - {u for u, _ in edges}
        assert gate == len(sizes) or (users and not reached & exits)


@given(graphs())
def test_no_dominator_lies_between_a_node_and_its_own(graph):
    sizes, edges = graph
    over = dominators([[u for u, v in edges if v == node] for node in range(len(sizes))])
    above: list[set[int]] = [set() for _ in sizes]
    for node in reversed(range(len(sizes))):  # all that stand on every path, by the definition
        users = {v for u, v in edges if u == node}
        above[node] = set.intersection(*({user} | above[user] for user in users)) if users else set()
    for node, gate in enumerate(over):
        assert gate == min(above[node], default=len(sizes))


def comb(teeth: int, *, shared: bool) -> list[list[int]]:
    """Sums of products, the last first, whose first factor is one leaf, or a leaf for each; as `topological` has it."""
    leaves = 1 if shared else teeth
    args: list[list[int]] = [[] for _ in range(leaves)]
    args += [[0 if shared else i] for i in range(teeth)]
    args += [[leaves + teeth - 1]]
    for i in range(teeth - 1):
        args += [[len(args) - 1, leaves + teeth - 2 - i]]
    return args


def test_one_leaf_of_many_uses_takes_hardly_longer_than_many_of_one() -> None:
    def seconds(shared: bool) -> float:
        args, start = comb(20_000, shared=shared), time.perf_counter()
        over = dominators(args)
        assert (over[0] == len(args) - 1) is shared
        return time.perf_counter() - start

    assert seconds(shared=True) < 10 * seconds(shared=False) + 0.5


@given(graphs())
def test_no_line_runs_through_a_box(graph):
    sizes, edges = graph
    drawn = layout(sizes, edges)
    for link in drawn.links[: len(drawn.links) - len(edges)]:
        (x, y), (x_end, _) = link.bend, link.end
        for left, top, width, height in drawn.boxes:
            beside = x_end <= left or left + width <= x
            assert beside or not top < y < top + height


@given(graphs())
def test_everything_lies_on_the_sheet(graph):
    sizes, edges = graph
    drawn = layout(sizes, edges)
    ends = [(left + width, top + height) for left, top, width, height in drawn.boxes]
    corners = [*ends, *((left, top) for left, top, _, _ in drawn.boxes), *(link.end for link in drawn.links)]
    assert all(-1e-6 <= x <= drawn.width + 1e-6 and -1e-6 <= y <= drawn.height + 1e-6 for x, y in corners)


@given(graphs())
def test_the_same_graph_is_always_drawn_the_same(graph):
    assert layout(*graph) == layout(*graph)


@given(graphs())
def test_top_to_bottom_is_left_to_right_with_the_coordinates_exchanged(graph):
    sizes, edges = graph
    across, down = layout(sizes, edges), layout([(h, w) for w, h in sizes], edges, "TB")
    assert down.boxes == [(y, x, h, w) for x, y, w, h in across.boxes]
    assert [link.end[::-1] for link in down.links] == [link.end for link in across.links]


@given(graphs())
def test_operands_enter_in_their_order_and_apart(graph):
    sizes, edges = graph
    drawn = layout(sizes, edges, reach=[5.0] * len(sizes))
    for node, (_, top, _, height) in enumerate(drawn.boxes):
        places = [drawn.links[drawn.last[i]].end[1] for i, (_, v) in enumerate(edges) if v == node]
        assert all(abs(place - top - height / 2) <= 5 + 1e-6 for place in places)
        assert all(after - before > 0.1 for before, after in pairwise(places))


@given(st.data())
def test_a_tree_is_drawn_without_crossings(data):
    count = data.draw(st.integers(1, 30))
    users = [data.draw(st.integers(i + 1, count)) for i in range(count)]
    height = [0] * (count + 1)
    for i in reversed(range(count)):
        height[i] = height[users[i]] + 1
    ins: list[list[int]] = [[] for _ in range(count + 1)]
    for i, user in enumerate(users):
        ins[user].append(i)
    ranks = [max(height) - h for h in height]
    assert crossings(ordered(ranks, ins), ins) == 0


def test_a_chain_is_straight_and_its_leaves_stand_beside_it():
    sizes = [(80.0, 40.0)] * 21
    edges = [edge for k in range(2, 21, 2) for edge in ((k - 2, k), (k - 1, k))]
    drawn = layout(sizes, edges, reach=[9.0] * 21)
    assert len({round(top, 6) for _, top, _, _ in drawn.boxes[2::2]}) == 1


def test_the_long_edges_of_a_node_share_one_line():
    count = 500
    edges = [edge for v in range(2, count) for edge in ((v - 1, v), (0, v))]
    drawn = layout([(80.0, 40.0)] * count, edges)
    assert len(drawn.links) < len(edges) + count


def test_edges_drawn_apart_share_no_line():
    edges = [(0, 1), (1, 2), (0, 3), (2, 3), (0, 3)]
    together, apart = layout([(80.0, 40.0)] * 4, edges), layout([(80.0, 40.0)] * 4, edges, apart=[4])
    assert len(apart.links) == len(together.links) + 2


def test_an_edge_backward_is_refused():
    with pytest.raises(ValueError, match="order the nodes arguments first"):
        layout([(80.0, 40.0)] * 2, [(1, 0)])
