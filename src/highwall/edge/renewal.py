"""The certificate of a gateway, renewed in the last part of its life over the way that it still opens.

The request, for a new key, goes to the server through the broker, which has checked the present certificate. The answer
takes the place of the old one in one file together with its key, whole or not at all; the old one stays good until its
end. One that has run out cannot be renewed: nobody would know who asks.
"""

import datetime as dt
import logging
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.x509.oid import NameOID

from highwall.core.errors import InputError
from highwall.edge.configuration import replace_file
from highwall.edge.registration import AUTHORITY_FILE, CERTIFICATE_FILE
from highwall.telemetry.messages import CertificateAnswer, CertificateRequest
from highwall.twin.authority import is_near_end
from highwall.twin.keys import new_request, request_for

NEXT_KEY_FILE: Final = "gateway.key.next"
_AGAIN_US: Final = 3_600_000_000
"""An answer that does not come is asked for again after so long, and an end is told again."""
_LOG: Final = logging.getLogger(__name__)


def valid_until(folder: Path) -> dt.datetime:
    """Tell when the certificate in a gateway's folder runs out.

    Raises
    ------
    InputError
        There is none, or it cannot be read.
    """
    return _certificate(_present(folder)).not_valid_after_utc


def has_run_out(folder: Path, now_us: int) -> bool:
    """Whether the certificate in a gateway's folder opens no broker any more."""
    return valid_until(folder) <= _at(now_us)


class Renewal:
    """Looks after the certificate in a gateway's folder."""

    def __init__(self, folder: Path, *, gateway: str) -> None:
        self._folder = folder
        self._gateway = gateway
        self._told_us: int | None = None

    def request(self, now_us: int) -> CertificateRequest | None:
        """Ask for a new certificate where it is time; None: not now.

        Raises
        ------
        InputError
            The certificate cannot be read.
        OutputError
            The key for the new one cannot be kept.
        """
        present = _present(self._folder)
        until = _certificate(present).not_valid_after_utc
        is_told = self._told_us is not None and 0 <= now_us - self._told_us < _AGAIN_US
        if is_told or not is_near_end(present, now=_at(now_us)):
            return None
        self._told_us = now_us
        if until <= _at(now_us):
            _LOG.error(
                "the certificate of gateway %s ran out at %s; what is said waits in the outbox. Have a code made in "
                "the gateways page, and claim again: highwall gateway claim %s", self._gateway, until, self._folder,
            )  # fmt: skip
            return None
        return CertificateRequest(self._next_request().decode())

    def take(self, answer: CertificateAnswer) -> bool:
        """Put the new certificate in the place of the old one; False: it is the present one.

        Raises
        ------
        InputError
            The server refused, or it is not the certificate that was asked for.
        OutputError
            It cannot be written.
        """
        if not answer.certificate:
            raise InputError(f"the server does not renew the certificate: {answer.reason or 'it does not say why'}.")
        given, path = answer.certificate.encode(), self._folder / CERTIFICATE_FILE
        if path.read_bytes().startswith(given):
            return False
        key = self._next_key()
        self._check(given, key)
        replace_file(path, given + key)
        (self._folder / NEXT_KEY_FILE).unlink(missing_ok=True)
        _LOG.warning("certificate of gateway %s renewed until %s", self._gateway, valid_until(self._folder))
        return True

    def _next_request(self) -> bytes:
        """Request for the key of the next certificate, which is made, and kept, where there is none yet."""
        path = self._folder / NEXT_KEY_FILE
        if path.exists():
            return request_for(path.read_bytes(), self._gateway)
        made = new_request(self._gateway)
        replace_file(path, made.key)
        return made.request

    def _next_key(self) -> bytes:
        path = self._folder / NEXT_KEY_FILE
        if not path.exists():
            raise InputError("a certificate came that was not asked for.")
        return path.read_bytes()

    def _check(self, given: bytes, key: bytes) -> None:
        """Refuse a certificate of another key, name or authority, or one that does not last longer."""
        certificate = _certificate(given)
        authority = _certificate((self._folder / AUTHORITY_FILE).read_bytes())
        try:
            certificate.verify_directly_issued_by(authority)
        except (ValueError, TypeError, InvalidSignature) as error:
            raise InputError("the new certificate is not one of this site's authority.") from error
        names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        if [name.value for name in names] != [self._gateway]:
            raise InputError(f"the new certificate is not in the name of {self._gateway}.")
        if _raw(certificate.public_key()) != _raw(serialization.load_pem_private_key(key, None).public_key()):
            raise InputError("the new certificate is not for the key that was sent.")
        if certificate.not_valid_after_utc <= valid_until(self._folder):
            raise InputError("the new certificate does not last longer than the present one.")


def _present(folder: Path) -> bytes:
    try:
        return (folder / CERTIFICATE_FILE).read_bytes()
    except OSError as error:
        raise InputError(f"the certificate in {folder} cannot be read ({error}); claim the gateway again.") from error


def _certificate(pem: bytes) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(pem)
    except ValueError as error:
        raise InputError(f"a certificate cannot be read ({error}); claim the gateway again.") from error


def _raw(key: PublicKeyTypes) -> bytes:
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def _at(now_us: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(now_us / 1e6, dt.UTC)
