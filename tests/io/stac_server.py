"""A STAC API on this machine: landing page with conformance, and a search that filters by date and cloud."""

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_CONFORMANCE = [
    "https://api.stacspec.org/v1.0.0/core",
    "https://api.stacspec.org/v1.0.0/item-search",
    "https://api.stacspec.org/v1.0.0/item-search#query",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
]


@contextmanager
def stac_server(items: Sequence[dict[str, Any]], *, landing: Any = None) -> Iterator[str]:
    """Serve items; ``landing`` replaces the landing page. Gives the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(_landing(self._root()) if landing is None else landing)

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            found = [item for item in items if _matches(item, asked)]
            self._answer({"type": "FeatureCollection", "features": found, "links": []})

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

        def _root(self) -> str:
            return f"http://{self.headers['Host']}"

        def _answer(self, content: Any) -> None:
            body = content.encode() if isinstance(content, str) else json.dumps(content).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _matches(item: dict[str, Any], asked: dict[str, Any]) -> bool:
    first, last = (date[:10] for date in asked["datetime"].split("/"))
    properties = item["properties"]
    return (
        item["collection"] in asked["collections"]
        and first <= properties["datetime"][:10] <= last
        and properties["eo:cloud_cover"] <= asked["query"]["eo:cloud_cover"]["lte"]
        and asked["intersects"]["type"] == "Polygon"
    )


def _landing(root: str) -> dict[str, Any]:
    links = [("self", "/", "GET"), ("root", "/", "GET"), ("search", "/search", "GET"), ("search", "/search", "POST")]
    return {
        "type": "Catalog", "stac_version": "1.0.0", "id": "local", "description": "local", "conformsTo": _CONFORMANCE,
        "links": [_link(rel, root + path, method) for rel, path, method in links],
    }  # fmt: skip


def _link(rel: str, href: str, method: str) -> dict[str, str]:
    return {"rel": rel, "href": href, "method": method, "type": "application/json"}
