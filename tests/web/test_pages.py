"""The built pages, and the page that says how to build them."""

from dataclasses import replace
from pathlib import Path

import pytest

from highwall.web.app import create_app
from tests.web.world import World


@pytest.fixture
def built(world: World, tmp_path: Path) -> World:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<title>Highwall</title>")
    (tmp_path / "assets" / "app-1a2b.js").write_text("export {}")
    services = replace(world.services, static=tmp_path)
    return replace(world, services=services, app=create_app(services))


def test_without_pages_the_server_says_how_to_build_them(world: World, tmp_path: Path) -> None:
    services = replace(world.services, static=tmp_path / "nothing")
    answer = replace(world, services=services, app=create_app(services)).client().get("/")
    assert answer.status_code == 503
    assert "make ui" in answer.text


def test_built_pages_are_served_to_anybody(built: World) -> None:
    client = built.client()
    assert client.get("/").text == "<title>Highwall</title>"
    assert client.get("/").headers["cache-control"] == "no-cache"
    script = client.get("/assets/app-1a2b.js")
    assert "immutable" in script.headers["cache-control"]
    assert script.headers["content-type"].startswith("text/javascript")


@pytest.mark.parametrize("path", ["/assets/nothing.js", "/../world.py", "/%2e%2e/%2e%2e/etc/passwd", "/api/nothing"])
def test_nothing_else_is_served(built: World, path: str) -> None:
    assert built.client().get(path).status_code == 404
