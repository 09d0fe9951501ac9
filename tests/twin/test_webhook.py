import base64
import hashlib
import hmac
import json
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from highwall.core.errors import InputError, OutputError
from highwall.twin.notify_options import WebhookOptions
from highwall.twin.roles import Role
from highwall.twin.webhook import TOLERANCE_S, Webhook, check_signature, signed
from tests.twin.alarms_made import AT_US, SITE, bulletin, outgoing
from tests.twin.certificates import contexts
from tests.twin.receiver import receiver

SECRET = "whsec_" + base64.b64encode(b"twenty-four bytes of key").decode()


def webhook(url: str, *, trust=None, **changes) -> Webhook:
    given = {"name": "control-room", "url": url + "/hook?token=t0ken", "secret": SECRET, "timeout_s": 2.0}
    return Webhook(WebhookOptions(**(given | changes)), trust=trust)


def test_a_receiver_can_check_who_sent_it():
    with receiver() as there:
        webhook(there.url).send(bulletin(), now_us=AT_US)
    (got,) = there.received
    key = check_signature(got.headers, got.body, secret=SECRET, now_us=AT_US)
    assert key == f"{SITE}:{outgoing().key}"
    content = json.loads(got.body)
    assert content["id"] == key
    assert content["at"] == "2026-09-21T14:13:20.123Z"
    assert content["alarm"]["level"] == 4
    assert content["place"] == {"name": "Ana Díaz", "lon": -70.5, "lat": -33.2, "radius_m": 12.5}
    assert got.headers["idempotency-key"] == key
    assert got.path == "/hook?token=t0ken"


def test_the_signature_is_that_of_standard_webhooks():
    headers = signed("msg_1", b'{"test": 2432232314}', secret=SECRET, now_us=1_614_265_330_000_000)
    plain = b'msg_1.1614265330.{"test": 2432232314}'
    expected = base64.b64encode(hmac.new(b"twenty-four bytes of key", plain, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"


def test_the_example_of_the_specification_is_met():
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    headers = signed(
        "msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}', secret=secret, now_us=1_614_265_330_000_000
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@given(body=st.binary(max_size=200), flip=st.integers(0, 199), other=st.binary(min_size=1, max_size=1))
def test_any_other_body_is_refused(body, flip, other):
    headers = signed("k", body, secret=SECRET, now_us=AT_US)
    changed = body + other if flip >= len(body) else body[:flip] + bytes([body[flip] ^ 1]) + body[flip + 1 :]
    with pytest.raises(InputError, match="not signed"):
        check_signature(headers, changed, secret=SECRET, now_us=AT_US)


def test_old_messages_other_secrets_and_bare_ones_are_refused():
    headers = signed("k", b"{}", secret=SECRET, now_us=AT_US)
    late = AT_US + round((TOLERANCE_S + 1) * 1e6)
    with pytest.raises(InputError, match="both clocks"):
        check_signature(headers, b"{}", secret=SECRET, now_us=late)
    with pytest.raises(InputError, match="not signed"):
        check_signature(headers, b"{}", secret="another secret", now_us=AT_US)
    with pytest.raises(InputError, match="no usable"):
        check_signature({"webhook-id": "k"}, b"{}", secret=SECRET, now_us=AT_US)
    with pytest.raises(InputError, match="both clocks"):
        check_signature({**headers, "webhook-timestamp": "nan"}, b"{}", secret=SECRET, now_us=AT_US)


@pytest.mark.parametrize("status", [302, 400, 401, 410, 429, 500, 503])
def test_anything_but_2xx_is_a_failure_that_tells_no_secret(status):
    with receiver() as there:
        there.answers = [status]
        there.location = there.url + "/elsewhere"
        with pytest.raises(OutputError, match=str(status)) as caught:
            webhook(there.url).send(bulletin(), now_us=AT_US)
    assert len(there.received) == 1  # a redirect is not followed
    assert "t0ken" not in str(caught.value)
    assert "control-room" in str(caught.value)


def test_nobody_there_is_a_failure():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://localhost:{taken.getsockname()[1]}"
        with pytest.raises(OutputError, match="not reached"):
            webhook(url).send(bulletin(), now_us=AT_US)


def test_tls_is_checked(tmp_path):
    server, trust = contexts(tmp_path)
    with receiver(server) as there:
        webhook(there.url, trust=trust).send(bulletin(), now_us=AT_US)
        with pytest.raises(OutputError, match="SSLCertVerificationError"):
            webhook(there.url).send(bulletin(), now_us=AT_US)
    assert len(there.received) == 1


def test_a_receiver_takes_its_channel_and_its_roles():
    hook = webhook("https://receiver.example", roles=(Role.MANAGER,))
    assert hook.takes(bulletin(outgoing(to=Role.MANAGER)))
    assert not hook.takes(bulletin(outgoing(to=Role.SUPERVISOR)))
    assert not hook.takes(bulletin(outgoing(to=Role.MANAGER, channel="mail")))
    assert webhook("https://receiver.example").takes(bulletin(outgoing(to=Role.SUPERVISOR)))
