"""Interferograms ordered from HyP3, the archive's processor.

Ordering is in steps, each of which may be repeated after a break: *prepare* writes what would be ordered, *submit*
sends what was not sent, *refresh* asks how it stands, *download* fetches what is ready and is not here.
"""

import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Protocol

import requests
from shapely import wkt

from highwall.core.errors import InputError, SceneError
from highwall.io.archive.ledger import Ledger, Order, OrderOptions, job_key
from highwall.io.archive.plan import Acquisition, ArchivePlan, PlannedPair, Scene
from highwall.io.aside import aside

_JOBS_A_REQUEST: Final = 200
"""Jobs that HyP3 takes in one request."""

_PATIENCE_S: Final = 60.0
"""s without a byte after which a download is given up."""

_PART_BYTES: Final = 1 << 20
"""byte, read at once."""

_LEAST_OVERLAP: Final = 0.5
"""Share of a slice that its partner on the other date must cover to be the same slice [1]."""


class Job(Protocol):
    """A job as ``hyp3_sdk.Job``."""

    job_id: str
    job_type: str
    status_code: str
    job_parameters: dict[str, Any] | None
    files: list[dict[str, Any]] | None

    def expired(self) -> bool:
        """Whether its files are gone from the server."""


class Processor(Protocol):
    """HyP3 as ``hyp3_sdk.HyP3``."""

    def submit_prepared_jobs(self, prepared_jobs: list[dict[str, Any]]) -> Sequence[Job]:
        """Order jobs."""

    def find_jobs(self, *, name: str) -> Sequence[Job]:
        """All own jobs of that name."""


def open_processor(address: str | None = None) -> Processor:
    """Log in to HyP3 with the Earthdata account of ``~/.netrc``.

    Raises
    ------
    InputError
        The extra ``archive`` is not installed, or the login fails.
    """
    sdk = _hyp3_sdk()
    try:
        processor: Processor = sdk.HyP3(address) if address else sdk.HyP3()
    except (sdk.exceptions.HyP3SDKError, OSError) as error:
        raise InputError(f"HyP3 did not let us in: {error}. Put your Earthdata login into ~/.netrc.") from error
    return processor


def prepare(plan: ArchivePlan, *, options: OrderOptions | None = None) -> Ledger:
    """Write down the jobs of every pair of a plan; nothing is sent.

    Raises
    ------
    InputError
        The extra ``archive`` is not installed, the plan's granules do not fit the job type, or a pair has no slice in
        common.
    """
    options = options or OrderOptions()
    project = f"highwall-{plan.name}-{plan.track}-{plan.direction}"[:100]
    orders = [
        Order(pair=pair.name, job=job) for pair in plan.pairs for job in _jobs(plan, pair, project=project, how=options)
    ]
    return Ledger(project=project, orders=tuple(orders))


def submit(ledger: Ledger, processor: Processor, *, path: Path) -> Ledger:
    """Send every order that was not sent, and save the ledger after each request.

    Jobs that HyP3 already knows under the project's name are taken over, so that a break between sending and saving
    orders nothing twice.

    Raises
    ------
    SceneError
        HyP3 did not answer, or took no order (for want of credits, or a scene it does not know).
    """
    ledger = refresh(ledger, processor, path=path)
    waiting = [order for order in ledger.orders if order.job_id is None]
    for begin in range(0, len(waiting), _JOBS_A_REQUEST):
        batch = waiting[begin : begin + _JOBS_A_REQUEST]
        with _talking():
            jobs = processor.submit_prepared_jobs([order.job for order in batch])
        ledger = _updated(ledger, jobs)
        ledger.write(path)
    return ledger


def refresh(ledger: Ledger, processor: Processor, *, path: Path) -> Ledger:
    """Ask HyP3 how the orders stand, and save the ledger. What expired before it was fetched (two weeks) has failed."""
    ledger = _updated(ledger, _jobs_of(ledger, processor))
    ledger.write(path)
    return ledger


def download(ledger: Ledger, processor: Processor, *, path: Path) -> Ledger:
    """Fetch and unpack what is ready and not here, beside the ledger; save it after each job."""
    ledger = refresh(ledger, processor, path=path)
    jobs = {job.job_id: job for job in _jobs_of(ledger, processor)}
    for number, order in enumerate(ledger.orders):
        if order.status == "SUCCEEDED" and not order.files and order.job_id in jobs:
            ledger = ledger.with_order(number, files=_fetched(jobs[order.job_id], path.parent))
            ledger.write(path)
    return ledger


def _jobs_of(ledger: Ledger, processor: Processor) -> Sequence[Job]:
    with _talking():
        return processor.find_jobs(name=ledger.project)


@contextmanager
def _talking() -> Iterator[None]:
    """Say in our words what went wrong with HyP3."""
    try:
        yield
    except (_hyp3_sdk().exceptions.HyP3SDKError, requests.RequestException) as error:
        raise SceneError(f"HyP3 did not do as asked: {error}. What was done is in the ledger; run again.") from error


def _jobs(plan: ArchivePlan, pair: PlannedPair, *, project: str, how: OrderOptions) -> Iterator[dict[str, Any]]:
    first, second = plan.acquisition(pair.first), plan.acquisition(pair.second)
    matched = _matched(first, second)
    are_bursts = all(scene.burst for scene, _ in matched)
    if are_bursts != (how.job_type == "INSAR_ISCE_MULTI_BURST"):
        raise InputError(
            f"{how.job_type} cannot be made of {'bursts' if are_bursts else 'slices'}; search for the other."
        )
    make = _hyp3_sdk().HyP3
    if are_bursts:
        yield make.prepare_insar_isce_multi_burst_job(
            reference=[scene.name for scene, _ in matched], secondary=[scene.name for _, scene in matched],
            name=project, apply_water_mask=how.water_mask, looks=how.looks,
        )  # fmt: skip
        return
    for reference, secondary in matched:
        yield make.prepare_insar_job(
            reference.name, secondary.name, name=project, looks=how.looks, include_look_vectors=True, include_dem=True,
            apply_water_mask=how.water_mask, phase_filter_parameter=how.phase_filter,
        )  # fmt: skip


def _matched(first: Acquisition, second: Acquisition) -> list[tuple[Scene, Scene]]:
    """Each scene of one pass with the scene of the other that saw the same ground."""
    found = [(scene, partner) for scene in first.scenes if (partner := _partner(scene, second)) is not None]
    if not found:
        raise InputError(f"{first.date} and {second.date} have no slice or burst in common; leave the pair out.")
    return found


def _partner(scene: Scene, other: Acquisition) -> Scene | None:
    if scene.burst:
        return next((each for each in other.scenes if each.burst == scene.burst), None)
    outline = wkt.loads(scene.footprint)
    shares = [(outline.intersection(wkt.loads(each.footprint)).area / outline.area, each) for each in other.scenes]
    share, best = max(shares, key=lambda candidate: candidate[0])
    return best if share >= _LEAST_OVERLAP else None


def _updated(ledger: Ledger, jobs: Sequence[Job]) -> Ledger:
    """Enter what HyP3 says of its jobs; a job that we did not note is taken over if it can still give its product."""
    by_id = {job.job_id: job for job in jobs}
    usable = (job for job in jobs if job.status_code != "FAILED" and not job.expired())
    by_content = {job_key(job.job_type, job.job_parameters or {}): job for job in usable}
    for number, order in enumerate(ledger.orders):
        told = by_id.get(order.job_id) if order.job_id else by_content.get(order.key)
        if told is not None:
            lost = told.expired() and not order.files
            ledger = ledger.with_order(number, job_id=told.job_id, status="FAILED" if lost else told.status_code)
    return ledger


def _fetched(job: Job, folder: Path) -> tuple[str, ...]:
    """Download a job's zipped products and unpack them into ``folder/<job>``; whole or not at all."""
    with aside(folder / job.job_id) as temporary:
        temporary.mkdir()
        for file in job.files or []:
            archive = temporary / Path(file["filename"]).name
            with _talking():
                _download(file["url"], archive)
            _unpack(archive)
    unpacked = sorted((folder / job.job_id).rglob("*"))
    return tuple(str(file.relative_to(folder)) for file in unpacked if file.is_file())


def _download(address: str, path: Path) -> None:
    with requests.get(address, stream=True, timeout=_PATIENCE_S) as response, path.open("wb") as file:
        response.raise_for_status()
        for part in response.iter_content(chunk_size=_PART_BYTES):
            file.write(part)


def _unpack(archive: Path) -> None:
    """Unpack a product in its folder.

    Raises
    ------
    SceneError
        It is no zip, or a broken one: a server that wants a login answers with a page and calls it a success.
    """
    try:
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(archive.parent)
    except zipfile.BadZipFile as error:
        raise SceneError(
            f"{archive.name} came from HyP3 with {archive.stat().st_size} bytes that are no whole zip ({error}), "
            "perhaps a login page; it was not kept. Put your Earthdata login into ~/.netrc and run again."
        ) from error
    archive.unlink()


def _hyp3_sdk() -> Any:
    try:
        import hyp3_sdk
    except ModuleNotFoundError as error:
        raise InputError("ordering from HyP3 needs hyp3_sdk; pip install 'highwall[archive]'.") from error
    return hyp3_sdk
