/** A series as uPlot takes it. Pure. */

import type { Series, Shown } from "../api/contract";
import { shown } from "../format/value";

export type Columns = [number[], (number | null)[], (number | null)[]];

/** Columns for uPlot: seconds, least, greatest, in the unit that people read. */
export function columnsOf(series: Series, unit: Shown): Columns {
  const turned = unit.scale < 0;
  const read = (row: (number | null)[]) => row.map((value) => (value === null ? null : shown(value, unit)));
  const [low, high] = [read(turned ? series.max : series.min), read(turned ? series.min : series.max)];
  return [series.t.map((ms) => ms / 1000), low, high];
}
