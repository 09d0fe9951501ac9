import { afterEach, expect, it, vi } from "vitest";
import type { Alarm } from "../src/api/contract";
import { withAlarms } from "../src/live/world";
import { patternOf } from "../src/store/pattern";
import { world } from "../src/store/screen";
import { startSound } from "../src/store/sound";

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

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

it("words of the socket do not begin the tones anew, a graver alarm does", async () => {
  vi.useFakeTimers();
  const touches: (() => void)[] = [];
  let tones = 0;
  const node = { connect: (next: unknown) => next };
  vi.stubGlobal("addEventListener", (_: string, touch: () => void) => touches.push(touch));
  vi.stubGlobal(
    "AudioContext",
    class {
      state = "running";
      currentTime = 0;
      resume = () => Promise.resolve();
      createGain = () => ({ ...node, gain: { setValueAtTime() {}, linearRampToValueAtTime() {} } });
      createOscillator = () => ({ ...node, frequency: {}, start: () => (tones += 1), stop() {} });
    },
  );
  const raise = (id: number, level: number) => {
    const alarm = { id, level, state: "raised", cancel_until: null, raised: "", subject: { id: "p-1" } };
    world.value = withAlarms(world.value, [alarm as Alarm]);
  };
  startSound();
  touches[0]?.();
  await vi.advanceTimersByTimeAsync(0);
  raise(1, 1);
  expect(tones).toBe(1);
  for (let word = 1; word <= 20; word++) world.value = { ...world.value, lastId: word };
  expect(tones).toBe(1);
  vi.advanceTimersByTime(20_000);
  expect(tones).toBe(2);
  raise(2, 3);
  expect(tones).toBe(5);
});
