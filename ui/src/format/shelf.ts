/** For how long an alarm may be put aside. Pure. */

const USUAL_S = [900, 3600, 4 * 3600, 12 * 3600, 24 * 3600];
const UNITS: [number, string][] = [
  [86_400, "day"],
  [3600, "hour"],
  [60, "minute"],
];

/** Seconds and words of what is offered: what is usual and shorter than the longest, and the longest itself. */
export function shelfSpans(longestS: number): [string, string][] {
  return [...USUAL_S.filter((s) => s < longestS), longestS].map((s) => [String(s), spanWords(s)]);
}

/** `15 minutes`, `36 hours`: a span in the largest unit of which it is a whole number. */
function spanWords(s: number): string {
  const [size, word] = UNITS.find(([size]) => s % size === 0) ?? [1, "second"];
  const n = s / size;
  return `${n} ${word}${n === 1 ? "" : "s"}`;
}
