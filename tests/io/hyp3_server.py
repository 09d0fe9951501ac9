"""HyP3's interface on this machine: takes jobs, lets them ripen, hands out zipped products."""

import io
import json
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import hyp3_sdk
import requests


class Here(hyp3_sdk.HyP3):
    """The real client, without a login, that asks this machine."""

    def __init__(self, address: str) -> None:
        self.url = address
        self.session = requests.Session()


class Counter:
    """What the server holds and how it answers."""

    def __init__(self) -> None:
        self.address = ""
        self.jobs: list[dict[str, Any]] = []
        self.requests: list[int] = []
        """Jobs of each order that was sent."""
        self.refuses: str | None = None
        """Why orders are refused."""
        self.expires = "2099-01-01T00:00:00+00:00"
        self.downloads = 0
        self.breaks_at: int | None = None
        """Number of the download that answers with an error."""
        self.spoils: tuple[int, bytes] | None = None
        """Number of the download that answers with something else, as if all were well, and with what."""

    def take(self, jobs: list[dict[str, Any]]) -> list[dict[str, Any]]:
        self.requests.append(len(jobs))
        taken = [
            {**job, "job_id": f"job-{len(self.jobs) + n}", "request_time": "2026-01-01T00:00:00+00:00",
             "status_code": "PENDING", "user_id": "highwall"}
            for n, job in enumerate(jobs)
        ]  # fmt: skip
        self.jobs += taken
        return taken

    def ripen(self, status: str = "SUCCEEDED", *, first: int | None = None) -> None:
        """Bring open jobs to an end."""
        for job in [job for job in self.jobs if job["status_code"] in ("PENDING", "RUNNING")][:first]:
            job["status_code"] = status
            job["expiration_time"] = self.expires
            job["files"] = [{"url": f"{self.address}/{job['job_id']}.zip", "filename": f"{job['job_id']}.zip"}]


@contextmanager
def hyp3_server() -> Iterator[tuple[Here, Counter]]:
    """Give the client and the server's side of it."""
    counter = Counter()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            jobs = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["jobs"]
            if counter.refuses:
                self._answer({"detail": counter.refuses}, status=400)
            else:
                self._answer({"jobs": counter.take(jobs)})

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            if parts.path == "/jobs":
                name = parse_qs(parts.query)["name"][0]
                self._answer({"jobs": [job for job in counter.jobs if job["name"] == name]})
            else:
                counter.downloads += 1
                broken = counter.downloads == counter.breaks_at
                number, spoilt = counter.spoils or (None, b"")
                body = spoilt if counter.downloads == number else _product(parts.path)
                self._send(b"" if broken else body, "application/zip", status=404 if broken else 200)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

        def _answer(self, content: Any, *, status: int = 200) -> None:
            self._send(json.dumps(content).encode(), "application/json", status=status)

        def _send(self, body: bytes, media: str, *, status: int = 200) -> None:
            self.send_response(status)
            self.send_header("Content-Type", media)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    counter.address = f"http://127.0.0.1:{server.server_port}"
    client = Here(counter.address)
    try:
        yield client, counter
    finally:
        client.session.close()
        server.shutdown()
        server.server_close()
        thread.join()


def _product(path: str) -> bytes:
    name = path.strip("/").removesuffix(".zip")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(f"{name}/{name}_unw_phase.tif", "phase")
        archive.writestr(f"{name}/{name}.txt", "Baseline: 12")
    return packed.getvalue()
