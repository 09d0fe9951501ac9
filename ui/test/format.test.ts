import { describe, expect, it } from "vitest";
import { changes, numbers, withLeaf } from "../src/format/changes";
import { audience, criteriaOf, lasting, sentence } from "../src/format/criteria";
import { ago, clock, moment, offsetName, span, utc } from "../src/format/time";
import { measured, numeral, prettyUnit, reading, stated, withUnit } from "../src/format/value";
import { byConcern, lookOf } from "../src/format/look";
import type { Asset } from "../src/api/contract";

const SITE = "America/Sao_Paulo";
const NIGHT = Date.UTC(2026, 10, 22, 1, 30, 5); // 22:30:05 of the day before, on the site

describe("times", () => {
  it("are the site's, with UTC beside and its day where that differs", () => {
    expect(clock(NIGHT, SITE)).toBe("22:30:05");
    expect(utc(NIGHT, SITE)).toBe("22 Nov 2026, 01:30 UTC");
    expect(utc(NIGHT - 6 * 3_600_000, SITE)).toBe("19:30 UTC");
    expect(offsetName(NIGHT, SITE)).toBe("UTC−3");
    expect(offsetName(NIGHT, "Asia/Kolkata")).toBe("UTC+5:30");
  });

  it("carry their day when it is not today", () => {
    expect(moment(NIGHT, SITE, NIGHT + 60_000)).toBe("22:30:05");
    expect(moment(NIGHT, SITE, NIGHT + 86_400_000)).toBe("21 Nov 2026, 22:30:05");
  });

  it("never stand at 24 h: midnight is 00", () => {
    expect(clock(Date.UTC(2026, 0, 1, 3), SITE)).toBe("00:00:00");
  });

  it("that have passed are told in the largest fitting words", () => {
    expect([0, 59_999, 60_000, 3_600_000, 7_500_000, 90_000_000].map(span)).toEqual([
      "0 s",
      "59 s",
      "1 min",
      "1 h",
      "2 h 5 min",
      "1 d",
    ]);
    expect(ago(NIGHT + 5000, NIGHT)).toBe("now");
    expect(ago(NIGHT - 12_000, NIGHT)).toBe("12 s ago");
  });
});

describe("values", () => {
  it("are shown in the unit that people read", () => {
    const celsius = { unit: "°C", scale: 1, offset: -273.15 };
    expect(reading({ value: 291.35, at: "", flag: 1 }, celsius)).toBe("18.2\u202f°C");
    expect(reading({ value: null, text: "wet", at: "", flag: 1 }, celsius)).toBe("wet");
    expect(reading(null, celsius)).toBe("—");
    const place = { unit: "degree degree m", scale: 1, offset: 0 };
    const said = { value: 817.2, text: "[-43.97237,-20.08628,811.6]", at: "", flag: 1 };
    expect(reading(said, place)).toBe("20.08628° S 43.97237° W, 812\u202fm");
    expect(reading({ ...said, text: "nonsense" }, place)).toBe("—");
  });

  it("have four digits, a true minus, and powers of ten only where they must", () => {
    expect([0, 0.0123456, -12.3456, 1234.56, 45678.9].map(numeral)).toEqual([
      "0",
      "0.01235",
      "−12.35",
      "1,234.6",
      "45,679",
    ]);
    expect(numeral(2.3e-8)).toBe("2.3×10⁻⁸");
    expect(numeral(-3e9)).toBe("−3×10⁹");
    expect(numeral(NaN)).toBe("—");
  });

  it("that are bounds keep the digits that they were stated with", () => {
    const daily = { unit: "mm a day", scale: 86_400_000, offset: 0 };
    expect([5.8e-8, 1.16e-8, 5.79e-7, -5.8e-8].map((bound) => stated(bound, daily))).toEqual(
      ["5", "1", "50", "−5"].map((text) => `${text}\u202fmm a day`),
    );
    const mm = { unit: "mm", scale: 1000, offset: 0 };
    expect([0.01905, 0.012, 0, 0.1 + 0.2].map((bound) => stated(bound, mm))).toEqual(
      ["19.05", "12", "0", "300"].map((text) => `${text}\u202fmm`),
    );
    expect(stated(300, { unit: "°C", scale: 1, offset: -273.15 })).toBe("26.85\u202f°C");
  });

  it("carry units as print has them", () => {
    expect(prettyUnit("m s-2")).toBe("m s⁻²");
    expect(withUnit("93", "%")).toBe("93\u202f%");
    expect(withUnit("12", "°")).toBe("12°");
    expect(withUnit("5", "1")).toBe("5");
  });

  it("named by a key tell their unit", () => {
    expect(measured("depth_m", 41)).toEqual(["Depth", "41\u202fm"]);
    expect(measured("area_m2", 34_000)).toEqual(["Area", "3.4 ha"]);
    expect(measured("probability_mean", 0.931)).toEqual(["Probability mean", "93\u202f%"]);
    expect(measured("holder", "Small & Sons")).toEqual(["Holder", "Small & Sons"]);
  });
});

describe("criteria in words", () => {
  const units = new Map([["displacement", { unit: "mm", scale: 1000, offset: 0 }]]);

  it("bracket an and inside an or, and tell rates by the day", () => {
    const condition = {
      any: [
        { reading: "displacement", of: "rate", over_s: 21_600, above: 1e-7 },
        {
          all: [
            { reading: "displacement", above: 0.006, in_a_row: 3 },
            { state: "health", among: ["down"] },
          ],
        },
      ],
    };
    expect(sentence(condition, units)).toBe(
      "rate of displacement over 6 h above 8.6\u202fmm a day or " +
        "(displacement above 6\u202fmm, 3 readings in a row and health is down)",
    );
  });

  it("say k of n, not and what is missing", () => {
    expect(
      sentence({
        at_least: 2,
        of_these: [{ inside: ["exclusion"] }, { not: { silent: "word", for_s: 90 } }],
      }),
    ).toBe("at least 2 of (inside a zone of exclusion; not (no word for 90 s))");
  });

  it("say what a gateway tells", () => {
    expect(sentence({ event: ["local_alarm"], for_s: 86_400, least_level: 3 })).toBe(
      "local alarm from level 3 within the last 1 d",
    );
  });

  it("show a condition of a kind that is not known here as it is", () => {
    expect(sentence({ moon: "full" })).toBe('{"moon":"full"}');
  });

  it("survive a document that is none", () => {
    expect(criteriaOf(null)).toEqual([]);
    expect(criteriaOf({ criteria: [{ id: "x" }] })).toEqual([]);
  });

  it("name whom they watch", () => {
    expect(
      audience({ id: "a", title: "", levels: [], about: { kind: "asset", of: ["person", "machine"] } }),
    ).toBe("every person or machine");
    expect([90, 900, 14_400, 259_200].map(lasting)).toEqual(["90 s", "15 min", "4 h", "3 d"]);
  });
});

describe("changes of a document", () => {
  const before = {
    criteria: [{ id: "wall", levels: [{ level: 2, when: { above: 0.006 }, actions: ["look"] }] }],
  };

  it("are found leaf by leaf, rows of a list by their name", () => {
    const after = withLeaf(before, ["criteria", "0", "levels", "0", "when", "above"], 0.005);
    expect(changes(before, after)).toEqual([
      { path: "criteria › wall › levels › 2 › when › above", before: 0.006, after: 0.005 },
    ]);
    expect(before.criteria[0]?.levels[0]?.when.above).toBe(0.006);
  });

  it("tell what was added and what was taken away", () => {
    expect(changes({ a: 1 }, { b: [1] })).toEqual([
      { path: "a", before: 1, after: undefined },
      { path: "b", before: undefined, after: [1] },
    ]);
    expect(changes(before, structuredClone(before))).toEqual([]);
  });

  it("list every number, with the way to it", () => {
    const leaves = numbers(before);
    expect(leaves.map(({ value }) => value)).toEqual([2, 0.006]);
    for (const { keys, value } of leaves) expect(withLeaf(before, keys, value)).toEqual(before);
  });
});

describe("how an asset looks", () => {
  const person = (name: string, more: Partial<Asset["state"]>): Asset => ({
    id: name,
    kind: "person",
    name,
    location_id: null,
    tag_id: null,
    external_id: null,
    state: {
      position: null,
      motion: "moving",
      health: "ok",
      battery_v: null,
      last_heard: null,
      silent: false,
      ...more,
    },
  });

  it("is its gravest trouble", () => {
    expect(lookOf(person("a", { health: "down", silent: true }))).toBe("down");
    expect(lookOf(person("a", { silent: true }))).toBe("silent");
    expect(lookOf(person("a", {}))).toBe("moving");
  });

  it("of what stands where it was built is not called unknown", () => {
    expect(lookOf({ ...person("a", { motion: "unknown" }), kind: "structure" })).toBe("still");
    expect(lookOf(person("a", { motion: "unknown" }))).toBe("unknown");
  });

  it("orders lists: who is down first, then by name as people count", () => {
    const rows = [person("Truck 10", {}), person("Truck 9", {}), person("Zoe", { health: "down" })];
    expect(rows.sort(byConcern).map(({ name }) => name)).toEqual(["Zoe", "Truck 9", "Truck 10"]);
  });
});
