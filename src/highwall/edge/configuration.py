"""The configuration of a gateway: signed, tried, kept if the server confirms it, taken back if not.

Two files' worth of state in one: the configuration that is *kept*, and one on *trial*. A trial ends when the server has
durably what the gateway said under it; when that takes too long, or the gateway was started too often meanwhile, the
kept one returns. The outbox is not touched by any of this.
"""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
from pydantic import ValidationError

from highwall.core.errors import ConfigError, InputError, OutputError
from highwall.edge.options import GatewayConfig
from highwall.telemetry.messages import Event, SignedConfig
from highwall.twin.keys import verify_config

EVENT: Final = "config_report"
_MOST_STARTS: Final = 3
"""Starts within one trial after which it counts as failed."""
_S: Final = 1_000_000


class Trial(msgspec.Struct, frozen=True):
    """A configuration that the server has not confirmed yet."""

    content: str
    began_us: int
    n_starts: int = 1


class Kept(msgspec.Struct, frozen=True):
    """What is written to the disk."""

    content: str
    highest: int
    """Highest version that was ever accepted: none below it comes again."""
    trial: Trial | None = None


class _Numbered(msgspec.Struct):
    version: int


class Changed(NamedTuple):
    """The configuration that holds now, and what is to be reported of it."""

    config: GatewayConfig
    event: Event


class Configuration:
    """The configuration in force, in a file that is replaced as a whole."""

    def __init__(self, path: Path, kept: Kept, *, signer: str) -> None:
        self._path = path
        self._kept = kept
        self._signer = signer

    @classmethod
    def open(cls, path: Path, *, initial: GatewayConfig, signer: str) -> "Configuration":
        """Read the file, or begin with a first configuration where there is none.

        Parameters
        ----------
        signer
            Public key of the server, base64.

        Raises
        ------
        ConfigError
            The file cannot be read.
        OutputError
            It cannot be written.
        """
        if not path.exists():
            opened = cls(path, Kept(initial.model_dump_json(), initial.version), signer=signer)
            opened._write()
            return opened
        try:
            kept = msgspec.json.decode(path.read_bytes(), type=Kept)
            read_config(kept.content)
        except (OSError, msgspec.DecodeError, InputError) as error:
            raise ConfigError(f"{path} cannot be read ({error}); delete it to begin with the first one.") from error
        return cls(path, kept, signer=signer)

    @property
    def current(self) -> GatewayConfig:
        """The configuration in force."""
        return read_config(self._content)

    @property
    def sha256(self) -> str:
        """Hash of its text, by which it is reported."""
        return hashlib.sha256(self._content.encode()).hexdigest()

    @property
    def is_on_trial(self) -> bool:
        """Whether the server must still confirm it."""
        return self._kept.trial is not None

    def offer(
        self, signed: SignedConfig, now_us: int, *, check: Callable[[GatewayConfig], None] = lambda config: None
    ) -> Changed | None:
        """Take a signed configuration on trial; None: it is in force already.

        Parameters
        ----------
        check
            Raises InputError where the gateway cannot work by it.

        Raises
        ------
        InputError
            Its signature does not fit, it is for another gateway, cannot be read, is not newer, or fails the check.
        """
        content = verify_config(signed, self._signer)
        if content == self._content:
            return None
        config = read_config(content)
        if config.gateway != self.current.gateway:
            raise InputError(f"the configuration is for {config.gateway!r}, and this is {self.current.gateway!r}.")
        if config.version <= self._kept.highest:
            raise InputError(f"version {config.version} is not newer than {self._kept.highest}; number it higher.")
        check(config)
        self._set(Kept(self._kept.content, config.version, Trial(content, now_us)))
        return Changed(config, self._report("applied", now_us, version=self.current.version))

    def confirm(self) -> None:
        """Keep what is on trial: the server has what was said under it."""
        if self._kept.trial is not None:
            self._set(Kept(self._kept.trial.content, self._kept.highest))

    def started(self, now_us: int) -> Changed | None:
        """Count a start of the process; one too many ends a trial, which otherwise begins anew."""
        trial = self._kept.trial
        if trial is None:
            return None
        if trial.n_starts >= _MOST_STARTS:
            return self._roll_back(f"{trial.n_starts} starts without a confirmation", now_us)
        again = msgspec.structs.replace(trial, began_us=now_us, n_starts=trial.n_starts + 1)
        self._set(msgspec.structs.replace(self._kept, trial=again))
        return Changed(self.current, self._report("applied", now_us, version=self.current.version))

    def advance(self, now_us: int) -> Changed | None:
        """End a trial that lasts too long; where the clock was set back meanwhile, it has its whole time again."""
        trial = self._kept.trial
        if trial is not None and now_us < trial.began_us:
            trial = msgspec.structs.replace(trial, began_us=now_us)
            self._set(msgspec.structs.replace(self._kept, trial=trial))
        if trial is None or now_us - trial.began_us < read_config(trial.content).limits.trial_s * _S:
            return None
        return self._roll_back("the server did not confirm it in time", now_us)

    def refusal(self, signed: SignedConfig, error: InputError, now_us: int) -> Event:
        """Report that an offer was refused, and why; what is in force stays."""
        return self._report("refused", now_us, version=_version_of(signed.content), reason=str(error))

    def _roll_back(self, reason: str, now_us: int) -> Changed:
        failed = self.current.version
        self._set(msgspec.structs.replace(self._kept, trial=None))
        return Changed(self.current, self._report("rolled_back", now_us, version=failed, reason=reason))

    def _report(self, outcome: str, now_us: int, *, version: int | None, **more: object) -> Event:
        """Report what became of a version, and which one is in force."""
        current = self.current.version
        data = {"outcome": outcome, "version": version, "in_force": current, "sha256": self.sha256, **more}
        return Event(EVENT, now_us, f"version-{current if version is None else version}", data)

    @property
    def _content(self) -> str:
        return self._kept.content if self._kept.trial is None else self._kept.trial.content

    def _set(self, kept: Kept) -> None:
        self._kept = kept
        self._write()

    def _write(self) -> None:
        replace_file(self._path, msgspec.json.encode(self._kept))


def replace_file(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Replace a file as a whole: after a power cut it holds the old content or the new.

    Raises
    ------
    OutputError
        The disk does not take it.
    """
    draft = path.with_name(path.name + ".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(draft, "wb", opener=lambda name, flags: os.open(name, flags, mode)) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error}; free some disk space.") from error


def _version_of(content: str) -> int | None:
    """Version that a text claims to be; None: it is no configuration."""
    try:
        return msgspec.json.decode(content, type=_Numbered).version
    except (msgspec.DecodeError, UnicodeEncodeError):
        return None


def read_config(content: str) -> GatewayConfig:
    """Read the text of a configuration.

    Raises
    ------
    ConfigError
        It holds an unknown name, or a value out of bounds.
    """
    try:
        return GatewayConfig.model_validate_json(content)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
        raise ConfigError(f"the configuration cannot be used: {faults}.") from error
