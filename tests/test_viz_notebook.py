"""What a notebook shows, trusted or not: JupyterLab and a page made by nbconvert, in a real browser.

A notebook that was not run here is not trusted: JupyterLab then takes scripts and frames out of its outputs.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

import viz
from scalar import Value
from tensor import Tensor
from tests import browser as its
from viz import plots

MISSING = [name for name in ("jupyterlab", "nbconvert", "nbformat") if not find_spec(name)]
pytestmark = [
    *its.IN_A_BROWSER,
    pytest.mark.skipif(bool(MISSING), reason=f"no notebook to test in: {', '.join(MISSING)} not installed"),
]
browser = its.browser
HOSTILE = "</script><img src=x onerror=\"document.title='gone'\">"
KINDS = ("drawing", "digraph", "stepper", "replay", "explanation", "reason")
FRAMED = ("stepper", "replay")


def _graph() -> Value:
    x, w = Value(2.0, label=HOSTILE), Value(-3.0, label="w")
    y = (x * w + x).tanh()
    y.backward()
    return y


def _replay() -> Any:
    import numpy as np

    X = np.array([[-1.0, 0.0], [1.0, 0.5], [0.5, -0.5]])
    replay = plots.training_replay(X, np.array([-1.0, 1.0, 1.0]))
    for k in range(3):
        replay.record(lambda points, k=k: points[:, 0] * k, 1.0 / (k + 1), [np.ones(4) * k])
    return replay


def _shown() -> dict[str, Any]:
    """One output of each kind."""
    root, w = _graph(), Tensor([1.0], requires_grad=True, label=HOSTILE)
    leaf = next(node for node in root._prev[0]._prev if not node._prev)
    return {
        "drawing": viz.draw(root),
        "digraph": viz.draw_dot(root),
        "stepper": viz.step(root),
        "replay": _replay(),
        "explanation": viz.explain(leaf, root),
        "reason": viz.why_no_grad(w, (Tensor(w.data, requires_grad=True) * 2.0).sum()),
    }


def _bundle(shown: Any) -> dict[str, str]:
    if hasattr(shown, "_repr_mimebundle_"):
        return shown._repr_mimebundle_()
    return {"text/html": shown._repr_html_(), "text/plain": repr(shown)}


@pytest.fixture(scope="module")
def notebook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A notebook with one cell for each kind, as an author would have saved it."""
    from nbformat import v4, write

    cells = []
    for count, shown in enumerate(_shown().values(), start=1):
        output = v4.new_output("execute_result", data=_bundle(shown), execution_count=count)
        cells.append(v4.new_code_cell("…", outputs=[output], execution_count=count))
    path = tmp_path_factory.mktemp("notebooks") / "shown.ipynb"
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    write(v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), path)
    return path


@pytest.fixture(scope="module")
def jupyter(notebook: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment in which Jupyter knows nothing of its user."""
    home = tmp_path_factory.mktemp("home")
    places = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "JUPYTERLAB_SETTINGS_DIR")
    own = {place: str(home / place) for place in (*places, "JUPYTERLAB_WORKSPACES_DIR")}
    return {**os.environ, **own, "HOME": str(home), "JUPYTER_PLATFORM_DIRS": "1"}


@pytest.fixture(scope="module")
def lab(notebook: Path, jupyter: dict[str, str]) -> Iterator[str]:
    """The address of a JupyterLab that serves the notebook's folder."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = (f"--port={port}", f"--ServerApp.root_dir={notebook.parent}", "--IdentityProvider.token=test")
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--LabApp.news_url=", *options]
    server = subprocess.Popen(command, env=jupyter, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(port)
        yield f"http://127.0.0.1:{port}/lab/tree/shown.ipynb?token=test&reset"
    finally:
        server.terminate()
        server.wait(30)


def _wait_for(port: int) -> None:
    for _ in range(120):
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.5)
    raise TimeoutError("JupyterLab did not start within a minute")


def _open_in_lab(browser: Any, address: str) -> None:
    from selenium.webdriver.support.ui import WebDriverWait

    browser.get(address)
    outputs = ".jp-Notebook .jp-OutputArea-output"
    WebDriverWait(browser, 90).until(lambda page: len(page.find_elements("css selector", outputs)) == len(KINDS))


def _seen(browser: Any, selector: str) -> dict[str, str]:
    """What of each output is seen, once the page has settled."""
    found: dict[str, str] = {}
    for kind in KINDS:
        for _ in range(40):
            found[kind] = _on_top(browser, browser.find_elements("css selector", selector)[KINDS.index(kind)])
            if found[kind] != "hidden":
                break
            time.sleep(0.25)
    return found


def _on_top(browser: Any, output: Any) -> str:
    """The tag in the middle of what an output shows: its frame where there is one, else its picture or its words."""
    script = """
        const all = [...arguments[0].querySelectorAll('iframe, img, table, p')];
        const shown = all.find(x => x.tagName === 'IFRAME') || all[0];
        shown.scrollIntoView({block: 'center', inline: 'start'});
        const box = shown.getBoundingClientRect();
        if (shown.tagName === 'IMG' && !(shown.complete && shown.naturalWidth)) return 'nothing';
        const top = document.elementFromPoint(box.left + Math.min(box.width, 400) / 2, box.top + box.height / 2);
        return shown.contains(top) ? shown.tagName.toLowerCase() : 'hidden';"""
    return browser.execute_script(script, output)


EXPECTED = dict.fromkeys(KINDS, "img") | {"explanation": "p", "reason": "p"}


def test_a_notebook_that_is_not_trusted_shows_every_picture(browser: Any, lab: str) -> None:
    _open_in_lab(browser, lab)
    selector = ".jp-Notebook .jp-OutputArea-output"
    assert _seen(browser, selector) == EXPECTED
    assert browser.find_elements("css selector", f"{selector} iframe, {selector} script") == []
    assert browser.title != "gone"


def test_a_trusted_notebook_plays_the_pages_over_their_pictures(
    browser: Any, lab: str, notebook: Path, jupyter: dict[str, str]
) -> None:
    subprocess.run([sys.executable, "-m", "jupyter", "trust", notebook], env=jupyter, check=True, capture_output=True)
    _open_in_lab(browser, lab)
    _assert_pages_play(browser, ".jp-Notebook .jp-OutputArea-output")


def test_a_page_made_by_nbconvert_plays_the_pages_and_asks_for_nothing(
    browser: Any, notebook: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nbconvert import HTMLExporter

    exporter = HTMLExporter(require_js_url="", mathjax_url="", jquery_url="")
    page = tmp_path / "shown.html"
    page.write_text(exporter.from_filename(str(notebook))[0], encoding="utf-8")
    browser.get_log("performance")
    browser.get(page.as_uri())
    _assert_pages_play(browser, ".jp-OutputArea-output")
    sent = [entry["message"] for entry in browser.get_log("performance") if "requestWillBeSent" in entry["message"]]
    assert sent
    assert not any('"url":"http' in message for message in sent)


def _assert_pages_play(browser: Any, selector: str) -> None:
    assert _seen(browser, selector) == EXPECTED | dict.fromkeys(FRAMED, "iframe")
    stepper, replay = browser.find_elements("css selector", f"{selector} iframe")
    browser.switch_to.frame(stepper)
    browser.find_element("id", "last").click()
    shown = [element.text for element in browser.find_elements("css selector", "svg .grad")]
    browser.switch_to.default_content()
    assert "—" not in shown
    browser.switch_to.frame(replay)
    assert browser.find_element("id", "said").text.startswith("step 0 of 2")
    browser.switch_to.default_content()
    assert browser.title != "gone"


def test_the_picture_takes_the_room_of_the_page_once_the_page_is_gone(browser: Any, tmp_path: Path) -> None:
    """Where a frame is taken out, no empty room is left below the picture."""
    page = tmp_path / "page.html"
    page.write_text(f'<meta charset="utf-8">{_bundle(viz.step(_graph()))["text/html"]}', encoding="utf-8")
    browser.get(page.as_uri())
    browser.execute_script("document.querySelector('iframe').remove()")
    room, picture = (browser.find_element("css selector", name).size["height"] for name in ("div", "img"))
    assert picture <= room <= picture + 10
