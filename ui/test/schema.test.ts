import { describe, expect, it } from "vitest";
import {
  boundsOf,
  completed,
  differences,
  faultsOf,
  fieldsOf,
  labelOf,
  needed,
  shapeOf,
  told,
  unitOf,
  type Content,
  type Schema,
} from "../src/format/schema";

const ROOT: Schema = {
  type: "object",
  required: ["gateway", "version"],
  properties: {
    gateway: { type: "string" },
    version: { type: "integer" },
    scan: { $ref: "#/$defs/Scan", default: { window_s: 10, every_s: 10 } },
    place: {
      anyOf: [{ $ref: "#/$defs/Place" }, { type: "null" }],
      default: null,
      description: "where it is",
    },
    readers: { type: "array", default: [], items: { $ref: "#/$defs/Reader" } },
    means: {
      type: "object",
      default: {},
      additionalProperties: { type: "number" },
      description: "means [s]",
    },
    criteria: { type: "array", default: [], items: { $ref: "#/$defs/Criterion" } },
  },
  $defs: {
    Scan: {
      type: "object",
      description: "When it listens.",
      properties: {
        window_s: {
          type: "number",
          default: 10,
          exclusiveMinimum: 0,
          maximum: 3600,
          description: "how long [s]",
        },
        every_s: { type: "number", default: 10, exclusiveMinimum: 0, maximum: 86400 },
      },
    },
    Place: {
      type: "object",
      required: ["lon"],
      properties: {
        lon: { type: "number", minimum: -180, maximum: 180 },
        height_m: { type: "number", default: 0, minimum: -1000 },
      },
    },
    Reader: {
      type: "object",
      required: ["kind", "topics"],
      properties: {
        kind: { type: "string", enum: ["native", "lorawan"] },
        port: { type: "integer", default: 1883, minimum: 1, maximum: 65535 },
        topics: { type: "array", items: { type: "string" }, minItems: 1 },
      },
    },
    Criterion: { type: "object", title: "Criterion", properties: {} },
  },
};
const WHOLE = shapeOf(ROOT, ROOT);
const FIRST = completed({}, WHOLE, ROOT) as Content;

function given(change: Content): Content {
  return completed(change, WHOLE, ROOT) as Content;
}

describe("a form made of a schema", () => {
  it("knows what each field is, and leaves out what the server adds", () => {
    const kinds = fieldsOf(ROOT, ROOT).map(([name, { kind, isOptional }]) => [name, kind, isOptional]);
    expect(kinds).toEqual([
      ["scan", "part", false],
      ["place", "part", true],
      ["readers", "list", false],
      ["means", "book", false],
      ["criteria", "kept", false],
    ]);
  });

  it("says units, names and bounds in words", () => {
    const scan = ROOT.$defs?.["Scan"]?.properties ?? {};
    expect(unitOf("window_s", scan["window_s"] ?? {})).toBe("s");
    expect(unitOf("outbox_mib", {})).toBe("MiB");
    expect(unitOf("n_most", { description: "most items [1]" })).toBe("");
    expect(labelOf("fainting_limit_s")).toBe("Fainting limit");
    expect(boundsOf(scan["window_s"] ?? {})).toBe("more than 0 to 3600");
    expect(boundsOf({ minimum: 1 })).toBe("at least 1");
    expect(boundsOf({})).toBe("");
  });

  it("fills in what holds by default, and sends only what differs from it", () => {
    expect(FIRST).toEqual({
      scan: { window_s: 10, every_s: 10 },
      place: null,
      readers: [],
      means: {},
      criteria: [],
    });
    expect(needed(FIRST, WHOLE, ROOT)).toEqual({});
    const said = { scan: { every_s: 60 }, place: { lon: -44 }, means: { speed: 2 } };
    expect(needed(given(said), WHOLE, ROOT)).toEqual(said);
    expect(given(said)["place"]).toEqual({ lon: -44, height_m: 0 });
  });

  it("finds what is wrong wherever it stands", () => {
    const bad = given({
      scan: { window_s: 0 },
      place: {},
      readers: [{ kind: "lorawan", port: 1.5, topics: [] }],
      means: { speed: null },
    });
    expect(Object.fromEntries(faultsOf(bad, WHOLE, ROOT))).toEqual({
      "scan.window_s": "It goes from more than 0 to 3600.",
      "place.lon": "It is needed.",
      "readers.0.port": "It is a whole number.",
      "readers.0.topics": "Name at least one.",
      "means.speed": "It is needed.",
    });
    expect(faultsOf(FIRST, WHOLE, ROOT)).toEqual([]);
  });

  it("tells where two contents differ", () => {
    const after = given({ scan: { every_s: 60 }, place: { lon: 1 }, means: { speed: 2 } });
    const rows = differences(FIRST, after).map(({ path, before, after }) => [
      path,
      told(before),
      told(after),
    ]);
    expect(rows).toEqual([
      ["scan.every_s", "10", "60"],
      ["place", "none", "lon 1, height 0"],
      ["means.speed", "none", "2"],
    ]);
    expect(
      differences(after, given({ means: { speed: 2 }, scan: { every_s: 60 }, place: { lon: 1 } })),
    ).toEqual([]);
  });
});
