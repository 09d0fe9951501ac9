"""The verb that fetches scenes for training from a STAC archive."""

from pathlib import Path
from typing import Annotated

import typer

from highwall.cli.apps import app
from highwall.cli.arguments import Out
from highwall.cli.telling import telling


@app.command()
def fetch(
    sites: Annotated[
        Path, typer.Argument(help="Polygons with a column site, or a CSV: site and lon,lat or a box or aoi.")
    ],
    out: Out,
    archive: Annotated[
        str, typer.Option(help="planetary-computer, earth-search, or the address of a STAC API or catalogue.")
    ] = "planetary-computer",
    years: Annotated[str, typer.Option(help="Years, one scene of each, as 2016-2022 or 2019,2021.")] = "2016-2022",
    months: Annotated[str, typer.Option(help="Months of which scenes are taken, as 5-9 or 11-3.")] = "1-12",
    max_hidden: Annotated[
        float, typer.Option(min=0, max=1, help="Share of the AOI that cloud, shadow, snow or no data may hide.")
    ] = 0.05,
    look_at: Annotated[int, typer.Option(min=1, help="Passes a year to look at, the least cloudy first.")] = 8,
    radar_days: Annotated[float, typer.Option(min=0, help="Most days between a scene and its radar.")] = 12.0,
    direction: Annotated[str | None, typer.Option(help="Radar from ascending or descending passes alone.")] = None,
    collection: Annotated[
        list[str] | None, typer.Option(help="Name at the archive, as radar=sentinel-1-rtc; optical, land_cover, dem.")
    ] = None,
    leave_out: Annotated[str | None, typer.Option(help="What is not fetched: radar, land_cover, dem.")] = None,
    transfer: Annotated[
        str, typer.Option(help="whole files, checked; window: the AOI's pixels alone; auto: whole if small.")
    ] = "auto",
) -> None:
    """Fetch a clear scene a year for each site, with its radar, land cover and heights. Run again to go on."""
    from highwall.cli.arguments import pairs_of, words_of
    from highwall.workflows.fetching.verb import fetch_alone, years_of

    asked = {
        "archive": archive, "years": years_of(years), "months": years_of(months, cycle=12), "max_hidden": max_hidden,
        "n_looked_at": look_at, "radar_days": radar_days, "direction": direction, "transfer": {"mode": transfer},
    }  # fmt: skip
    with telling() as say:
        fetch_alone(
            sites, out, asked=asked, collections=pairs_of(collection, example="radar=sentinel-1-rtc"),
            leave_out=words_of(leave_out) or (), say=say, advance=say.advance,
        )  # fmt: skip
