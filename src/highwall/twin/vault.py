"""The vault: secrets that must be read again, sealed with AES-256-GCM under a key that lies outside the store.

The key is in the environment (``HIGHWALL_STORE_KEY``) or in a file that only its owner can read, beside the store. It
may hold several, one a line: the first one seals, all of them open, so that a key can be exchanged, or an old one put
back. No backup of the store holds it.
"""

import base64
import binascii
import os
import secrets
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from highwall.core.errors import ConfigError

VARIABLE: Final = "HIGHWALL_STORE_KEY"
_MARK: Final = "v1."
"""Begins what is sealed; no key of an authenticator, which is Base32, has a dot."""
_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_OTHERS: Final = 0o077
_PLAIN: Final = str.maketrans("-_", "+/")
"""From the Base64 of addresses to the usual one."""


class Vault:
    """Seals and opens; its key is read when it is needed, and made when something is first sealed."""

    def __init__(self, path: Path | None, *, is_lasting: bool = True) -> None:
        """Prepare.

        Parameters
        ----------
        path
            File of the key; None: it must be in the environment.
        is_lasting
            Whether the store outlives this process; the key of one that does not is kept in memory.
        """
        self.path = path
        self._own = None if is_lasting else AESGCM.generate_key(8 * _KEY_BYTES)

    @property
    def where(self) -> str:
        """Where the key is."""
        return f"the environment ({VARIABLE})" if os.environ.get(VARIABLE) or self.path is None else str(self.path)

    def seal(self, text: str, *, of: str) -> str:
        """Seal a secret of somebody: it opens as nobody else's.

        Raises
        ------
        ConfigError
            There is no key, and no place where one may be kept.
        """
        key, nonce = (self._keys() or [self._made()])[0], secrets.token_bytes(_NONCE_BYTES)
        sealed = nonce + AESGCM(key).encrypt(nonce, text.encode(), of.encode())
        return _MARK + base64.urlsafe_b64encode(sealed).decode()

    def opened(self, sealed: str, *, of: str) -> str | None:
        """Open what was sealed; None: none of the keys here sealed it, or it is another's.

        Raises
        ------
        ConfigError
            The key cannot be read.
        """
        content = base64.urlsafe_b64decode(sealed.removeprefix(_MARK))
        for key in self._keys():
            try:
                return AESGCM(key).decrypt(content[:_NONCE_BYTES], content[_NONCE_BYTES:], of.encode()).decode()
            except InvalidTag:
                continue
        return None

    def _keys(self) -> list[bytes]:
        if self._own is not None:
            return [self._own]
        if given := os.environ.get(VARIABLE, ""):
            return _read(given, where=VARIABLE)
        if self.path is None or not self.path.exists():
            return []
        if self.path.stat().st_mode & _OTHERS:
            raise ConfigError(f"others can read the key {self.path}; chmod 600 it, and think whether they did.")
        return _read(self.path.read_text(encoding="ascii", errors="replace"), where=str(self.path))

    def _made(self) -> bytes:
        """Make a key, whole or not at all; where another process was faster its key counts.

        It is on the disk when this returns: what it seals may be there a moment later.
        """
        if self.path is None:
            raise ConfigError(
                f"this store has no place for the key of its secrets; set {VARIABLE} to 32 random bytes in Base64, "
                "or serve with --secrets FOLDER."
            )
        self.path.parent.mkdir(parents=True, exist_ok=True)
        part = self.path.with_name(f"{self.path.name}.{secrets.token_hex(4)}.part")
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(base64.urlsafe_b64encode(AESGCM.generate_key(8 * _KEY_BYTES)) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(part, self.path)
        except FileExistsError:
            pass
        finally:
            part.unlink()
        _sync(self.path.parent)
        return self._keys()[0]


def is_sealed(text: str) -> bool:
    """Whether a text is what :meth:`Vault.seal` gives."""
    return text.startswith(_MARK)


def _sync(folder: Path) -> None:
    """Have the names in a folder written to the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read(text: str, *, where: str) -> list[bytes]:
    """Keys of a text, each 32 bytes in Base64; what is wrong is not repeated."""
    try:
        keys = [base64.b64decode(word.translate(_PLAIN), validate=True) for word in text.split()]
    except binascii.Error as error:
        raise ConfigError(f"the key in {where} is not Base64; give 32 random bytes, a key a line.") from error
    if not keys or any(len(key) != _KEY_BYTES for key in keys):
        raise ConfigError(f"a key in {where} has not {_KEY_BYTES} bytes; give 32 random bytes in Base64, a key a line.")
    return keys
