"""A STAC archive on this machine: items, their files with parts and marks of version, and what may go wrong."""

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from shapely.geometry import shape

_CONFORMANCE = [
    "https://api.stacspec.org/v1.0.0/core",
    "https://api.stacspec.org/v1.0.0/item-search",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
]


@dataclass
class Archive:
    """What the server holds, and what it was asked."""

    folder: Path
    """Files below it are served under ``/files/``."""
    items: list[dict[str, Any]] = field(default_factory=list)
    faults: dict[str, list[str]] = field(default_factory=dict)
    """By the end of a file's path: what goes wrong at each of the next requests of it, as ``cut``, ``503``, ``404``."""
    gives_parts: bool = True
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    """Method, path and Range header of every request of a file."""
    sent: int = 0
    """Bytes of files that went out."""
    url: str = ""

    def fault(self, path: str) -> str:
        """Take the next fault of a file, if there is one."""
        waiting = next((faults for end, faults in self.faults.items() if path.endswith(end) and faults), [])
        return waiting.pop(0) if waiting else ""


@contextmanager
def archive_server(archive: Archive) -> Iterator[str]:
    """Serve an archive; gives its address. Assets whose href begins with ``/files/`` get the address before it."""

    class Handler(_Handler):
        held = archive

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    archive.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield archive.url
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def checksums(path: Path) -> dict[str, Any]:
    """Fields of STAC's file extension for a file."""
    content = path.read_bytes()
    return {"file:checksum": "1220" + hashlib.sha256(content).hexdigest(), "file:size": len(content)}


class _Handler(BaseHTTPRequestHandler):
    held: Archive
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def do_HEAD(self) -> None:
        self._file(body=False)

    def do_GET(self) -> None:
        if self.path.startswith("/files/"):
            self._file(body=True)
        else:
            self._json(_landing(self.held.url))

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        found = [_served(item, self.held.url) for item in self.held.items if _matches(item, asked)]
        self._json({"type": "FeatureCollection", "features": found, "links": []})

    def _json(self, content: Mapping[str, Any]) -> None:
        body = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _file(self, *, body: bool) -> None:
        path = self.held.folder / self.path.partition("?")[0].removeprefix("/files/")
        wanted = self.headers.get("Range", "")
        self.held.asked.append((self.command, self.path, wanted))
        fault = self.held.fault(self.path) if body else ""
        if fault.isdigit() or not path.is_file():
            return self._refuse(int(fault or 404))
        content = path.read_bytes()
        tag = f'"{hashlib.md5(content).hexdigest()}"'
        begin, end = self._part(wanted, len(content), tag)
        if begin >= len(content):
            return self._refuse(416, {"Content-Range": f"bytes */{len(content)}"})
        part = content[begin:end]
        self.send_response(206 if wanted and (begin, end) != (0, len(content)) else 200)
        if self.held.gives_parts:
            self.send_header("Accept-Ranges", "bytes")
            self.send_header("Content-Range", f"bytes {begin}-{end - 1}/{len(content)}")
        self.send_header("ETag", tag)
        self.send_header("Content-Length", str(len(part)))
        self.end_headers()
        if body:
            self._send(part[: len(part) // 2] if fault == "cut" else part, is_cut=fault == "cut")
        return None

    def _part(self, wanted: str, size: int, tag: str) -> tuple[int, int]:
        is_same = self.headers.get("If-Range", tag) == tag
        if not wanted or not self.held.gives_parts or not is_same:
            return 0, size
        first, _, last = wanted.removeprefix("bytes=").partition("-")
        return int(first), min(int(last) + 1, size) if last else size

    def _send(self, content: bytes, *, is_cut: bool) -> None:
        self.held.sent += len(content)
        self.wfile.write(content)
        if is_cut:
            self.wfile.flush()
            self.close_connection = True

    def _refuse(self, code: int, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(code)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()


def _served(item: dict[str, Any], url: str) -> dict[str, Any]:
    """An item with full addresses."""
    assets = {
        name: asset | {"href": url + asset["href"]} if asset["href"].startswith("/files/") else asset
        for name, asset in item["assets"].items()
    }
    return item | {"assets": assets}


def _matches(item: dict[str, Any], asked: Mapping[str, Any]) -> bool:
    first, last = asked["datetime"].split("/")
    properties = item["properties"]
    begin = properties["datetime"] or properties["start_datetime"]
    end = properties.get("end_datetime") or begin
    touches = shape(item["geometry"]).intersects(shape(asked["intersects"]))
    return bool(item["collection"] in asked["collections"] and begin <= last and end >= first and touches)


def _landing(url: str) -> dict[str, Any]:
    links: Sequence[tuple[str, str, str]] = (
        ("self", "/", "GET"), ("root", "/", "GET"), ("search", "/search", "GET"), ("search", "/search", "POST"),
    )  # fmt: skip
    return {
        "type": "Catalog", "stac_version": "1.0.0", "id": "local", "description": "local", "conformsTo": _CONFORMANCE,
        "links": [
            {"rel": rel, "href": url + path, "method": method, "type": "application/json"}
            for rel, path, method in links
        ],
    }  # fmt: skip
