"""The manners that every stage shares: skip what is done, record what was done, resume after a kill."""

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from highwall import __version__
from highwall.core.errors import SetAside
from highwall.core.site import Site
from highwall.io.catalog import checksum, stage_item, write_catalog, write_json

STAGES = ("prepare", "detect", "refine", "deform", "assess", "report")
"""Stages of a run, in order."""

Say = Callable[[str], None]


def silent(message: str) -> None:
    """Say nothing."""


@dataclass(frozen=True)
class Outcome:
    """What a stage found out, beside its files."""

    facts: Mapping[str, Any]
    """Plain values for the report and the summary."""
    when: Sequence[dt.date] = ()
    """Dates of the data that it used."""
    set_aside: Sequence[SetAside] = ()


@dataclass(frozen=True)
class Stage:
    """What decides whether a stage's work is done already."""

    name: str
    inputs: Mapping[str, Path]
    parameters: Mapping[str, Any]
    outputs: Sequence[str]

    def fingerprint(self) -> str:
        """Hash of the version, the parameters and the contents of every input."""
        content = {
            "stage": self.name, "version": __version__, "parameters": plain(self.parameters),
            "inputs": {name: checksum(path) for name, path in sorted(self.inputs.items())},
        }  # fmt: skip
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class Run:
    """A folder that holds the files and the records of one site's run."""

    folder: Path
    site: Site
    say: Say = field(default=silent)
    completed: list[str] = field(default_factory=list)
    """Stages that this pass has done or found standing, in order."""

    def stage(self, stage: Stage, work: Callable[[], Outcome]) -> dict[str, Any]:
        """Do the work of a stage unless its files stand as its record says, and return the record's properties."""
        fingerprint = stage.fingerprint()
        record = self.record(stage.name)
        if record and record["highwall:fingerprint"] == fingerprint and self.stands(stage.name):
            self.say(f"{stage.name}: unchanged, kept")
        else:
            self.say(f"{stage.name}: working")
            started = dt.datetime.now(dt.UTC)
            outcome = work()
            seconds = (dt.datetime.now(dt.UTC) - started).total_seconds()
            record = self._remember(stage, outcome, fingerprint=fingerprint, seconds=seconds)
        self.completed.append(stage.name)
        return record

    def record(self, name: str) -> dict[str, Any] | None:
        """Properties of a stage's STAC item, or None when it has not been done here."""
        item = self._item(name)
        return item["properties"] if item else None

    def described(self) -> dict[str, Any]:
        """Plain values of the site, but for its area."""
        site = self.site
        return {"name": site.name, "crs": site.crs, "minerals": list(site.minerals), "mine_type": site.mine_type}

    def path(self, name: str) -> Path:
        """Where a file of the run lies."""
        return self.folder / name

    def _item(self, name: str) -> dict[str, Any] | None:
        path = self._item_path(name)
        if not path.exists():
            return None
        item: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return item

    def _item_path(self, name: str) -> Path:
        return self.folder / "stac" / f"{name}.json"

    def stands(self, name: str) -> bool:
        """Tell whether a stage has a record and every file of it is as recorded."""
        files = self.files(name)
        return bool(files) and all(
            (self.folder / file).exists() and checksum(self.folder / file) == recorded
            for file, recorded in files.items()
        )

    def files(self, name: str) -> dict[str, str]:
        """Files that a stage left, and their checksums as recorded."""
        item = self._item(name)
        return {file: asset["file:checksum"] for file, asset in item["assets"].items()} if item else {}

    def _remember(self, stage: Stage, outcome: Outcome, *, fingerprint: str, seconds: float) -> dict[str, Any]:
        properties = {
            "highwall:version": __version__,
            "highwall:site": self.described(),
            "highwall:fingerprint": fingerprint,
            "highwall:parameters": plain(stage.parameters),
            "highwall:inputs": {
                name: {"path": str(path), "checksum": checksum(path)} for name, path in sorted(stage.inputs.items())
            },
            "highwall:facts": plain(outcome.facts),
            "highwall:set_aside": [{"name": name, "reason": reason} for name, reason in outcome.set_aside],
            "highwall:seconds": round(seconds, 3),
        }
        outputs = [self.folder / name for name in stage.outputs if (self.folder / name).exists()]
        item = stage_item(
            stage.name, site=self.site.name, aoi=self.site.aoi, when=outcome.when, properties=properties,
            outputs=outputs,
        )  # fmt: skip
        write_json(item, self._item_path(stage.name))
        known = [name for name in STAGES if self._item_path(name).exists()]
        write_catalog(self.folder, site=self.site.name, stages=known)
        recorded: dict[str, Any] = item["properties"]
        return recorded


def facts_of(record: Mapping[str, Any]) -> dict[str, Any]:
    """Facts of a stage's record."""
    facts: dict[str, Any] = record["highwall:facts"]
    return facts


def plain(value: Any) -> Any:
    """Turn options, dates, paths and tuples into what JSON holds; NaN becomes None."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, float) and value != value:
        return None
    if isinstance(value, dt.date | Path):
        return str(value)
    return value.item() if hasattr(value, "item") else value
