"""What `highwall serve` can be told, in serve.yaml."""

import getpass
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from highwall.telemetry.window_options import CrackPlace
from highwall.twin.broker import BrokerOptions
from highwall.twin.engine_options import EngineOptions
from highwall.twin.ingest import IngestOptions
from highwall.twin.notify_options import NotifyOptions
from highwall.twin.oidc import OidcOptions
from highwall.web.options import WebOptions


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class PushOptions(_Section):
    """Another system that is told when assets move or change."""

    url: SecretStr = Field(description="address that takes signed JSON; https, or http on this machine alone")
    secret: SecretStr = Field(min_length=16, description="shared with it, for the signature")
    every_s: float = Field(5.0, ge=0.2, le=3600, description="changes are gathered for so long [s]")

    @field_validator("url")
    @classmethod
    def _is_safe(cls, url: SecretStr) -> SecretStr:
        parts = urlsplit(url.get_secret_value())
        is_local = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost")
        if not parts.hostname or not (parts.scheme == "https" or is_local):
            raise ValueError("give an https address; http only on this machine")
        return url


class RetentionOptions(_Section):
    """How long what is kept."""

    track_days: float = Field(
        30.0,
        gt=0,
        le=3650,
        description="tracks of people, and all that their tags said [day]",
    )
    journal_days: float = Field(
        7.0, gt=0, le=3650, description="what gateways said, as it came, once it is worked out [day]"
    )
    reading_days: float | None = Field(None, gt=0, le=36_500, description="readings [day]; by default for ever")


class CrackWatchOptions(_Section):
    """Ground that is judged each hour by a classifier of sensor windows."""

    weights: Path = Field(description="file of the classifier, as `highwall train crack-windows` leaves it")
    places: tuple[CrackPlace, ...] = Field(min_length=1, description="which sensors stand beside which ground")


class ServeConfig(_Section):
    """serve.yaml; everything has a default."""

    site: str = Field("mine", pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$", description="name of the site on the wire")
    title: str | None = Field(None, max_length=100, description="what the pages call it; by default as the run does")
    time_zone: str = Field("UTC", max_length=60, description="of the site, as America/Sao_Paulo")
    center: tuple[float, float] | None = Field(None, description="longitude and latitude, where no run is given")
    step_s: float = Field(0.1, ge=0.01, le=10, description="pause of the engine when nothing waits [s]")
    web: WebOptions = WebOptions()
    ingest: IngestOptions = IngestOptions()
    engine: EngineOptions = EngineOptions()
    notify: NotifyOptions = NotifyOptions()
    retention: RetentionOptions = RetentionOptions()
    cracks: CrackWatchOptions | None = None
    neighbours: Path | None = Field(
        None, description="groups of sensors that are asked about one another: a file of `highwall sensors neighbours`"
    )
    oidc: OidcOptions | None = None
    push: PushOptions | None = None
    certificate: Path | None = Field(None, description="certificate of the pages, PEM; none: plain http, or a proxy")
    key: Path | None = Field(None, description="its key, PEM")
    broker: str = Field("", max_length=200, description="address of the broker that gateways are told")
    mosquitto: BrokerOptions = Field(
        default_factory=lambda: BrokerOptions(user=getpass.getuser()), description="how the broker is set up"
    )
    permits: Path | None = Field(None, description="vector file of permits for the map")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.certificate is None) is not (self.key is None):
            raise ValueError("certificate and key go together")
        return self

    @property
    def pages(self) -> WebOptions:
        """Options of the pages; with a certificate of our own they are reached by https."""
        return self.web.model_copy(update={"is_secure": self.web.is_secure or self.certificate is not None})
