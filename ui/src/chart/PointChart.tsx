/** The series of one point of a raster: displacement since the first epoch, as a rule. */

import { useMemo } from "preact/hooks";
import type { PointSeries } from "../api/contract";
import { numeral, prettyUnit } from "../format/value";
import { zone } from "../store/screen";
import { Plot } from "./Plot";
import type { Columns } from "./columns";

export function PointChart({ series: stored }: { series: PointSeries }) {
  const series = useMemo(() => shownInMillimetres(stored), [stored]);
  const columns = useMemo(() => bandOf(series), [series]);
  const known = series.value.filter((value): value is number => value !== null);
  const flags = useMemo(() => series.t.map(() => 1), [series]);
  const summary = known.length
    ? `${series.title}: ${known.length} epochs, from ${numeral(known[0] ?? NaN)} to ${numeral(known.at(-1) ?? NaN)} ${prettyUnit(series.unit)}`
    : `${series.title}: no values`;
  return (
    <Plot
      columns={columns}
      flags={flags}
      unit={series.unit}
      zone={zone.value}
      isBand={!!series.std}
      height={180}
      label={summary}
    />
  );
}

/** Metres of displacement are read in millimetres. */
function shownInMillimetres(series: PointSeries): PointSeries {
  if (series.unit !== "m") return series;
  const read = (row: (number | null)[]) => row.map((value) => (value === null ? null : value * 1000));
  return { ...series, unit: "mm", value: read(series.value), std: series.std && read(series.std) };
}

/** One line, or the band of one standard deviation to either side. */
function bandOf({ t, value, std }: PointSeries): Columns {
  const shifted = (sign: number) =>
    value.map((each, i) => (each === null ? null : each + sign * (std?.[i] ?? 0)));
  return [t.map((ms) => ms / 1000), shifted(-1), shifted(1)];
}
