"""The stepper's page in a real browser: what it shows is `.grad`, and it does nothing but that.

Driven by selenium with Debian's chromium and chromium-driver; skipped where one of the three is missing.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ops
import viz
from scalar import Value
from tensor import Tensor

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
MISSING = [
    name
    for name, found in (("chromium", CHROMIUM), ("chromium-driver", DRIVER), ("selenium", find_spec("selenium")))
    if not found
]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(MISSING), reason=f"no browser to test in: {', '.join(MISSING)} not installed"),
]
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--window-size=1280,800"),
)
Open = Callable[[str], Any]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A browser of our own, with a fresh profile, that keeps a log of every request."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(str(DRIVER)))
    yield driver
    driver.quit()


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
    a, b = Value(-0.5, label="a"), Value(0.8, label="b")
    return (a * b + b**3).tanh() + ops.relu(b - a)


def _layer() -> Tensor:
    x, w = Tensor([[1.0, -2.0]], label="x"), Tensor([[0.5, 1.0], [2.0, -1.0]], requires_grad=True, label="w")
    return ((x @ w).tanh() ** 2).sum()


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


@pytest.mark.parametrize("make", [_expression, _layer])
def test_stepped_through_to_the_end_the_page_shows_every_gradient(make: Callable[[], Any], opened: Open):
    root = make()
    page = opened(viz.step(root).html())
    assert {words for words, _ in _grads(page).values()} == {"1", "—"}
    while page.find_element("id", "forward").is_enabled():
        _click(page, "forward")
    root.backward()
    shown = _grads(page)
    for i, node in enumerate(ops.topological(root)):
        words, exact = shown[i]
        if node.grad is None:
            assert words == "—"
        else:
            numbers = np.array(eval(exact, {"__builtins__": {}}), float)
            np.testing.assert_allclose(numbers, node.grad, rtol=1e-11)
            np.testing.assert_allclose(np.array(eval(words, {"__builtins__": {}})), node.grad, rtol=1e-3)
    assert page.get_log("browser") == []


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


def test_no_request_leaves_the_page_nor_the_notebooks_frame(opened: Open, browser: Any):
    page = opened(viz.step(_layer())._repr_html_())
    browser.switch_to.frame(page.find_element("tag name", "iframe"))
    _click(browser, "last")
    assert _at(browser) == int(browser.find_element("id", "count").text.split()[-1])
    browser.switch_to.default_content()
    sent = [entry["message"] for entry in browser.get_log("performance") if "requestWillBeSent" in entry["message"]]
    assert sent
    assert not any('"url":"http' in message for message in sent)
