"""`highwall dataset build`: scenes, label polygons and a table of sites → chips, split by site, with a catalogue."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from highwall.core.bands import bands_of
from highwall.core.errors import HighwallError, InputError, OutputError, SetAside
from highwall.core.taxonomy import CLASS_NAMES, MINING_AREA
from highwall.io.aside import resumable
from highwall.segmentation.dataset import TRAINING
from highwall.segmentation.label_options import DatasetOptions
from highwall.segmentation.splits import SiteFacts, kind_of, near_groups, one_a_site, split_groups
from highwall.segmentation.statistics import dataset_statistics
from highwall.workflows.blocks import Advance, unmoved
from highwall.workflows.datasets.chips import LabelledScene, PlacedScene, identity_of, write_chips, write_index
from highwall.workflows.datasets.reading import INDEX, extent_of, hull, reasons_of
from highwall.workflows.datasets.scenes import Found, SceneFiles, find_scenes, open_scene
from highwall.workflows.datasets.site_table import SiteRow, read_sites
from highwall.workflows.labels.files import open_labels
from highwall.workflows.labels.kinds import CODES, kind_of_folder
from highwall.workflows.run import Say, silent


class _Reader(NamedTuple):
    """How scenes and labels are read."""

    bands: tuple[str, ...]
    level: str | None
    label_kind: str | None

    def labelled(self, files: SceneFiles, facts: SiteRow) -> LabelledScene:
        """Open a scene and its labels."""
        image = open_scene(files, self.bands, level=self.level)
        masks = {each.annotator: open_labels(each.path, image.grid, kind=self.label_kind) for each in files.labels}
        return LabelledScene(files, image, masks, facts)


def build_dataset(
    scenes: Path,
    labels: Path,
    out: Path,
    *,
    sites: Path | None = None,
    options: DatasetOptions | None = None,
    say: Say = silent,
    advance: Advance = unmoved,
) -> dict[str, Any]:
    """Cut scenes and labels into chips, split by site.

    Sites within ``near_m`` of each other stay in one split. In training a site has all its dates, in validation and
    test one, chosen by the hash of its name.

    Parameters
    ----------
    scenes, labels
        Folders; see `workflows.datasets.scenes` for names.
    out
        Folder that takes ``dataset.json``, ``catalog.json`` with ``items``, the chips, ``statistics.json`` and
        ``statistics.md``; an earlier dataset there is replaced when the new one is whole.
        A build that was stopped goes on where it was.
    sites
        CSV of the sites; see `workflows.datasets.site_table`. Sites without a row are left out. Without it nothing is
        known of materials and mine types.

    Returns
    -------
    dict
        The content of ``statistics.json``.

    Raises
    ------
    MissingInputError
        A folder holds nothing, or there is no such table.
    InputError
        Not one scene can be used; the message gives the reasons.
    OutputError
        ``out`` holds something that is no dataset.
    """
    chosen = options or DatasetOptions()
    bands = bands_of(chosen.bands)
    _check_free(out)
    table = None if sites is None else read_sites(sites)
    found = find_scenes(scenes, labels)
    reader = _Reader(bands, chosen.level, kind_of_folder(labels))
    usable, set_aside = _usable(found, table, reader)
    if not usable:
        raise InputError(_nothing(scenes, set_aside))
    placed = _placed(usable, chosen)
    with resumable(out, identity=identity_of(placed, bands, chosen)) as folder:
        written = write_chips(placed, folder, bands, options=chosen, advance=advance)
        if not written.rows:
            raise InputError(f"no chip of {chosen.chip_px} px has {chosen.least_valid:.0%} of data; lower least_valid.")
        statistics = dataset_statistics(written.facts) | {"set_aside": [each._asdict() for each in set_aside]}
        write_index(folder, written, statistics, bands=bands, options=chosen, name=out.name)
    for line in _said(set_aside, found, statistics):
        say(line)
    if reader.label_kind == CODES and _is_binary(statistics):
        say("the masks hold the class code 1 alone: all that they mark is taken for excavation (codes are 1…10)")
    return statistics


def _check_free(out: Path) -> None:
    """Refuse a folder that holds anything but a dataset, for it will be replaced."""
    if out.exists() and not (out / INDEX).is_file() and (out.is_file() or any(out.iterdir())):
        raise OutputError(f"{out} exists and is no dataset (no {INDEX}); choose another folder.")


def _usable(
    found: Found, table: Mapping[str, SiteRow] | None, reader: _Reader
) -> tuple[list[LabelledScene], list[SetAside]]:
    """Scenes that can be opened with their labels and belong to a site that is wanted, and the others."""
    usable: dict[str, LabelledScene] = {}
    set_aside = []
    for files in found.scenes:
        facts = SiteRow() if table is None else table.get(files.site)
        if facts is None:
            set_aside.append(SetAside(files.name, f"site {files.site!r} has no row in the site table; add one"))
        elif files.name in usable:
            other = usable[files.name].files.image
            set_aside.append(SetAside(str(files.image), f"is of the site and date of {other}; keep one of them"))
        elif not facts.dates or files.date in facts.dates:
            try:
                usable[files.name] = reader.labelled(files, facts)
            except HighwallError as error:
                set_aside.append(SetAside(files.name, str(error)))
    strange = [SetAside(path.name, "belongs to no scene; name it like one") for path in found.strange]
    return list(usable.values()), [*set_aside, *_without_scene(table or {}, found), *strange]


def _without_scene(table: Mapping[str, SiteRow], found: Found) -> list[SetAside]:
    """Sites and dates of the table that no labelled scene shows."""
    dates: dict[str, set[Any]] = {}
    for files in found.scenes:
        dates.setdefault(files.site, set()).add(files.date)
    missing = [SetAside(site, "has no labelled scene") for site in table if site not in dates]
    return missing + [
        SetAside(f"{site} {date}", "has no labelled scene")
        for site, row in table.items()
        for date in sorted(row.dates - dates.get(site, row.dates))
    ]


def _placed(scenes: Sequence[LabelledScene], options: DatasetOptions) -> list[PlacedScene]:
    """Give every scene the group and split of its site, and keep one scene of each held-out site."""
    by_site: dict[str, list[LabelledScene]] = {}
    for scene in scenes:
        by_site.setdefault(scene.files.site, []).append(scene)
    extents = {site: hull([extent_of(each.image.grid) for each in found]) for site, found in by_site.items()}
    group_of = near_groups(extents, distance_m=options.near_m)
    split_of = split_groups(_group_facts(by_site, group_of), shares=options.shares, seed=options.seed)
    placed = []
    for site, found in by_site.items():
        split = split_of[group_of[site]]
        names = [scene.files.name for scene in found]
        kept = names if split == TRAINING else [one_a_site(names, seed=options.seed)]
        placed += [PlacedScene(scene, group_of[site], split) for scene in found if scene.files.name in kept]
    return placed


def _group_facts(by_site: Mapping[str, Sequence[LabelledScene]], group_of: Mapping[str, str]) -> dict[str, SiteFacts]:
    """What the split knows of each group.

    Raises
    ------
    InputError
        The table puts sites of one group into different splits.
    """
    members: dict[str, list[str]] = {}
    for site, group in group_of.items():
        members.setdefault(group, []).append(site)
    facts = {}
    for group, sites in members.items():
        rows = [by_site[site][0].facts for site in sites]
        fixed = sorted({row.split for row in rows if row.split})
        if len(fixed) > 1:
            raise InputError(
                f"sites {', '.join(sites)} lie near each other and the table puts them in {' and '.join(fixed)}; give "
                "them one split, or lower --near."
            )
        kind = kind_of((row.material, row.mine_type) for row in rows)
        facts[group] = SiteFacts(len(sites), kind, fixed[0] if fixed else None)
    return facts


def _said(set_aside: Sequence[SetAside], found: Found, statistics: Mapping[str, Any]) -> Iterator[str]:
    """What the terminal is told."""
    yield from (f"{name} set aside: {reason}" for name, reason in set_aside)
    if found.unlabelled:
        yield f"{len(found.unlabelled)} scenes have no labels, such as {found.unlabelled[0]}"
    n_shared = sum(scene.is_label_of_site for scene in found.scenes)
    if n_shared:
        yield f"{n_shared} scenes take the labels of their site, for they have none of their date"
    for split, sizes in statistics["splits"].items():
        yield f"{split}: {sizes['n_sites']} sites, {sizes['n_images']} images, {sizes['n_chips']} chips"


def _is_binary(statistics: Mapping[str, Any]) -> bool:
    """Tell whether excavations are all that was drawn: masks of yes and no look so."""
    drawn = {name for name, row in statistics["classes"].items() if any(split["n_pixels"] for split in row.values())}
    return drawn == {CLASS_NAMES[0], MINING_AREA}


def _nothing(scenes: Path, set_aside: Sequence[SetAside]) -> str:
    reasons = reasons_of(set_aside) or "  no label file is named like a scene"
    return f"no scene of {scenes} can be used:\n{reasons}"
