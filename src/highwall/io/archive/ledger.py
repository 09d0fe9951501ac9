"""A ledger of ordered interferograms that outlives the program: what was asked for, how it stands, what came."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from highwall.core.errors import InputError, MissingInputError
from highwall.io.aside import write_text

Status = Literal["PREPARED", "PENDING", "RUNNING", "SUCCEEDED", "FAILED"]


class OrderOptions(BaseModel):
    """How HyP3 makes interferograms."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    job_type: Literal["INSAR_GAMMA", "INSAR_ISCE_MULTI_BURST"] = Field(
        default="INSAR_GAMMA", description="whole slices by GAMMA, or bursts by ISCE2 (a plan made of bursts)"
    )
    looks: Literal["20x4", "10x2"] = Field(default="10x2", description="looks: 20x4 leaves 80 m pixels, 10x2 40 m")
    water_mask: bool = Field(default=False, description="leave water out of the unwrapping; pit lakes are water too")
    retry_failed: bool = Field(default=False, description="order anew, for credits, what failed before")
    phase_filter: float = Field(default=0.6, ge=0, le=1, description="strength of the Goldstein filter, GAMMA only [1]")


class Order(BaseModel):
    """One job of HyP3."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pair: str = Field(description="YYYYMMDD_YYYYMMDD")
    job: dict[str, Any] = Field(description="the job as HyP3 takes it")
    job_id: str | None = None
    status: Status = "PREPARED"
    files: tuple[str, ...] = Field(default=(), description="what was downloaded, beside the ledger")

    @property
    def key(self) -> str:
        """What makes it the same as another order, as :func:`job_key`."""
        return job_key(self.job["job_type"], self.job["job_parameters"])

    @property
    def is_open(self) -> bool:
        """Whether HyP3 still works on it."""
        return self.status in ("PENDING", "RUNNING")


class Ledger(BaseModel):
    """All orders of a plan."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    project: str = Field(max_length=100, description="name that all jobs bear at HyP3")
    orders: tuple[Order, ...]

    def write(self, path: Path) -> Path:
        """Write it as JSON, aside and then renamed."""
        return write_text(self.model_dump_json(indent=2) + "\n", path)

    @classmethod
    def read(cls, path: Path) -> "Ledger":
        """Read what :meth:`write` left.

        Raises
        ------
        MissingInputError
            There is no such file.
        InputError
            It is no ledger.
        """
        if not path.is_file():
            raise MissingInputError(f"{path} does not exist; prepare the orders first.")
        try:
            return cls.model_validate_json(path.read_text(encoding="utf-8"))
        except ValidationError as error:
            raise InputError(
                f"{path} is no ledger of orders: {error.errors()[0]['msg']}; prepare them anew."
            ) from error

    def counts(self) -> dict[Status, int]:
        """How many orders stand how."""
        found: dict[Status, int] = {}
        for order in self.orders:
            found[order.status] = found.get(order.status, 0) + 1
        return found

    def with_order(self, number: int, **change: Any) -> "Ledger":
        """Return the ledger with one order changed."""
        orders = list(self.orders)
        orders[number] = orders[number].model_copy(update=change)
        return self.model_copy(update={"orders": tuple(orders)})

    def keeping(self, former: "Ledger") -> "Ledger":
        """Return these orders with what a former ledger knows of them."""
        known = {order.key: order for order in former.orders}
        return self.model_copy(update={"orders": tuple(known.get(order.key, order) for order in self.orders)})

    def retried(self) -> "Ledger":
        """Return the ledger with failed orders prepared anew."""
        afresh = {"status": "PREPARED", "job_id": None}
        orders = (order.model_copy(update=afresh) if order.status == "FAILED" else order for order in self.orders)
        return self.model_copy(update={"orders": tuple(orders)})


def job_key(job_type: str, parameters: Mapping[str, Any]) -> str:
    """What makes two jobs of HyP3 the same: their type, granules, looks, water mask and filter."""
    names = ("granules", "reference", "secondary", "looks", "apply_water_mask")
    strength = parameters.get("phase_filter_parameter")  # HyP3 tells 1.0 as 1
    return f"{job_type} {[*(parameters.get(name) for name in names), None if strength is None else float(strength)]}"
