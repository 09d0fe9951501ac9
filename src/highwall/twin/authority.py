"""The certificate authority of a site: it vouches for its broker and its gateways, and withdraws that again.

Pure: keys and certificates are PEM texts, time is an argument. A gateway's name stands in its certificate, and the
broker takes it from there: nobody can be another. Of a request only the key is taken, never the name that it asks for.
"""

import datetime as dt
import ipaddress
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from highwall.core.errors import InputError
from highwall.telemetry.messages import check_name
from highwall.twin.keys import private_pem

SERVER_NAME: Final = "highwall-server"
"""As which the server itself speaks at the broker; no gateway may have it."""
_YEARS: Final = 365.25
AUTHORITY_DAYS: Final = round(20 * _YEARS)
CERTIFICATE_DAYS: Final = round(2 * _YEARS)
_RENEWED_IN: Final = 6
"""A certificate is renewed in this last part of its life: of two years the last four months."""
_CLOCK_SLACK: Final = dt.timedelta(hours=26)
"""How far a gateway's clock may be behind, a time zone taken for UTC included."""
_LEAST_RSA_BITS: Final = 2048


class Authority(NamedTuple):
    """What signs."""

    certificate: bytes
    """PEM; goes to everyone."""
    key: bytes
    """PEM; stays with the server."""


class Issued(NamedTuple):
    """A certificate that was given out."""

    certificate: bytes
    """PEM."""
    serial: int
    fingerprint: str
    """SHA-256 of the certificate, in hexadecimal."""
    until: dt.datetime


class Revoked(NamedTuple):
    """A certificate that counts no more."""

    serial: int
    since: dt.datetime


def new_authority(site: str, *, now: dt.datetime) -> Authority:
    """Make the authority of a site, whose certificate it signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(f"Highwall authority of {check_name(site, what='site')}")
    usage = x509.KeyUsage(
        digital_signature=False, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    certificate = (
        _builder(name, key.public_key(), now=now, days=AUTHORITY_DAYS)
        .issuer_name(name)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )
    return Authority(certificate.public_bytes(serialization.Encoding.PEM), private_pem(key))


def issue_gateway(authority: Authority, request: bytes, *, gateway: str, now: dt.datetime) -> Issued:
    """Certify the key of a request for a gateway.

    Raises
    ------
    InputError
        The request cannot be read, does not prove that its sender has the key, or the key is weak; or the name is
        kept for the server.
    """
    if check_name(gateway, what="gateway") == SERVER_NAME:
        raise InputError(f"{SERVER_NAME} is the server's own name; call the gateway otherwise.")
    builder = _builder(_name(gateway), _key_of(request), now=now, days=CERTIFICATE_DAYS)
    return _issue(authority, builder, purposes=[ExtendedKeyUsageOID.CLIENT_AUTH])


def issue_server(authority: Authority, request: bytes, *, hosts: Sequence[str], now: dt.datetime) -> Issued:
    """Certify the key of a request for the server and its broker, under the names and addresses of its machine.

    Raises
    ------
    InputError
        The request cannot be used, or no host is given.
    """
    if not hosts:
        raise InputError("a server's certificate needs at least one name or address under which gateways reach it.")
    builder = _builder(_name(SERVER_NAME), _key_of(request), now=now, days=CERTIFICATE_DAYS).add_extension(
        x509.SubjectAlternativeName([_host(host) for host in hosts]), critical=False
    )
    return _issue(authority, builder, purposes=[ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])


def is_near_end(certificate: bytes, *, now: dt.datetime) -> bool:
    """Whether it is time to renew a certificate (PEM)."""
    found = x509.load_pem_x509_certificate(certificate)
    life = found.not_valid_after_utc - found.not_valid_before_utc
    return found.not_valid_after_utc - now < life / _RENEWED_IN


def revocation_list(authority: Authority, revoked: Iterable[Revoked], *, now: dt.datetime) -> bytes:
    """List what counts no more, as the broker reads it (PEM).

    It is valid as long as the authority, since a broker turns everyone away whose list has run out.
    """
    issuer = x509.load_pem_x509_certificate(authority.certificate)
    builder = x509.CertificateRevocationListBuilder().issuer_name(issuer.subject)
    builder = builder.last_update(now - _CLOCK_SLACK).next_update(issuer.not_valid_after_utc)
    for serial, since in sorted(revoked):
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(since).build()
        builder = builder.add_revoked_certificate(entry)
    return builder.sign(_signer(authority), hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def _issue(authority: Authority, builder: x509.CertificateBuilder, *, purposes: list[x509.ObjectIdentifier]) -> Issued:
    issuer = x509.load_pem_x509_certificate(authority.certificate)
    certificate = (
        builder.issuer_name(issuer.subject)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage(purposes), critical=True)
        .sign(_signer(authority), hashes.SHA256())
    )
    return Issued(
        certificate.public_bytes(serialization.Encoding.PEM),
        certificate.serial_number,
        certificate.fingerprint(hashes.SHA256()).hex(),
        certificate.not_valid_after_utc,
    )


def _builder(
    name: x509.Name, key: ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | rsa.RSAPublicKey, *,
    now: dt.datetime, days: int,
) -> x509.CertificateBuilder:  # fmt: skip
    builder = x509.CertificateBuilder().subject_name(name).public_key(key)
    builder = builder.serial_number(x509.random_serial_number())
    return builder.not_valid_before(now - _CLOCK_SLACK).not_valid_after(now + dt.timedelta(days=days))


def _key_of(request: bytes) -> ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | rsa.RSAPublicKey:
    try:
        found = x509.load_pem_x509_csr(request)
        is_proven = found.is_signature_valid
        key = found.public_key()
    except Exception as error:  # the parser raises what its format brings: ValueError, TypeError, its own
        raise InputError(f"the request for a certificate cannot be read ({error}); send a PKCS #10 as PEM.") from error
    if not is_proven:
        raise InputError("the request is not signed with its own key; make it anew.")
    if isinstance(key, ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey):
        return key
    if isinstance(key, rsa.RSAPublicKey) and key.key_size >= _LEAST_RSA_BITS:
        return key
    raise InputError(f"the key is too weak or of another kind; use P-256, Ed25519 or RSA of {_LEAST_RSA_BITS} bits.")


def _signer(authority: Authority) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(authority.key, None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise InputError("the authority's key is not one on an elliptic curve; it was not made by Highwall.")
    return key


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
