import { describe, expect, it } from "vitest";
import type { Finding } from "../src/api/contract";
import {
  clauseOf,
  elseOf,
  filesOf,
  kindTitle,
  muchOf,
  restsOn,
  sinceOf,
  sureOf,
} from "../src/format/findings";

const FINDING: Finding = {
  id: "F-1",
  kind: "permit_expired",
  state: "new",
  statement: "It was seen 198 days after.",
  probability: 0.792,
  area_m2: 124_800,
  first_seen: "2023-01-17",
  last_seen: "2023-07-17",
  absent_since: null,
  facts: {
    patch_id: "P004",
    observed: "2023-07-17",
    probability: 0.792,
    area_m2: 124_800,
    least_m2: 100_000,
    share: 0.4,
    depth_m: 35,
    permit_id: "SIM-002",
    holder: "Vale Alto Stone",
    days_lapsed: 198,
    probability_mean: 0.81,
    motion_class: "decorrelated",
    slope_m: 12,
  },
  events: [],
  evidence: {
    acquired: "2023-07-17",
    certainty: 0.95,
    inputs: { permits: "1220c8", "scene.tif": "122064" },
    model: { name: "footprints", version: "0.1.0" },
    position_std_m: 32.2,
    scene: "S2SIM",
    checked: ["by radar", { days: 3 }],
  },
  geometry: { type: "Point", coordinates: [0, 0] },
  datastreams: [],
  has_case: false,
};
const PERMIT = { permit_id: "SIM-002", valid_to: "2022-12-31" };

describe("a finding in words", () => {
  it("says how much, surely how much, and how far", () => {
    expect(muchOf(FINDING)).toEqual([
      ["Area", "12.5 ha, surely 10 ha or more"],
      ["Of its patch", "40\u202f%"],
      ["Furthest past the line", "35\u202fm"],
    ]);
  });

  it("says which permit, which of its clauses, and since when that is past", () => {
    expect(clauseOf(FINDING, PERMIT)).toEqual([
      ["Against", "The term of permit SIM-002: it had ended when the ground was seen."],
      ["Permit", "SIM-002, held by Vale Alto Stone"],
      ["Valid until", "2022-12-31"],
      ["Days past that date", "198 when it was last seen"],
    ]);
    expect(clauseOf({ ...FINDING, kind: "outside_any_permit", facts: {} }, undefined)).toEqual([
      ["Against", "The need for a permit: none in force covers this ground."],
    ]);
  });

  it("says since when, and since when no more", () => {
    expect(sinceOf({ ...FINDING, absent_since: "2023-09-01" }).at(-1)).toEqual([
      "Not seen any more since",
      "2023-09-01",
    ]);
    expect(sinceOf({ ...FINDING, first_seen: FINDING.last_seen }).at(-1)?.[1]).toContain("seen once");
  });

  it("says how sure, and what that means", () => {
    const said = sureOf(FINDING)
      .map(([, value]) => value)
      .join(" | ");
    for (const part of ["79\u202f%", "81\u202f%", "32.2\u202fm", "95\u202f%"]) expect(said).toContain(part);
  });

  it("says what it rests on; files keep their whole hashes", () => {
    expect(restsOn(FINDING)[0]).toEqual(["Scene", "S2SIM of 2023-07-17"]);
    expect(filesOf(FINDING)).toEqual([["permits", "1220c8"], ["scene.tif", "122064"]]); // prettier-ignore
    expect(filesOf({ ...FINDING, evidence: {} })).toEqual([]);
  });

  it("leaves nothing out that it has no words for, and dumps no JSON", () => {
    expect(elseOf(FINDING)).toEqual([
      ["Slope", "12\u202fm"],
      ["Checked", "by radar, days: 3"],
    ]);
    const all = [muchOf, sinceOf, sureOf, restsOn, elseOf].flatMap((tell) => tell(FINDING));
    for (const [, value] of [...all, ...clauseOf(FINDING, PERMIT)])
      expect(value).not.toMatch(/[{}[\]"]|undefined|null/);
  });

  it("of a kind that is new to this page is told by its key", () => {
    expect(kindTitle("moon_mined")).toBe("Moon mined");
    expect(clauseOf({ ...FINDING, kind: "moon_mined" }, undefined)[0]).toEqual(["Against", "Moon mined"]);
  });
});
