/** What an alarm sounds like. Pure. */

export interface Tone {
  /** Hz */
  pitch: number;
  /** s after the pattern begins */
  start: number;
  /** s */
  length: number;
}

export interface Pattern {
  tones: Tone[];
  /** s until it is heard again */
  every: number;
}

/** What a level sounds like: the graver, the higher, the longer and the oftener. */
export function patternOf(level: number): Pattern {
  const n = Math.min(4, Math.max(1, Math.round(level)));
  const pitches = [[520], [620, 620], [740, 620, 740], [880, 660, 880, 660]][n - 1] ?? [520];
  const tones = pitches.map((pitch, index) => ({ pitch, start: index * 0.22, length: 0.18 }));
  return { tones, every: [20, 10, 5, 2.5][n - 1] ?? 20 };
}
