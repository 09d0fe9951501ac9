"""A gateway's certificate: asked for in time, taken whole or not at all, and never from anyone else."""

import datetime as dt
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from highwall.core.errors import InputError
from highwall.edge.registration import _key_file
from highwall.edge.renewal import Renewal, has_run_out
from highwall.telemetry.messages import CertificateAnswer
from highwall.twin.authority import Authority, issue_gateway, new_authority
from highwall.twin.keys import new_request
from tests.edge.gateways import NOW, S

DAY_US = 86_400 * S
BEGAN = dt.datetime.fromtimestamp(NOW / 1e6, dt.UTC)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """An authority, and a gateway's folder beside which it signed two years."""
    made, request = new_authority("pit", now=BEGAN), new_request("gw-1")
    (tmp_path / "authority.pem").write_bytes(made.certificate)
    (tmp_path / "gateway.key").write_bytes(request.key)
    (tmp_path / "gateway.pem").write_bytes(issued(made, request.request))
    return made


def issued(authority: Authority, request: bytes, *, gateway: str = "gw-1", days: float = 0.0) -> bytes:
    now = BEGAN + dt.timedelta(days=days)
    return issue_gateway(authority, request, gateway=gateway, now=now).certificate


def asked(folder: Path, *, days: float = 650.0) -> tuple[Renewal, bytes]:
    renewal = Renewal(folder, gateway="gw-1")
    request = renewal.request(NOW + round(days * DAY_US))
    assert request is not None
    return renewal, request.csr.encode()


@pytest.mark.parametrize(
    ("days", "is_time"), [(0.0, False), (600.0, False), (620.0, True), (729.0, True), (731.0, False)]
)
def test_it_is_asked_for_in_the_last_months_and_not_beyond_the_end(
    tmp_path: Path, authority: Authority, days: float, is_time: bool
) -> None:
    assert (Renewal(tmp_path, gateway="gw-1").request(NOW + round(days * DAY_US)) is not None) is is_time
    assert has_run_out(tmp_path, NOW + round(days * DAY_US)) is (days > 730)


def test_a_request_without_an_answer_comes_again_after_an_hour_for_the_same_key(
    tmp_path: Path, authority: Authority
) -> None:
    renewal, first = asked(tmp_path)
    at_us = NOW + 650 * DAY_US
    assert renewal.request(at_us + 1800 * S) is None
    second = renewal.request(at_us + 3600 * S)
    _, third = asked(tmp_path)  # a new process
    assert second is not None
    requests = [x509.load_pem_x509_csr(one) for one in (first, second.csr.encode(), third)]
    keys = {one.public_key().public_numbers() for one in requests}  # type: ignore[union-attr]
    own = serialization.load_pem_private_key((tmp_path / "gateway.key").read_bytes(), None).public_key()
    assert len(keys) == 1
    assert own.public_numbers() not in keys  # type: ignore[union-attr]


def test_the_answer_stands_in_one_file_with_its_key(tmp_path: Path, authority: Authority) -> None:
    renewal, request = asked(tmp_path)
    answer = CertificateAnswer(issued(authority, request, days=650).decode())
    assert renewal.take(answer)
    assert not renewal.take(answer)  # it came twice
    both = (tmp_path / "gateway.pem").read_bytes()
    key = serialization.load_pem_private_key(both[both.index(b"-----BEGIN PRIVATE") :], None)
    assert x509.load_pem_x509_certificate(both).public_key() == key.public_key()
    assert _key_file(tmp_path) == tmp_path / "gateway.pem"
    assert (tmp_path / "gateway.pem").stat().st_mode & 0o077 == 0
    assert asked(tmp_path, days=1300)[1]  # and again, two years on


def test_what_was_not_asked_for_changes_nothing(tmp_path: Path, authority: Authority) -> None:
    before = (tmp_path / "gateway.pem").read_bytes()
    with pytest.raises(InputError, match="not asked for"):
        Renewal(tmp_path, gateway="gw-1").take(CertificateAnswer("whatever"))
    renewal, request = asked(tmp_path)
    stranger = new_authority("pit", now=BEGAN)
    for answer, why in [
        (CertificateAnswer(reason="it is not in"), "it is not in"),
        (CertificateAnswer("no certificate"), "cannot be read"),
        (CertificateAnswer(issued(stranger, request, days=650).decode()), "authority"),
        (CertificateAnswer(issued(authority, request, gateway="gw-2", days=650).decode()), "in the name of gw-1"),
        (CertificateAnswer(issued(authority, new_request("gw-1").request, days=650).decode()), "the key that was sent"),
        (CertificateAnswer(issued(authority, request).decode()), "last longer"),
    ]:
        with pytest.raises(InputError, match=why):
            renewal.take(answer)
    assert (tmp_path / "gateway.pem").read_bytes() == before
    assert _key_file(tmp_path) == tmp_path / "gateway.key"


def test_a_damaged_certificate_is_told_and_stops_nothing_else(tmp_path: Path, authority: Authority) -> None:
    (tmp_path / "gateway.pem").write_bytes(b"-----BEGIN CERTIFICATE-----\nMII")
    with pytest.raises(InputError, match="claim the gateway again"):
        Renewal(tmp_path, gateway="gw-1").request(NOW)
