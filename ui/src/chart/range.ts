/** The stretch of time that a chart shows, and how a person moves along it. Pure. */

export interface TimeRange {
  from: number;
  to: number;
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

export const SPANS: readonly { word: string; says: string; ms: number }[] = [
  { word: "1 h", says: "Last hour", ms: HOUR },
  { word: "24 h", says: "Last day", ms: DAY },
  { word: "7 d", says: "Last week", ms: 7 * DAY },
  { word: "30 d", says: "Last month", ms: 30 * DAY },
  { word: "1 y", says: "Last year", ms: 365 * DAY },
  { word: "10 y", says: "Last ten years", ms: 3650 * DAY },
];
const SHORTEST = 10_000;
const LONGEST = 40 * 365 * DAY;

/** Closer (factor below 1) or further, about the middle; never past what makes sense. */
export function zoomed({ from, to }: TimeRange, factor: number): TimeRange {
  const half = Math.min(LONGEST, Math.max(SHORTEST, (to - from) * factor)) / 2;
  const middle = (from + to) / 2;
  return { from: Math.round(middle - half), to: Math.round(middle + half) };
}

/** Earlier (negative share) or later, by a share of what is seen. */
export function panned({ from, to }: TimeRange, share: number): TimeRange {
  const step = Math.round((to - from) * share);
  return { from: from + step, to: to + step };
}

/** A chosen stretch, in order, never too short. */
export function chosen(from: number, to: number): TimeRange {
  const range = { from: Math.round(Math.min(from, to)), to: Math.round(Math.max(from, to)) };
  return range.to - range.from < SHORTEST ? zoomed(range, 1) : range;
}
