"""Signed JSON over HTTP, as Standard Webhooks has it, so that receivers check it with a library they have.

``webhook-signature: v1,BASE64(HMAC-SHA256(secret, id.timestamp.body))``; the id is the idempotency key: a receiver that
has seen it answers 2xx and does nothing.

Source: https://www.standardwebhooks.com, specification 1.0.
"""

import base64
import hashlib
import hmac
import http.client
import ssl
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

import msgspec

from highwall import __version__
from highwall.core.errors import InputError, OutputError
from highwall.twin.bulletin import Bulletin, as_json
from highwall.twin.notify_options import WebhookOptions, key_of

TOLERANCE_S: Final = 300.0
"""How far a message's time may be from the receiver's clock."""
_SCHEME: Final = "v1"


class Webhook:
    """A receiver of signed JSON."""

    def __init__(self, options: WebhookOptions, *, trust: ssl.SSLContext | None = None) -> None:
        self._options = options
        self._trust = trust
        self.name = f"webhook:{options.name}"

    def takes(self, bulletin: Bulletin) -> bool:
        """Whether this receiver is to be told."""
        notice = bulletin.notice
        return notice.channel == "webhook" and (not self._options.roles or notice.to in self._options.roles)

    def send(self, bulletin: Bulletin, *, now_us: int) -> None:
        """Tell the receiver.

        Raises
        ------
        OutputError
            It does not answer, or not with 2xx; the message names neither the address nor the secret.
        """
        body = msgspec.json.encode(as_json(bulletin))
        options = self._options
        headers = signed(bulletin.key, body, secret=options.secret.get_secret_value(), now_us=now_us)
        post(
            options.url.get_secret_value(), body, {**headers, "content-type": "application/json"},
            timeout_s=options.timeout_s, who=self.name, trust=self._trust,
        )  # fmt: skip


def signed(key: str, body: bytes, *, secret: str, now_us: int) -> dict[str, str]:
    """Headers that prove who sent a body, and when."""
    seconds = str(now_us // 1_000_000)
    return {
        "webhook-id": key,
        "webhook-timestamp": seconds,
        "webhook-signature": f"{_SCHEME},{_signature(key, seconds, body, secret=secret)}",
        "idempotency-key": key,
    }


def check_signature(headers: Mapping[str, str], body: bytes, *, secret: str, now_us: int) -> str:
    """Check a received message, as a receiver does, and give its id.

    Raises
    ------
    InputError
        A header is missing, the message is too old, or it was not signed with this secret.
    """
    lower = {name.lower(): value for name, value in headers.items()}
    try:
        key, seconds = lower["webhook-id"], lower["webhook-timestamp"]
        signatures = lower["webhook-signature"].split()
        age_s = abs(now_us / 1e6 - float(seconds))
    except (KeyError, ValueError) as error:
        raise InputError(f"no usable webhook header: {error}.") from error
    if not age_s <= TOLERANCE_S:
        raise InputError(f"the message is {age_s:.0f} s from now; look at both clocks.")
    expected = f"{_SCHEME},{_signature(key, seconds, body, secret=secret)}".encode()
    if not any(hmac.compare_digest(expected, each.encode()) for each in signatures):
        raise InputError("the message was not signed with this secret.")
    return key


def post(
    url: str, body: bytes, headers: Mapping[str, str], *, timeout_s: float, who: str, trust: ssl.SSLContext | None
) -> None:
    """Post a body, following no redirect: what is signed goes to nobody else.

    Raises
    ------
    OutputError
        Nobody answers, or not with 2xx.
    """
    parts = urlsplit(url)
    if parts.scheme == "https":
        trust = trust or ssl.create_default_context()
        link: http.client.HTTPConnection = http.client.HTTPSConnection(
            parts.hostname or "", parts.port, timeout=timeout_s, context=trust
        )
    else:
        link = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=timeout_s)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        link.request("POST", target, body, {**headers, "user-agent": f"highwall/{__version__}"})
        status = link.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        raise OutputError(
            f"{who} was not reached ({type(error).__name__}); look at its address and network."
        ) from error
    finally:
        link.close()
    if not 200 <= status < 300:
        raise OutputError(f"{who} answered {status}; look at the receiver's own records.")


def _signature(key: str, seconds: str, body: bytes, *, secret: str) -> str:
    signed_text = f"{key}.{seconds}.".encode() + body
    return base64.b64encode(hmac.new(key_of(secret), signed_text, hashlib.sha256).digest()).decode()
