"""Keys that a gateway and the server make: for TLS, with a request for a certificate, and for signed configurations."""

import base64
import binascii
from typing import Final, NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.x509.oid import NameOID

from highwall.core.errors import InputError
from highwall.telemetry.messages import SignedConfig

_CONTEXT: Final = b"highwall configuration 1\n"
"""Stands before what is signed, so that a signature fits nothing else."""


class Request(NamedTuple):
    """A key of one's own, and the request to certify it."""

    key: bytes
    """PEM, not encrypted; stays where it was made."""
    request: bytes
    """PEM (PKCS #10)."""


def new_request(name: str) -> Request:
    """Make a key (P-256) and the request for its certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    return Request(private_pem(key), request_for(private_pem(key), name))


def request_for(key: bytes, name: str) -> bytes:
    """Request the certificate of a key that is there already."""
    private = serialization.load_pem_private_key(key, None)
    if not isinstance(private, ec.EllipticCurvePrivateKey):
        raise InputError("the key of a gateway is one on an elliptic curve; make a new one.")
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(private, hashes.SHA256())
    return request.public_bytes(serialization.Encoding.PEM)


def private_pem(key: ec.EllipticCurvePrivateKey | Ed25519PrivateKey) -> bytes:
    """Write a key as PEM, not encrypted."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def new_signing_key() -> bytes:
    """Make the key (Ed25519, PEM) with which the server signs configurations."""
    return private_pem(Ed25519PrivateKey.generate())


def verifying_key(signing_key: bytes) -> str:
    """Give what a gateway needs to check signatures: the public key, base64."""
    public = _signer(signing_key).public_key()
    raw = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return base64.b64encode(raw).decode()


def sign_config(content: str, signing_key: bytes) -> SignedConfig:
    """Sign a configuration, exactly as its text stands."""
    signature = _signer(signing_key).sign(_CONTEXT + content.encode())
    return SignedConfig(content, base64.b64encode(signature).decode())


def verify_config(signed: SignedConfig, key: str) -> str:
    """Give the text of a configuration whose signature fits a public key.

    Raises
    ------
    InputError
        It does not fit.
    """
    try:
        public = Ed25519PublicKey.from_public_bytes(base64.b64decode(key, validate=True))
        public.verify(base64.b64decode(signed.signature, validate=True), _CONTEXT + signed.content.encode())
    except (InvalidSignature, binascii.Error, ValueError) as error:
        raise InputError("the configuration was not signed by the server of this site; send it again.") from error
    return signed.content


def _signer(signing_key: bytes) -> Ed25519PrivateKey:
    key = serialization.load_pem_private_key(signing_key, None)
    if not isinstance(key, Ed25519PrivateKey):
        raise InputError("configurations are signed with an Ed25519 key; make one.")
    return key
