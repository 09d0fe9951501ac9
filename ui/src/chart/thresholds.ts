/** Thresholds of a chart: which are lines or slopes on it, how far the axis reaches for them, what they say. Pure. */

import type { Shown, Threshold } from "../api/contract";
import { lasting } from "../format/criteria";
import { unitOf } from "../format/units";
import { shown, stated } from "../format/value";
import type { Columns } from "./columns";

/** A level line, in the unit that people read. */
export interface Line {
  level: number;
  at: number;
  label: string;
  /** Where the alarm ends, not where it begins. */
  isClear: boolean;
}

/** A slope that would raise a level, drawn to the last reading. */
export interface Slope {
  level: number;
  from: [seconds: number, value: number];
  to: [seconds: number, value: number];
  label: string;
}

export interface Span {
  low: number;
  high: number;
}

/** What is drawn over the readings. */
export interface Guides {
  lines: Line[];
  slopes: Slope[];
  axis: Span | null;
}

export const NO_GUIDES: Guides = { lines: [], slopes: [], axis: null };

/** Statistics that are in the unit and on the scale of the readings themselves. */
const ON_SCALE: ReadonlySet<string> = new Set(["value", "size", "mean", "low", "high"]);
/** A threshold further from the readings than this many times their own spread is told in words, not drawn. */
const REACH = 1;
/** Readings that do not vary are given this share of their size as a spread. */
const LEAST_SPREAD = 0.02;

export function guidesOf(thresholds: Threshold[], columns: Columns, unit: Shown): Guides {
  const lines = thresholds.flatMap((each) => linesOf(each, unit));
  const slopes = thresholds.flatMap((each) => slopeOf(each, columns, unit));
  return { lines, slopes, axis: axisOf(spanOf(columns), lines) };
}

/** Lines of a threshold: where it begins and where it ends; two of each for a size, which has no sign. */
export function linesOf(threshold: Threshold, unit: Shown): Line[] {
  const { level, of, bound, until, component, is_alone } = threshold;
  const begins = `Level ${level}${is_alone ? "" : " with others"}:`;
  if (!ON_SCALE.has(of) || component !== null) return [];
  const signs = of === "size" && bound !== 0 ? [1, -1] : [1];
  const line = (value: number, isClear: boolean, word: string): Line => {
    const at = shown(value, unit);
    return { level, at, isClear, label: `${word} ${stated(value, unit)}` };
  };
  return signs.flatMap((sign) => [
    line(sign * bound, false, begins),
    ...(until === null || until === bound ? [] : [line(sign * until, true, "clears")]),
  ]);
}

/** What a rate that would raise the level looks like on this chart. */
export function slopeOf(threshold: Threshold, [t, low, high]: Columns, unit: Shown): Slope[] {
  const { level, of, over_s, bound, is_alone } = threshold;
  const last = lastRead(high);
  const [end, least, most] = [t[last], low[last], high[last]];
  if (of !== "rate" || !is_alone || over_s === null || end === undefined) return [];
  const value = ((least ?? NaN) + (most ?? NaN)) / 2;
  const from: Slope["from"] = [end - over_s, value - bound * over_s * unit.scale];
  const rate = unitOf("", "rate", new Map([["", unit]]));
  return [
    {
      level,
      from,
      to: [end, value],
      label: `Level ${level}: ${stated(bound, rate)}`,
    },
  ];
}

/** The axis of values: what was read, and thresholds near enough that the readings still fill a third of it. */
export function axisOf(read: Span | null, lines: Line[]): Span | null {
  if (!read) return null;
  const spread = spreadOf(read);
  const near = lines
    .map((line) => line.at)
    .filter((at) => at <= read.high + REACH * spread && at >= read.low - REACH * spread);
  const [low, high] = [Math.min(read.low, ...near), Math.max(read.high, ...near)];
  const air = 0.08 * Math.max(high - low, spread);
  return { low: low - air, high: high + air };
}

/** Where a threshold's line is, when it is not on the chart. */
export function whereabouts(lines: Line[], axis: Span | null): string {
  const begins = lines.filter((line) => !line.isClear);
  if (!axis || begins.length === 0) return "";
  const above = begins.some((line) => line.at > axis.high);
  const below = begins.some((line) => line.at < axis.low);
  if (begins.some((line) => line.at <= axis.high && line.at >= axis.low)) return "";
  return above && below ? "beyond the chart on both sides" : above ? "above the chart" : "below the chart";
}

/** `rate over 6 h above 5 mm a day, clears at 2.5 mm a day, for 10 min`. */
export function thresholdWords(threshold: Threshold, unit: Shown): string {
  const { of, over_s, bound, until, in_a_row, at_least, component, on_after_s, is_alone } = threshold;
  const read = unitOf("", of, new Map([["", unit]]));
  const say = (value: number) => stated(value, read);
  const isUp = (threshold.side === "above") === read.scale >= 0;
  return [
    `${STATISTICS[of]}${over_s === null ? "" : ` over ${lasting(over_s)}`} ${isUp ? "above" : "below"} ${say(bound)}`,
    until === null || until === bound ? "" : `clears at ${say(until)}`,
    in_a_row > 1 ? `${in_a_row} readings in a row` : "",
    component === null ? "" : `its component ${component + 1}`,
    at_least > 1 ? `on at least ${at_least} sensors` : "",
    on_after_s > 0 ? `for ${lasting(on_after_s)}` : "",
    is_alone ? "" : "together with other conditions",
  ]
    .filter(Boolean)
    .join(", ");
}

const STATISTICS: Record<Threshold["of"], string> = {
  value: "reading",
  size: "size of the reading",
  mean: "mean",
  low: "least",
  high: "greatest",
  range: "range",
  rate: "rate",
  speed_up: "speeding up",
};

function lastRead(values: (number | null)[]): number {
  let index = values.length - 1;
  while (index >= 0 && values[index] === null) index -= 1;
  return index;
}

function spanOf([, low, high]: Columns): Span | null {
  const read = [...low, ...high].filter((value): value is number => value !== null);
  if (read.length === 0) return null;
  return { low: read.reduce((a, b) => Math.min(a, b)), high: read.reduce((a, b) => Math.max(a, b)) };
}

function spreadOf({ low, high }: Span): number {
  return Math.max(high - low, LEAST_SPREAD * Math.max(Math.abs(low), Math.abs(high))) || 1;
}
