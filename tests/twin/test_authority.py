"""Certificates name whom the authority says, for keys that their owners have; signatures fit one text alone."""

import datetime as dt

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import given
from hypothesis import strategies as st

from highwall.core.errors import InputError
from highwall.telemetry.messages import SignedConfig
from highwall.twin.authority import (
    SERVER_NAME,
    Authority,
    Revoked,
    issue_gateway,
    issue_server,
    new_authority,
    revocation_list,
)
from highwall.twin.keys import new_request, new_signing_key, request_for, sign_config, verify_config, verifying_key

NOW = dt.datetime(2026, 3, 4, 5, 6, 7, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def authority() -> Authority:
    return new_authority("pit", now=NOW)


def common_name(certificate: x509.Certificate) -> str:
    return str(certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)


def test_a_gateway_is_named_by_the_authority_not_by_its_request(authority: Authority) -> None:
    request = new_request("highwall-server")
    issued = issue_gateway(authority, request.request, gateway="gw-1", now=NOW)
    certificate = x509.load_pem_x509_certificate(issued.certificate)
    assert common_name(certificate) == "gw-1"
    assert certificate.serial_number == issued.serial
    assert certificate.fingerprint(hashes.SHA256()).hex() == issued.fingerprint
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    key = serialization.load_pem_private_key(request.key, None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert key.public_key() == certificate.public_key()


def test_certificates_are_signed_by_the_authority_and_are_none_themselves(authority: Authority) -> None:
    root = x509.load_pem_x509_certificate(authority.certificate)
    issued = issue_server(authority, new_request("x").request, hosts=["mine.example", "10.0.0.7"], now=NOW)
    certificate = x509.load_pem_x509_certificate(issued.certificate)
    certificate.verify_directly_issued_by(root)
    assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["mine.example"]
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["10.0.0.7"]
    assert certificate.not_valid_before_utc < NOW - dt.timedelta(days=1)  # a gateway's clock may be a zone behind
    assert certificate.not_valid_after_utc == issued.until


def test_no_gateway_takes_the_servers_name(authority: Authority) -> None:
    with pytest.raises(InputError, match="own name"):
        issue_gateway(authority, new_request("x").request, gateway=SERVER_NAME, now=NOW)


@pytest.mark.parametrize("name", ["", "GW", "a/b", "gw\nuser evil", "x" * 41])
def test_names_that_could_leave_their_topic_are_refused(authority: Authority, name: str) -> None:
    with pytest.raises(InputError):
        issue_gateway(authority, new_request("x").request, gateway=name, now=NOW)


@given(st.binary(max_size=400))
def test_what_is_no_request_is_refused(junk: bytes) -> None:
    made = new_authority("pit", now=NOW)
    with pytest.raises(InputError, match="cannot be read"):
        issue_gateway(made, junk, gateway="gw-1", now=NOW)


def test_a_request_whose_sender_has_not_the_key_is_refused(authority: Authority) -> None:
    request = x509.load_pem_x509_csr(new_request("x").request)
    der = bytearray(request.public_bytes(serialization.Encoding.DER))
    der[-5] ^= 0xFF  # within the signature
    forged = serialization.Encoding.PEM, bytes(der)
    pem = x509.load_der_x509_csr(forged[1]).public_bytes(forged[0])
    with pytest.raises(InputError, match="own key"):
        issue_gateway(authority, pem, gateway="gw-1", now=NOW)


def test_a_weak_key_is_refused(authority: Authority) -> None:
    weak = rsa.generate_private_key(65_537, 1024)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")])
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(weak, hashes.SHA256())
    with pytest.raises(InputError, match="too weak"):
        issue_gateway(authority, request.public_bytes(serialization.Encoding.PEM), gateway="gw-1", now=NOW)


def test_the_same_key_gives_a_request_again() -> None:
    made = new_request("gateway")
    again = x509.load_pem_x509_csr(request_for(made.key, "gateway"))
    assert again.public_key() == x509.load_pem_x509_csr(made.request).public_key()


def test_the_revocation_list_names_what_was_revoked(authority: Authority) -> None:
    listed = x509.load_pem_x509_crl(revocation_list(authority, [Revoked(7, NOW), Revoked(5, NOW)], now=NOW))
    assert sorted(entry.serial_number for entry in listed) == [5, 7]
    root = x509.load_pem_x509_certificate(authority.certificate)
    key = root.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert listed.is_signature_valid(key)
    assert listed.next_update_utc == root.not_valid_after_utc


def test_a_signature_fits_its_text_and_key_alone() -> None:
    key = new_signing_key()
    signed = sign_config('{"version": 1}', key)
    assert verify_config(signed, verifying_key(key)) == '{"version": 1}'
    for wrong in (
        (SignedConfig('{"version": 2}', signed.signature), verifying_key(key)),
        (signed, verifying_key(new_signing_key())),
        (SignedConfig(signed.content, "AAAA"), verifying_key(key)),
        (SignedConfig(signed.content, "not base64!"), verifying_key(key)),
        (signed, "short"),
    ):
        with pytest.raises(InputError, match="not signed by the server"):
            verify_config(*wrong)
