"""The stepper's page in a real browser: what it shows is `.grad`, and it does nothing but that.

Driven by selenium with Debian's chromium and chromium-driver; skipped where one of the three is missing.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ops
import viz
from lessons import gallery
from scalar import Value
from tensor import Tensor
from tests import browser as its
from viz.words import FEW

pytestmark = its.IN_A_BROWSER
browser = its.browser
Open = Callable[[str], Any]


@pytest.fixture
def opened(browser: Any, tmp_path: Path) -> Open:
    """Opens a page from a file, after the logs of the one before are emptied."""

    def open_page(html: str) -> Any:
        path = tmp_path / "page.html"
        path.write_text(html, encoding="utf-8")
        for log in ("browser", "performance"):
            browser.get_log(log)
        browser.get(path.as_uri())
        return browser

    return open_page


def _named(node: Any, label: str) -> Any:
    node.label = label
    return node


def _expression() -> Value:
    """The README's."""
    a, b = Value(-0.5, label="a"), Value(0.8, label="b")
    y = (a * b + b**3).tanh() + ops.relu(b - a)
    y.backward()
    return y


def _layer() -> Tensor:
    x, w = Tensor([[1.0, -2.0]], label="x"), Tensor([[0.5, 1.0], [2.0, -1.0]], requires_grad=True, label="w")
    y = ((x @ w).tanh() ** 2).sum()
    y.backward()
    return y


def _network() -> Any:
    """The moons network on one point, as arrays."""
    return gallery.network("tensor")


def _network_of_values() -> Any:
    return gallery.network("scalar")


def _neurons() -> Value:
    """A smaller one, number by number."""
    return gallery.small_network()


def _all(browser: Any, selector: str) -> list[Any]:
    return browser.find_elements("css selector", selector)


def _click(browser: Any, name: str) -> None:
    browser.find_element("id", name).click()


def _press(browser: Any, *keys: str) -> None:
    from selenium.webdriver.common.keys import Keys

    for key in keys:
        browser.find_element("tag name", "body").send_keys(getattr(Keys, key, key))


def _at(browser: Any) -> int:
    return int(browser.execute_script("return document.body.dataset.step"))


def _grads(browser: Any) -> dict[int, tuple[str, Any]]:
    """What stands in each box as gradient, and the same to twelve digits."""
    script = """return [...document.querySelectorAll('figure:not([hidden]) g[id]')]
        .filter(g => g.querySelector('.grad'))
        .map(g => [Number(g.id.split('-')[1]), g.querySelector('.grad').textContent, g.dataset.grad || ''])"""
    return {i: (words, exact) for i, words, exact in browser.execute_script(script)}


MODELS = (
    _expression,
    gallery.expression,
    gallery.neuron,
    _neurons,
    _layer,
    _network,
    _network_of_values,
    gallery.attention,
)


@pytest.mark.parametrize("make", MODELS, ids=lambda make: make.__name__.strip("_"))
def test_stepped_through_to_the_end_the_page_shows_every_gradient(make: Callable[[], Any], opened: Open):
    root = make()
    page = opened(viz.step(root).html())
    assert {words for words, _ in _grads(page).values()} == {"1", "—"}
    while page.find_element("id", "forward").is_enabled():
        _click(page, "forward")
    shown = _grads(page)
    for i, node in enumerate(ops.topological(root)):
        words, exact = shown[i]
        if node.grad is None:
            assert words == "—"
        else:
            if np.size(node.grad) <= FEW:  # of more numbers the page shows how far they reach
                np.testing.assert_allclose(_numbers(exact), node.grad, rtol=1e-11)
            _assert_says(words, np.asarray(node.grad))
    assert page.get_log("browser") == []


def _numbers(text: str) -> Any:
    return np.array(eval(text, {"__builtins__": {}}), float)


def _assert_says(words: str, grad: Any) -> None:
    """The few numbers of a gradient, or the least and the greatest of many, as far as a box has room for them."""
    if words.startswith("all "):
        words = words[4:]
        grad = np.unique(grad)
    if "…" in words:
        ends = [float(end) for end in words.split("…")]
        np.testing.assert_allclose(ends, [grad.min(), grad.max()], rtol=1e-2, atol=1e-300)
    else:
        np.testing.assert_allclose(_numbers(words).squeeze(), grad.squeeze(), rtol=1e-3)


def test_the_page_tells_what_the_text_tells(opened: Open):
    its = viz.step(_expression())
    page = opened(its.html())
    assert page.execute_script("return document.getElementById('text').textContent") + "\n" == its.text()
    lines = its.text().splitlines()
    seen = []
    for _ in range(9):
        seen += [element.text for element in _all(page, "li .line")]
        _press(page, "ARROW_RIGHT")
    assert seen == [line.strip().split(";")[0] for line in lines if line.startswith("    ")]


def test_everything_can_be_done_by_keyboard(opened: Open):
    page = opened(viz.step(_expression()).html())
    _press(page, "ARROW_RIGHT", "ARROW_RIGHT")
    assert _at(page) == 2
    _press(page, "ARROW_LEFT")
    assert _at(page) == 1
    _press(page, "END")
    assert _at(page) == 8
    _press(page, "HOME")
    assert _at(page) == 0
    _press(page, "SPACE")
    assert "Pause" in page.find_element("id", "play").text
    _press(page, "SPACE")
    assert "Play" in page.find_element("id", "play").text


def test_an_array_node_is_opened_and_closed_by_keyboard(opened: Open):
    page = opened(viz.step(_layer()).html())
    while page.find_element("id", "open").get_attribute("hidden"):
        _press(page, "ARROW_RIGHT")
    before = _at(page)
    _press(page, "ENTER")
    assert page.find_element("id", "close").is_displayed()
    _press(page, "ESCAPE")
    assert (_at(page), page.find_element("id", "close").is_displayed()) == (before, False)


def test_play_goes_to_the_end_and_stops(opened: Open):
    from selenium.webdriver.support.ui import WebDriverWait

    page = opened(viz.step(Value(2.0) * Value(3.0)).html())
    page.execute_script("document.getElementById('speed').value = '500'")
    _click(page, "play")
    WebDriverWait(page, 10).until(lambda driver: _at(driver) == 2)
    assert "Play" in page.find_element("id", "play").text


def test_a_node_is_reached_by_a_click_and_by_the_list(opened: Open):
    page = opened(viz.step(_expression()).html())
    page.find_element("id", "n0-4").find_element("css selector", ".data").click()
    assert page.find_element("css selector", "h2").text == "v4 = b**3"
    assert [g.get_attribute("id") for g in _all(page, "g.now")] == ["n0-4"]
    page.execute_script(
        "const s = document.getElementById('node'); s.value = '1'; s.dispatchEvent(new Event('change'))"
    )
    assert _at(page) in (7, 8)
    assert all(element.is_displayed() for element in _all(page, "header button:not([hidden])"))


def test_an_array_node_is_opened_stepped_through_and_closed(opened: Open):
    its = viz.step(_layer())
    page = opened(its.html())
    matmul = next(node for node in its.scenes[0]["nodes"] if node["says"].endswith("x @ w"))
    before = next(k for k, s in enumerate(its.scenes[0]["steps"]) if s["node"] == its.scenes[0]["nodes"].index(matmul))
    page.execute_script(f"go({before})")
    _click(page, "open")
    assert [f.get_attribute("data-scene") for f in _all(page, "figure") if f.is_displayed()] == [str(matmul["opens"])]
    _press(page, "END")
    inner = its.scenes[matmul["opens"]]["steps"][-1]["lines"]
    assert [element.text for element in _all(page, "li .line")] == [words for _, words, *_ in inner]
    _press(page, "ESCAPE")
    assert (_at(page), page.find_element("id", "close").is_displayed()) == (before, False)


def test_two_graphs_light_their_nodes_together(opened: Open):
    a, b = Value(2.0, label="a"), Tensor(2.0, requires_grad=True, label="a")
    page = opened(viz.step((a * a).tanh(), (b * b).tanh()).html())
    for k in range(3):
        _press(page, "ARROW_RIGHT")
        lit = [g.get_attribute("id") for g in _all(page, "g.now")]
        assert lit == ([f"n0-{2 - k}", f"n1-{2 - k}"] if k < 2 else [])


def test_a_wrong_order_is_marked_and_told(opened: Open):
    a = Value(3.0, label="a")
    b = _named(a + a, "b")
    page = opened(viz.step(_named(b + _named(b + a, "d"), "e"), order="recursive").html())
    _press(page, "ARROW_RIGHT", "ARROW_RIGHT")
    assert [g.get_attribute("id") for g in _all(page, "g.bad")] == ["n0-1"]
    assert page.find_element("css selector", "p.wrong").text.startswith("Too early: d has still to send to b")
    _press(page, "END")
    assert page.find_element("css selector", "li").text.split() == ["dL/da", "=", "7", "wrong:", "5", "is", "right"]


def test_a_hostile_label_does_nothing(opened: Open):
    hostile = "</script><img src=x onerror=\"document.title='gone'\"><svg onload=\"document.title='gone'\">"
    a = _named(Value(2.0), hostile)
    page = opened(viz.step(_named(a * _named(Value(3.0), "<b>x"), hostile[9:])).html())
    for key in ("ARROW_RIGHT", "END"):
        _press(page, key)
    assert page.title.startswith("Backward through")
    assert _all(page, "img, b") == []
    assert page.get_log("browser") == []


def _pages(tmp_path: Path, label: str) -> dict[str, str]:
    """A page of each kind, from graphs whose labels are all the given one."""
    x, w = Value(2.0, label=label), Tensor([1.0], requires_grad=True, label=label)
    y = _named((x * x).tanh(), label)
    y.backward()
    reason = viz.why_no_grad(w, (Tensor(w.data, requires_grad=True) * 2.0).sum())
    shown = {"drawing": viz.draw(y, captions=[label]), "stepper": viz.step(y), "explanation": viz.explain(x, y)}
    pages = {name: it.save(tmp_path / f"{name}.html").read_text(encoding="utf-8") for name, it in shown.items()}
    whole = '<!doctype html><html lang="en"><meta charset="utf-8"><title>notebook</title>'
    outputs = [viz.draw_dot(y)._repr_mimebundle_()["text/html"], viz.step(y)._repr_html_(), reason._repr_html_()]
    return pages | {"notebook": whole + "".join(outputs), "svg": whole + viz.draw(y).svg()}


KINDS = ("drawing", "stepper", "explanation", "notebook", "svg")


@pytest.mark.parametrize("kind", KINDS)
def test_a_hostile_label_does_nothing_on_any_page(kind: str, opened: Open, tmp_path: Path):
    hostile = "</script></title><img src=x onerror=\"document.title='gone'\"><b>\" onload='document.title=1'"
    page = opened(_pages(tmp_path, hostile)[kind])
    assert page.title not in ("gone", "1")
    assert _all(page, "b, img:not([src^='data:'])") == []
    assert page.get_log("browser") == []


@pytest.mark.parametrize("kind", KINDS)
def test_every_picture_and_control_has_a_name(kind: str, opened: Open, tmp_path: Path):
    page = opened(_pages(tmp_path, "x")[kind])
    named = _all(page, "svg[role=img], img, iframe, button:not([hidden]), select, input, summary, [role=region]")
    assert named or kind == "explanation"
    assert [element.get_attribute("outerHTML")[:200] for element in named if not element.accessible_name] == []
    assert page.find_element("tag name", "html").get_attribute("lang") == "en"


@pytest.mark.parametrize("kind", ["drawing", "stepper"])
def test_whatever_has_the_focus_shows_it(kind: str, opened: Open, tmp_path: Path):
    page = opened(_pages(tmp_path, "x")[kind])
    seen = []
    for _ in range(2):
        page.switch_to.active_element.send_keys("\ue004")  # Tab
        script = (
            "const s = getComputedStyle(document.activeElement); return [s.outlineStyle, parseFloat(s.outlineWidth)]"
        )
        style, width = page.execute_script(script)
        assert style != "none"
        assert width >= 1
        seen.append(page.switch_to.active_element)
    assert seen[0] != seen[1]


@pytest.mark.parametrize("kind", KINDS)
def test_no_request_leaves_any_page(kind: str, opened: Open, tmp_path: Path):
    page = opened(_pages(tmp_path, "https://example.org/x.png")[kind])
    sent = [entry["message"] for entry in page.get_log("performance") if "requestWillBeSent" in entry["message"]]
    assert sent
    assert not any('"url":"http' in message for message in sent)


def test_no_request_leaves_the_page_nor_the_notebooks_frame(opened: Open, browser: Any):
    page = opened(viz.step(_layer())._repr_html_())
    browser.switch_to.frame(page.find_element("tag name", "iframe"))
    _click(browser, "last")
    assert _at(browser) == int(browser.find_element("id", "count").text.split()[-1])
    browser.switch_to.default_content()
    sent = [entry["message"] for entry in browser.get_log("performance") if "requestWillBeSent" in entry["message"]]
    assert sent
    assert not any('"url":"http' in message for message in sent)
