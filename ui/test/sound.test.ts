import { expect, it } from "vitest";
import { patternOf } from "../src/store/pattern";

it("the graver an alarm, the higher, the longer and the oftener it sounds", () => {
  const patterns = [1, 2, 3, 4].map(patternOf);
  const by = (measure: (pattern: (typeof patterns)[number]) => number) => patterns.map(measure);
  const rises = (values: number[]) =>
    values.every((value, index) => index === 0 || value > (values[index - 1] ?? 0));
  expect(rises(by(({ tones }) => Math.max(...tones.map(({ pitch }) => pitch))))).toBe(true);
  expect(rises(by(({ tones }) => tones.length + (tones[0]?.pitch ?? 0) / 1e4))).toBe(true);
  expect(rises(by(({ every }) => -every).map((value) => value + 100))).toBe(true);
});

it("a pattern is over before it begins again", () => {
  for (const level of [0, 1, 2, 3, 4, 9]) {
    const { tones, every } = patternOf(level);
    for (const { start, length } of tones) expect(start + length).toBeLessThan(every);
  }
});
