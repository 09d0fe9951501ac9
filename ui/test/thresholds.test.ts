import { describe, expect, it } from "vitest";
import type { Threshold } from "../src/api/contract";
import { axisOf, guidesOf, linesOf, slopeOf, thresholdWords, whereabouts } from "../src/chart/thresholds";

const MM = { unit: "mm", scale: 1000, offset: 0 };
const watch = (more: Partial<Threshold> = {}): Threshold => ({
  criterion: "wall",
  title: "The wall moves",
  level: 3,
  of: "value",
  over_s: null,
  side: "above",
  bound: 0.012,
  until: 0.01,
  in_a_row: 1,
  at_least: 1,
  component: null,
  on_after_s: 0,
  is_alone: true,
  ...more,
});

describe("lines of a threshold", () => {
  it("stand where it begins and where it clears, in the unit that people read", () => {
    expect(linesOf(watch(), MM)).toEqual([
      { level: 3, at: 12, isClear: false, label: "Level 3: 12\u202fmm" },
      { level: 3, at: 10, isClear: true, label: "clears 10\u202fmm" },
    ]);
    expect(linesOf(watch({ until: null }), MM)).toHaveLength(1);
  });

  it("that others must hold with say so", () => {
    expect(linesOf(watch({ is_alone: false }), MM)[0]?.label).toBe("Level 3 with others: 12\u202fmm");
  });

  it("of a size stand on both sides of nothing", () => {
    const lines = linesOf(watch({ of: "size", until: null }), MM);
    expect(lines.map(({ at }) => at)).toEqual([12, -12]);
  });

  it("of what is on another scale are not drawn", () => {
    for (const of of ["rate", "range", "speed_up"] as const) expect(linesOf(watch({ of }), MM)).toEqual([]);
    expect(linesOf(watch({ component: 2 }), MM)).toEqual([]);
  });
});

describe("the axis of values", () => {
  const at = (value: number) => linesOf(watch({ bound: value / 1000, until: null }), MM);

  it("reaches for a threshold that is near", () => {
    const axis = axisOf({ low: 8, high: 10 }, at(11.5));
    expect(axis?.high).toBeGreaterThan(11.5);
    expect(axis?.low).toBeLessThan(8);
  });

  it("is not blown up by one that is far, which is told in words", () => {
    const axis = axisOf({ low: 1, high: 2 }, at(12));
    expect(axis?.high).toBeLessThan(2.5);
    expect(whereabouts(at(12), axis)).toBe("above the chart");
    expect(whereabouts(at(-12), axis)).toBe("below the chart");
    expect(whereabouts(at(1.5), axis)).toBe("");
    expect(whereabouts(linesOf(watch({ of: "size", until: null }), MM), axis)).toBe(
      "beyond the chart on both sides",
    );
  });

  it("gives readings a third of it, whatever stands where", () => {
    for (let bound = -20; bound <= 20; bound += 0.25) {
      const axis = axisOf({ low: 1, high: 2 }, [...at(bound), ...at(-bound / 2)]);
      expect(1 / ((axis?.high ?? Infinity) - (axis?.low ?? 0))).toBeGreaterThan(0.25);
    }
  });

  it("has some height for readings that do not vary, and none without readings", () => {
    const axis = axisOf({ low: 5, high: 5 }, []);
    expect(axis?.high).toBeGreaterThan(5);
    expect(axis?.low).toBeLessThan(5);
    expect(axisOf(null, at(3))).toBeNull();
    expect(axisOf({ low: 0, high: 0 }, [])?.high).toBeGreaterThan(0);
  });
});

describe("slopes", () => {
  const rate = watch({ of: "rate", over_s: 3600, bound: 1e-7, until: null });

  it("of a rate end at the last reading and begin a window before, lower by what the bound allows", () => {
    const [slope] = slopeOf(
      rate,
      [
        [0, 7200, 9000],
        [1, 4, null],
        [1, 6, null],
      ],
      MM,
    );
    expect(slope?.to).toEqual([7200, 5]);
    expect(slope?.from[0]).toBe(3600);
    expect(slope?.from[1]).toBeCloseTo(5 - 0.36, 9);
    expect(slope?.label).toBe("Level 3: 8.6\u202fmm a day");
  });

  it("need a rate that raises by itself, and a reading", () => {
    expect(slopeOf({ ...rate, is_alone: false }, [[0], [1], [1]], MM)).toEqual([]);
    expect(slopeOf(rate, [[0], [null], [null]], MM)).toEqual([]);
    expect(slopeOf(watch(), [[0], [1], [1]], MM)).toEqual([]);
  });

  it("do not widen the axis", () => {
    const columns: [number[], number[], number[]] = [
      [0, 3600],
      [1, 2],
      [1, 2],
    ];
    const steep = watch({ of: "rate", over_s: 3600, bound: 1, until: null });
    expect(guidesOf([steep], columns, MM).axis).toEqual(guidesOf([], columns, MM).axis);
  });
});

describe("a threshold in words", () => {
  it("says everything that must hold", () => {
    expect(thresholdWords(watch(), MM)).toBe("reading above 12\u202fmm, clears at 10\u202fmm");
    expect(
      thresholdWords(
        watch({
          of: "rate",
          over_s: 21_600,
          bound: 1e-7,
          until: 5e-8,
          in_a_row: 3,
          at_least: 2,
          on_after_s: 600,
          is_alone: false,
        }),
        MM,
      ),
    ).toBe(
      "rate over 6 h above 8.6\u202fmm a day, clears at 4.3\u202fmm a day, 3 readings in a row, " +
        "on at least 2 sensors, for 10 min, together with other conditions",
    );
  });

  it("counts speeding up in times, and loses no sign", () => {
    expect(thresholdWords(watch({ of: "speed_up", over_s: 172_800, bound: 1.7, until: null }), MM)).toBe(
      "speeding up over 2 d above 1.7\u202ftimes",
    );
    const depth = { unit: "m", scale: -1, offset: 10 };
    expect(thresholdWords(watch({ bound: 3, until: null }), depth)).toBe("reading below 7\u202fm");
  });
});
