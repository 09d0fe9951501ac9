"""The manners that every stage shares: skip what is done, record what was done, resume after a kill."""

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel

from highwall import __version__
from highwall.core.errors import OutputError, SetAside
from highwall.core.site import Site
from highwall.io.aside import PART, remove
from highwall.io.catalog import checksum, stage_item, write_catalog, write_json

STAGES = (
    "prepare", "detect", "segment", "mining", "objects", "refine", "track", "emergence", "change", "accuracy", "deform",
    "assess", "report",
)  # fmt: skip
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
    about: Mapping[str, Any] = field(default_factory=dict)
    """Properties of a STAC extension for its item."""
    extensions: Sequence[str] = ()
    """Schemas of those extensions."""


@dataclass(frozen=True)
class Stage:
    """What decides whether a stage's work is done already."""

    name: str
    inputs: Mapping[str, Path]
    parameters: Mapping[str, Any]
    outputs: Sequence[str]


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
        inputs = {name: checksum(path) for name, path in sorted(stage.inputs.items())}
        fingerprint = self._fingerprint(stage, inputs)
        record = self.record(stage.name)
        if record and record["highwall:fingerprint"] == fingerprint and self.stands(stage.name):
            self.say(f"{stage.name}: unchanged, kept")
        else:
            self.say(f"{stage.name}: working")
            self._sweep()
            earlier = {name: self._identity(name) for name in stage.outputs}
            started = dt.datetime.now(dt.UTC)
            outcome = work()
            seconds = (dt.datetime.now(dt.UTC) - started).total_seconds()
            self._remove_unwritten(earlier)
            for name, reason in outcome.set_aside:
                self.say(f"{stage.name}: {name} set aside: {reason}")
            about = {"highwall:fingerprint": fingerprint, "highwall:seconds": round(seconds, 3)}
            record = self._remember(stage, outcome, inputs=inputs, about=about)
            self._clear(stage.name)
        self.completed.append(stage.name)
        return record

    def close(self) -> None:
        """End a pass over all stages: what others left in an earlier pass moves to ``earlier/``, out of the way."""
        for name in STAGES:
            if name not in self.completed and self.record(name):
                self._put_away(name)
        write_catalog(self.folder, site=self.site.name, stages=[name for name in STAGES if name in self.completed])

    def _put_away(self, name: str) -> None:
        earlier = self.folder / "earlier"
        (earlier / "stac").mkdir(parents=True, exist_ok=True)
        for path in [*(self.folder / file for file in self.files(name)), self._item_path(name)]:
            target = earlier / path.relative_to(self.folder)
            if path.exists():
                remove(target)
                path.replace(target)

    def bench(self, stage: Stage) -> Path:
        """Folder for a stage's unfinished work; what a stopped run left there counts if it had the same task."""
        inputs = {name: checksum(path) for name, path in sorted(stage.inputs.items())}
        bench = self.folder / f".unfinished-{stage.name}-{self._fingerprint(stage, inputs)[:16]}"
        self._clear(stage.name, but=bench)
        bench.mkdir(parents=True, exist_ok=True)
        return bench

    def _clear(self, name: str, *, but: Path | None = None) -> None:
        for folder in self.folder.glob(f".unfinished-{name}-*"):
            if folder != but:
                remove(folder)

    def record(self, name: str) -> dict[str, Any] | None:
        """Properties of a stage's STAC item, or None when it has not been done here."""
        item = self._item(name)
        return item["properties"] if item else None

    def dates_of(self, name: str) -> list[dt.date]:
        """Dates of the data behind a stage; none when it has not been done here, or its data carry none."""
        record = self.record(name)
        if not record or record["highwall:dated_by"] != "data":
            return []
        return [dt.date.fromisoformat(record[end][:10]) for end in ("start_datetime", "end_datetime")]

    def described(self) -> dict[str, Any]:
        """Plain values of the site, but for its area."""
        site = self.site
        return {"name": site.name, "crs": site.crs, "minerals": list(site.minerals), "mine_type": site.mine_type}

    def _fingerprint(self, stage: Stage, inputs: Mapping[str, str]) -> str:
        """Hash of all that decides a stage's result: version, site and its area, parameters, contents of inputs."""
        content = {
            "stage": stage.name, "version": __version__, "site": self.described(), "aoi": self.site.aoi.wkt,
            "parameters": plain(stage.parameters), "inputs": inputs,
        }  # fmt: skip
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

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

    def is_current(self, name: str) -> bool:
        """Tell whether the files of this folder that a stage read are still those that it read."""
        record = self.record(name)
        inputs = record["highwall:inputs"].values() if record else ()
        own = [row for row in inputs if Path(row["path"]).parent == self.folder.resolve()]
        return all(Path(row["path"]).exists() and checksum(Path(row["path"])) == row["checksum"] for row in own)

    def linked(self) -> list[str]:
        """Stages that the catalogue links, in order."""
        path = self.path("catalog.json")
        if not path.exists():
            return []
        links = json.loads(path.read_text(encoding="utf-8"))["links"]
        names = {Path(link["href"]).stem for link in links if link["rel"] == "item"}
        return [name for name in STAGES if name in names]

    def files(self, name: str) -> dict[str, str]:
        """Files that a stage left, and their checksums as recorded."""
        item = self._item(name)
        return {file: asset["file:checksum"] for file, asset in item["assets"].items()} if item else {}

    def _sweep(self) -> None:
        """Remove what a killed run was writing.

        Raises
        ------
        OutputError
            The folder, or one that should hold it, is a file.
        """
        for place in (self.folder, *self.folder.parents):
            if place.exists() and not place.is_dir():
                raise OutputError(f"{place} is a file; name a folder that takes the results.")
        for path in self.folder.glob(f"{PART}*"):
            remove(path)

    def _identity(self, name: str) -> tuple[int, int] | None:
        """Inode and time of change of a file: every writer makes a new one."""
        path = self.folder / name
        return (path.stat().st_ino, path.stat().st_mtime_ns) if path.exists() else None

    def _remove_unwritten(self, earlier: Mapping[str, tuple[int, int] | None]) -> None:
        """Remove files of an earlier pass that this one had no reason to write again."""
        for name, identity in earlier.items():
            if identity and self._identity(name) == identity:
                remove(self.folder / name)

    def _remember(
        self, stage: Stage, outcome: Outcome, *, inputs: Mapping[str, str], about: Mapping[str, Any]
    ) -> dict[str, Any]:
        properties = {
            "highwall:version": __version__,
            "highwall:site": self.described(),
            **about,
            "highwall:parameters": plain(stage.parameters),
            "highwall:inputs": {
                name: {"path": str(stage.inputs[name].resolve()), "checksum": found} for name, found in inputs.items()
            },
            "highwall:facts": plain(outcome.facts),
            **outcome.about,
            "highwall:set_aside": [{"name": name, "reason": reason} for name, reason in outcome.set_aside],
        }
        outputs = [self.folder / name for name in stage.outputs if (self.folder / name).exists()]
        item = stage_item(
            stage.name, site=self.site.name, aoi=self.site.aoi, when=outcome.when, properties=properties,
            outputs=outputs, extensions=outcome.extensions,
        )  # fmt: skip
        write_json(item, self._item_path(stage.name))
        linked = {*self.linked(), stage.name}
        write_catalog(self.folder, site=self.site.name, stages=[name for name in STAGES if name in linked])
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
    return value.item() if isinstance(value, np.generic) else value
