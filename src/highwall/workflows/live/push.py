"""Telling another system when assets move or change: signed JSON, gathered for a while, again until it is taken."""

import threading
from typing import Any, Final

import msgspec

from highwall.core.errors import OutputError
from highwall.twin.webhook import post, signed
from highwall.web.instants import iso
from highwall.web.live import Change, Topic
from highwall.workflows.live.options import PushOptions

_TIMEOUT_S: Final = 10.0


class Pusher:
    """Gathers the newest state of each asset that changed; one that changes twice before it is sent is sent once."""

    def __init__(self, options: PushOptions, *, site: str) -> None:
        self._options = options
        self.every_s = options.every_s
        self._site = site
        self._lock = threading.Lock()
        self._waiting: dict[str, dict[str, Any]] = {}
        self.trouble = ""
        """Why nothing goes out at present; empty: it does."""

    def take(self, changes: list[Change]) -> None:
        """Keep what is about assets."""
        told = {
            one.key: {**one.content, "location_id": one.location_id} for one in changes if one.topic is Topic.ASSETS
        }
        with self._lock:
            self._waiting |= told

    def send(self, *, now_us: int) -> int:
        """Send what waits, and say how many assets that were; what is not taken waits on, unless it has changed."""
        with self._lock:
            sent, self._waiting = self._waiting, {}
        if not sent:
            return 0
        body = msgspec.json.encode({"site": self._site, "at": iso(now_us), "assets": list(sent.values())})
        try:
            self._post(body, now_us=now_us)
        except OutputError as error:
            with self._lock:
                self._waiting = sent | self._waiting
            self.trouble = str(error)
            return 0
        self.trouble = ""
        return len(sent)

    def _post(self, body: bytes, *, now_us: int) -> None:
        options = self._options
        headers = signed(
            f"{self._site}:tracking:{now_us}", body, secret=options.secret.get_secret_value(), now_us=now_us
        )
        post(
            options.url.get_secret_value(), body, {**headers, "content-type": "application/json"},
            timeout_s=_TIMEOUT_S, who="the system that follows tracking", trust=None,
        )  # fmt: skip
