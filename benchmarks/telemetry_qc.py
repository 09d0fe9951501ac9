"""Quality control of sensors: faults found at a stated rate of false alarms, beside named rivals on the same readings.

``python telemetry_qc.py [nab] [skab] [faults] [learned] [speed]`` measures these sections (all of them by default),
keeps them in ``results/details/telemetry_qc.json`` and writes the table anew from what is there.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from harness import RESULTS, RIVALS_PYTHON, Row, cpu_seconds, machine, report
from highwall.telemetry.messages import Reading
from highwall.telemetry.qc import NEW, Agreement, Flag, judge
from highwall.telemetry.virtual import VirtualSensors
from telemetry_qc_faults import KINDS, SIZES, agreements, isolated, learned, moved, simulated_slope
from telemetry_qc_own import FACTORS, GROUP_FACTORS, alarms, departures, flags
from telemetry_qc_scores import Outcome, at_rate, by_chance, outcome, outcomes_of_scores
from telemetry_qc_series import NAB, Series, chosen, nab, nab_scores, rig_without_faults, skab, slopes

DETAILS = RESULTS / "details" / "telemetry_qc.json"
DAY_US, MINUTE_US = 86_400_000_000, 60_000_000
RATES = {"nab": (0.02, 0.05), "skab": (0.01, 0.05)}
"""Shares of normal days (NAB) and minutes (SKAB) with a false alarm that are allowed."""
RIVALS = {"qartod": "ioos-qc 3.0.0", "hampel": "hampel 1.0.2", "forest": "IsolationForest, scikit-learn"}
THERMISTORS = [
    "vh/temperature/piezometer-1", "vh/temperature/piezometer-2", "ls-a/temperature/piezometer-3",
    "ls-a/temperature/piezometer-4", "ls-b/temperature/piezometer-5", "ls-b/temperature/piezometer-6",
]  # fmt: skip
SUCTION = [
    "vh/pore_pressure/tensiometer-2", "vh/pore_pressure/tensiometer-3", "vh/pore_pressure/tensiometer-4",
    "ls-a/pore_pressure/tensiometer-3", "ls-a/pore_pressure/tensiometer-4", "ls-b/pore_pressure/piezometer-5",
]  # fmt: skip
LEARN_SHARE = 0.7
SEEDS = (11, 12)
N_SPEED = 100_000
N_ROWS = 600
"""Of each group that faults are put into: six days."""


def measure_nab() -> dict:
    found = {}
    for name in NAB:
        series = [nab(name)]
        detectors = {
            "ours": [outcome(series, [alarms(series[0], factor=factor)], block_us=DAY_US) for factor in FACTORS]
        }
        for rival, scores in (rival_scores(series) | {of: [s] for of, s in nab_scores(name).items()}).items():
            detectors[rival] = outcomes_of_scores(series, scores, block_us=DAY_US)
        as_shipped = outcome(series, [alarms(series[0])], block_us=DAY_US)
        found[name] = contest(series, detectors, as_shipped, block_us=DAY_US, rates=RATES["nab"])
    return found


def measure_skab() -> dict:
    series = list(skab())
    rivals = start_rivals(series)
    own = {factor: [alarms(one, factor=factor) for one in series] for factor in FACTORS[::2]}
    groups = {factor: [departures(one, factor=factor) for one in series] for factor in GROUP_FACTORS}
    detectors = {
        "ours": [outcome(series, alarm, block_us=MINUTE_US) for alarm in own.values()],
        "ours, neighbours alone": [outcome(series, alarm, block_us=MINUTE_US) for alarm in groups.values()],
    }
    for rival, scores in rivals().items():
        detectors[rival] = outcomes_of_scores(series, scores, block_us=MINUTE_US)
    as_shipped = outcome(series, [alarms(one) for one in series], block_us=MINUTE_US)
    return contest(series, detectors, as_shipped, block_us=MINUTE_US, rates=RATES["skab"])


def contest(
    series: list[Series], detectors: dict[str, list[Outcome]], as_shipped: Outcome, *, block_us: int, rates: tuple
) -> dict:
    at = {
        str(rate): {name: at_rate(outcomes, rate)._asdict() for name, outcomes in detectors.items()} for rate in rates
    }
    chance = {str(rate): by_chance(series, block_us=block_us, rate=rate) for rate in rates}
    return {"at": at, "chance": chance, "as_shipped": as_shipped._asdict()}


def start_rivals(series: list[Series]) -> Callable[[], dict[str, list[np.ndarray]]]:
    """Start the rivals in their environment; what is returned waits for their scores."""
    folder = tempfile.TemporaryDirectory()
    given, out = Path(folder.name) / "in.npz", Path(folder.name) / "out.npz"
    case: dict = {"n": len(series)}
    for k, one in enumerate(series):
        case |= {f"values_{k}": one.values, f"seconds_{k}": one.times_us * 1e-6, f"learn_{k}": one.n_learn}
    np.savez(given, **case)
    process = in_rivals_environment("rival_qc.py", given, out)

    def scores() -> dict[str, list[np.ndarray]]:
        with folder:
            if process.wait() != 0:
                raise RuntimeError(f"the rivals ended with {process.returncode}; see above.")
            answer = np.load(out)
            return {rival: [answer[f"{rival}_{k}"] for k in range(len(series))] for rival in RIVALS}

    return scores


def rival_scores(series: list[Series]) -> dict[str, list[np.ndarray]]:
    return start_rivals(series)()


def in_rivals_environment(script: str, *arguments: Path) -> subprocess.Popen:
    command = [str(RIVALS_PYTHON), str(Path(__file__).with_name(script)), *map(str, arguments)]
    return subprocess.Popen(command, env=os.environ | {"OMP_NUM_THREADS": "1"})


def groups() -> dict[str, Series]:
    """Sensors that stand together, real and simulated."""
    real = slopes()
    simulated = {f"simulated slope {seed}": simulated_slope(seed) for seed in SEEDS}
    return {"ground temperature": chosen(real, THERMISTORS), "suction": chosen(real, SUCTION)} | simulated


def measure_faults() -> dict:
    found = {}
    for name, series in groups().items():
        virtual, rest = learned(series, LEARN_SHARE)
        if max(virtual.group.skill) < 0.5:
            found[name] = {"skill": virtual.group.skill}
            continue
        rest = rest[:N_ROWS]
        faults = {
            kind: {str(size): isolated(virtual, rest, kind=kind, size=size)._asdict() for size in SIZES}
            for kind in KINDS
        }
        half = slice(0, len(virtual.group.sensors) // 2)
        found[name] = {
            "skill": virtual.group.skill,
            "faults": faults,
            "unchanged": shares(virtual, rest),
            "all of the ground": shares(virtual, moved(rest, slice(None), size=4.0)),
            "half of the ground": shares(virtual, moved(rest, half, size=4.0)),
        }
    return found


def shares(virtual: VirtualSensors, values: np.ndarray) -> dict[str, float]:
    """Share of readings with each opinion."""
    table = agreements(virtual, values)
    return {opinion.name.lower(): float(np.mean(table == opinion)) for opinion in Agreement}


def measure_learned() -> dict:
    """Errors of ridge and of learned models on the last part of each group, over the sensor's spread there."""
    with tempfile.TemporaryDirectory() as folder:
        given, out = Path(folder) / "in.npz", Path(folder) / "out.json"
        cases = {name: series.values for name, series in groups().items()}
        cuts = {f"cut_{name}": int(LEARN_SHARE * len(values)) for name, values in cases.items()}
        np.savez(given, **cases, **cuts)
        if in_rivals_environment("rival_regression.py", given, out).wait() != 0:
            raise RuntimeError("the learned models failed; see above.")
        found = json.loads(out.read_text())
    for name, series in groups().items():
        found[name]["ridge"] = ridge_errors(*learned(series, LEARN_SHARE))
    return found


def ridge_errors(virtual: VirtualSensors, rest: np.ndarray) -> list[float]:
    group = virtual.group
    rows = (rest - np.array(group.mean)) / np.array(group.scale)
    lags = group.n_lags
    features = np.concatenate([rows[lags - lag : len(rows) - lag] for lag in range(lags + 1)], axis=1)
    errors = []
    for sensor in range(len(group.sensors)):
        guess = np.array([virtual.estimate(row, sensor).value for row in features])
        truth = rows[lags:, sensor]
        errors.append(float(np.sqrt(np.mean((guess - truth) ** 2)) / truth.std()))
    return errors


def measure_speed() -> dict:
    random = np.random.default_rng(0)
    values = (290.0 + random.normal(0.0, 1.0, N_SPEED)).tolist()
    readings = [Reading("a/temperature", 1_600_000_000_000_000 + k * 60_000_000, v) for k, v in enumerate(values)]

    def judged() -> None:
        state = NEW
        for reading in readings:
            state = judge(state, reading).state

    slope = simulated_slope(SEEDS[0])
    virtual, rest = learned(slope, LEARN_SHARE)
    return {
        "judge": N_SPEED / cpu_seconds(judged, repeats=3),
        "consult": rest.size / cpu_seconds(lambda: agreements(virtual, rest), repeats=3),
        "quiet": {one.name: quiet(one) for one in (slopes(), rig_without_faults())},
    }


def quiet(series: Series) -> dict[str, float]:
    """Share of readings suspect or worse, with the options as shipped."""
    table = flags(series)
    return {"suspect": float(np.mean(table == Flag.SUSPECT)), "fail": float(np.mean(table == Flag.FAIL))}


SECTIONS = {
    "nab": measure_nab, "skab": measure_skab, "faults": measure_faults, "learned": measure_learned,
    "speed": measure_speed,
}  # fmt: skip


def rows_of(found: dict) -> list[Row]:
    rows = [
        row for name in NAB for row in contest_rows(f"NAB {name.split('_')[0]} temperature", found["nab"][name], "days")
    ]
    rows += contest_rows("SKAB, 8 channels", found["skab"], "minutes")
    rows += fault_rows(found["faults"])
    for name, errors in found["learned"].items():
        for rival in ("boosting", "network"):
            note = "median over sensors of error / spread on the last 30 %; above 1 no better than the mean"
            ours, theirs = float(np.median(errors["ridge"])), float(np.median(errors[rival]))
            rows.append(Row(f"virtual sensors, {name}: error", "1", ours, rival, theirs, note))
    speed = found["speed"]
    rows.append(Row("judge, one core", "readings/s", speed["judge"], note="all checks of one datastream"))
    rows.append(Row("consult, one core, 6 sensors, 2 lags", "readings/s", speed["consult"], note="neighbours heard"))
    for name, share in speed["quiet"].items():
        note = f"options as shipped, nobody has labelled faults; failed {100 * share['fail']:.3f} %"
        rows.append(Row(f"{name}: readings suspect", "%", 100 * share["suspect"], note=note))
    return rows


def contest_rows(case: str, found: dict, blocks: str) -> list[Row]:
    rows = []
    for rate, detectors in found["at"].items():
        ours = detectors["ours"]
        allowed = int(float(rate) * ours["n_blocks"] + 1e-9)
        text = f"{case}: of {ours['n_faults']} faults found, ≤ {allowed} false of {ours['n_blocks']} {blocks}"
        for name, other in detectors.items():
            if name != "ours":
                note = (
                    f"false: {ours['n_false']}, rival {other['n_false']}; by chance {found['chance'][rate]:.2f} found"
                )
                rows.append(Row(text, "faults", ours["n_found"], RIVALS.get(name, name), other["n_found"], note))
    shipped = found["as_shipped"]
    note = f"false alarms on {shipped['n_false']} of {shipped['n_blocks']} normal {blocks}"
    rows.append(
        Row(
            f"{case}: of {shipped['n_faults']} faults found, options as shipped",
            "faults",
            shipped["n_found"],
            note=note,
        )
    )
    return rows


def fault_rows(found: dict) -> list[Row]:
    rows = []
    for name, group in found.items():
        if "faults" not in group:
            continue
        for kind, sizes in group["faults"].items():
            for size, one in sizes.items():
                if kind == "stuck" and float(size) != SIZES[0]:
                    continue
                scale = "" if kind == "stuck" else f" of {float(size):g} σ"
                note = (
                    f"of {one['n_faults']} sensors; another one called in {one['n_others']}; "
                    f"after {one['median_rows']:g} rows"
                )
                rows.append(Row(f"{name}, {kind}{scale}: isolated", "sensors", one["n_found"], note=note))
        for change in ("unchanged", "all of the ground", "half of the ground"):
            share = group[change]
            note = ", ".join(f"{word} {100 * part:.1f} %" for word, part in share.items())
            rows.append(Row(f"{name}, {change}: called a sensor's fault", "%", 100 * share["lone"], note=note))
    return rows


def main(sections: list[str]) -> None:
    found = json.loads(DETAILS.read_text()) if DETAILS.exists() else {}
    for section in sections or list(SECTIONS):
        found[section] = SECTIONS[section]()
        found["machine"] = machine()
        DETAILS.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    if SECTIONS.keys() <= found.keys():
        report("telemetry_qc", rows_of(found), title="Quality control of sensors")


if __name__ == "__main__":
    main(sys.argv[1:])
