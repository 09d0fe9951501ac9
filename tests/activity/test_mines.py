import datetime as dt

import geopandas as gpd
import pytest
import shapely

from highwall.activity.mines import Mine, Mines, follow, reading_of

from .tables import UTM, patches, square


def test_mines_follow_their_patches_into_another_crs():
    """An earlier run may have measured in another CRS: its ground is brought over, not taken for other numbers."""
    reading = reading_of(
        dt.date(2023, 7, 1), open_share=1.0, ndvi=0.1, ndvi_around=0.8, activity="continued_mining", clear_share=1.0
    )
    ground = gpd.GeoSeries([square(0, 0, 300), square(3000, 0, 300)], crs=UTM).to_crs("EPSG:3857")
    mines = [
        Mine(mine_id=f"MINE-{n}", ground=shapely.to_wkt(each), readings=(reading,)) for n, each in enumerate(ground)
    ]
    known = Mines(crs="EPSG:3857", mines=tuple(mines)).placed(UTM)
    assert known.crs == UTM
    assert [mine.geometry.area for mine in known.mines] == pytest.approx([300**2] * 2, rel=2e-3)
    assert [mine.readings for mine in known.mines] == [(reading,)] * 2
    _, names = follow(known, patches(square(3000, 0, 300)), {})
    assert names == ["MINE-1"]
    assert known.placed(UTM) is known
    assert Mines(crs="EPSG:3857").placed(UTM) == Mines(crs=UTM)
