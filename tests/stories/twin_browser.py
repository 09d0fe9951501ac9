"""Chromium before the twin of a small site: what every story of the pages begins with."""

import re
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.stories.twin_site import TwinSite
from tests.waiting import PATIENCE_S

from highwall.web.pages import STATIC
from highwall.workflows.watching.monitor import monitor

CHROMIUM = [
    "--no-sandbox",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--autoplay-policy=user-gesture-required",
]
HARMLESS = re.compile(r"status of 401|WebGL|GPU stall|Autofocus processing")
"""The door asks who is signed in and is told nobody; drawing without a graphics card is slow, and says so."""


@pytest.fixture(scope="module")
def twin(tmp_path_factory) -> Iterator[TwinSite]:
    if shutil.which("chromium") is None:
        pytest.skip("no chromium; apt-get install chromium")
    if not (STATIC / "index.html").is_file():
        pytest.skip("the pages are not built; make ui")
    from tests.stories.conftest import SmallSite

    small = SmallSite(tmp_path_factory.mktemp("twin"))
    small.write()
    small.write_permits(permit_id=["A-1"], holder=["Small & Sons"], valid_from=["2020-01-01"], valid_to=["2021-01-01"])
    monitor(small.yaml, small.folder / "run")
    with TwinSite(small.folder, small.folder / "run").alive() as site:
        yield site


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=CHROMIUM)
        yield browser
        browser.close()


@pytest.fixture
def visit(twin, chromium) -> Iterator[Callable[..., Any]]:
    """Open a page as someone who has logged in; when the story ends, nothing may have been complained of."""
    contexts = []

    def open_page(name: str | None, path: str = "/", **options: Any) -> Any:
        context = chromium.new_context(**({"viewport": {"width": 1280, "height": 800}} | options))
        context.set_default_timeout(1000 * PATIENCE_S)
        contexts.append(context)
        if name is not None:
            context.add_cookies([twin.session(name)])
        page = context.new_page()
        page.asked, page.complaints, page.sockets = [], [], []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("websocket", lambda socket: page.sockets.append(socket.url))
        page.on(
            "console", lambda said: page.complaints.append(said.text) if said.type in ("error", "warning") else None
        )
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.goto(twin.address + path)
        return page

    yield open_page
    for context in contexts:
        context.close()


def complaints(page: Any) -> list[str]:
    return [said for said in page.complaints if not HARMLESS.search(said)]


def live(page: Any) -> None:
    page.wait_for_selector("[data-link=live]")


def settled(page: Any) -> None:
    """Wait until the page that was asked for is there, and nothing on it is still being read."""
    page.wait_for_timeout(100)
    page.wait_for_function(
        "() => document.querySelector('main').children.length && !document.querySelector('.loading')"
    )
