"""The picture of ``docs/rooms/telemetry.md``: flags on a real machine, and a fault put into a real sensor."""

import datetime as dt
from pathlib import Path

import numpy as np

from highwall.report.quality import Judged, quality_plot
from highwall.telemetry.isolation import consult, start
from highwall.telemetry.messages import Reading
from highwall.telemetry.qc import NEW, judge
from telemetry_qc import LEARN_SHARE, THERMISTORS
from telemetry_qc_faults import learned, with_fault
from telemetry_qc_own import flags
from telemetry_qc_series import NAB, Series, chosen, nab, slopes

PICTURE = Path(__file__).resolve().parents[1] / "docs" / "pictures" / "telemetry-qc.png"
_FAULTY, _BIAS_K = 1, 0.08


def machine_panel() -> Judged:
    series = nab(NAB[0])
    windows = [(_date(first), _date(last)) for first, last in series.windows]
    title = "Machine temperature (NAB), options as shipped"
    celsius = series.values[:, 0] - 273.15
    return Judged(title, "°C", _dates(series), celsius, flags(series)[:, 0], windows)


def thermistor_panel() -> Judged:
    series = chosen(slopes(), THERMISTORS)
    virtual, rest = learned(series, LEARN_SHARE)
    series = series._replace(times_us=series.times_us[len(series.values) - len(rest) :])
    faulty = with_fault(rest, _FAULTY, kind="bias", size=_BIAS_K)
    state, memory = start(virtual.group), NEW
    found, estimates = np.ones(len(rest)), np.full(len(rest), np.nan)
    for row, time_us in enumerate(series.times_us.tolist()):
        for number, sensor in enumerate(series.sensors):
            reading = Reading(sensor, time_us, float(faulty[row, number]))
            opinion, state = consult(virtual, state, reading)
            if number == _FAULTY:
                verdict = judge(memory, reading, opinion=opinion)
                memory, found[row] = verdict.state, verdict.flag
                estimates[row] = np.nan if opinion.estimate is None else opinion.estimate - 273.15
    title = f"Ground temperature (USGS, {THERMISTORS[_FAULTY]}); from the second day on {_BIAS_K:g} K are added to it"
    return Judged(title, "°C", _dates(series), faulty[:, _FAULTY] - 273.15, found, estimate=estimates)


def _dates(series: Series) -> list[dt.datetime]:
    return [_date(time_us) for time_us in series.times_us.tolist()]


def _date(time_us: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(time_us / 1e6, dt.UTC)


if __name__ == "__main__":
    PICTURE.write_bytes(quality_plot([machine_panel(), thermistor_panel()]))
