"""Options of the web server."""

from pydantic import BaseModel, ConfigDict, Field, IPvAnyNetwork


class WebOptions(BaseModel):
    """How the server treats those who ask."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    session_hours: float = Field(12.0, gt=0, le=168, description="how long a login holds [h]; a shift by default")
    is_secure: bool = Field(False, description="the pages are reached by https: cookies are Secure, HSTS is sent")
    trusted_proxies: tuple[IPvAnyNetwork, ...] = Field(
        (), max_length=100,
        description="addresses or networks of proxies before the server; from them alone X-Forwarded-For and "
        "X-Forwarded-Proto are believed",
    )  # fmt: skip
    max_body_bytes: int = Field(2_000_000, ge=10_000, le=100_000_000, description="longest request [byte]")
    live_interval_s: float = Field(0.25, ge=0.02, le=5, description="shortest time between two words to a browser [s]")
    heartbeat_s: float = Field(2.0, ge=0.1, le=60, description="longest silence toward a browser [s]")
    recheck_s: float = Field(5.0, ge=0.1, le=300, description="how often an open socket's rights are looked up [s]")
    scene_low_percent: float = Field(2.0, ge=0, lt=50, description="percentile of a scene that is drawn black [%]")
    scene_high_percent: float = Field(98.0, gt=50, le=100, description="percentile that is drawn white [%]")
    max_points: int = Field(5000, ge=10, le=100_000, description="most points of one series")
    max_page: int = Field(1000, ge=10, le=10_000, description="most rows of one page")
