import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Asset, Datastream } from "../src/api/contract";
import {
  compareStreams,
  evidenceWords,
  reasonWords,
  speakersOf,
  streamText,
  streamTitle,
  subjectName,
  thingName,
} from "../src/format/names";
import { isKnownProperty, propertyWord } from "../src/format/properties";

const asset = (id: string, name: string, tag: string | null = null) =>
  ({ id, name, tag_id: tag }) as unknown as Asset;
const SPEAKERS = speakersOf([asset("crack-2", "Crack gauge 2"), asset("p-ana", "Ana Ribeiro", "tag-5")]);
const stream = (name: string, unit = "mm", asset_id: string | null = null): Datastream => {
  const [thing = "", property = ""] = name.split("/");
  const shown = { unit, scale: 1, offset: 0 };
  return { id: 1, name, thing, property, title: "", unit, asset_id, shown, latest: null };
};

describe("names in place of ids", () => {
  it("every property that the server knows has its words here, and no others have", () => {
    const source = readFileSync("../src/highwall/telemetry/observed.py", "utf8");
    const known = [...source.matchAll(/ObservedProperty\(\s*"(\w+)"/g)].map(([, key]) => key ?? "");
    expect(known.length).toBeGreaterThan(20);
    expect(known.filter((key) => !isKnownProperty(key))).toEqual([]);
    expect(propertyWord("moon_phase")).toBe("moon phase");
  });

  it("a datastream is its asset, its property and its unit", () => {
    expect(streamTitle(stream("crack-2/crack_width"), SPEAKERS)).toBe("Crack gauge 2 · crack width, mm");
    expect(streamTitle(stream("tag-5/acceleration", "m s-2"), SPEAKERS)).toBe(
      "Ana Ribeiro · acceleration, m s⁻²",
    );
    expect(streamTitle(stream("tag-5/position", "degree degree m"), SPEAKERS)).toBe("Ana Ribeiro · position");
    expect(streamTitle(stream("old-tag/battery", "V", "p-ana"), SPEAKERS)).toBe("Ana Ribeiro · battery, V");
  });

  it("what the ground says stands before what people carry, numbers in their order", () => {
    const person = { ...asset("p-ana", "Ana Ribeiro", "tag-5"), kind: "person" } as Asset;
    const speakers = speakersOf([asset("prism-2", "Prism 2"), asset("prism-10", "Prism 10"), person]);
    const streams = ["tag-5/battery", "prism-10/displacement", "loose/tilt", "prism-2/displacement"];
    const titles = streams
      .map((name) => stream(name))
      .sort((one, other) => compareStreams(one, other, speakers))
      .map(({ thing }) => thing);
    expect(titles).toEqual(["loose", "prism-2", "prism-10", "tag-5"]);
    const own = stream("old-tag/battery", "V", "p-ana");
    expect(compareStreams(own, stream("prism-2/displacement"), speakers)).toBeGreaterThan(0);
  });

  it("which of several is told in words", () => {
    expect(streamTitle(stream("tag-5/rssi/beacon-17", "dBm"), SPEAKERS)).toBe(
      "Ana Ribeiro · signal strength of beacon 17, dBm",
    );
    expect(streamTitle(stream("crack-2/crack_width/estimate"), SPEAKERS)).toBe(
      "Crack gauge 2 · crack width, estimated, mm",
    );
    expect(streamTitle(stream("crack-2/temperature/left", "°C"), SPEAKERS)).toContain("temperature (left)");
  });

  it("what is no asset is called by its id as words, a patch of a run as ground", () => {
    expect(thingName("old_pump-3", SPEAKERS)).toBe("Old pump 3");
    expect(thingName("patch-p003", SPEAKERS)).toBe("Ground of patch P003");
  });

  it("a search finds names, words and ids", () => {
    const text = streamText(stream("crack-2/crack_width"), SPEAKERS);
    for (const sought of ["crack gauge 2", "crack width", "crack-2/crack_width"])
      expect(text).toContain(sought);
  });

  it("evidence begins with the name, and keeps the id", () => {
    expect(evidenceWords("crack-2/crack_width: rate 5.2 mm/day over 6 h, above 5 mm/day", SPEAKERS)).toEqual({
      text: "Crack gauge 2 · crack width: rate 5.2 mm/day over 6 h, above 5 mm/day",
      id: "crack-2/crack_width",
    });
    expect(evidenceWords("p-ana: health is down", SPEAKERS).text).toBe("Ana Ribeiro: health is down");
    expect(evidenceWords("p-ana is likely in it", SPEAKERS).text).toBe("Ana Ribeiro is likely in it");
    expect(evidenceWords("likely in zone z-1", SPEAKERS)).toEqual({ text: "likely in zone z-1", id: null });
  });

  it("reasons in an alarm's life are told the same way, part by part", () => {
    expect(reasonWords("pre-alarm: p-ana: health is pre_alarm or down", SPEAKERS)).toBe(
      "pre-alarm: Ana Ribeiro: health is pre-alarm or down",
    );
    expect(reasonWords("on my way; call me", SPEAKERS)).toBe("on my way; call me");
    expect(reasonWords("x is odd; tag-5/battery: 2.5 V, below 2.6 V", SPEAKERS)).toBe(
      "x is odd; Ana Ribeiro · battery: 2.5 V, below 2.6 V",
    );
  });

  it("an alarm's subject without a name is named here", () => {
    const about = (kind: string, id: string, name: string) => ({ subject: { kind, id, name } });
    expect(subjectName(about("sensor", "tag-5", "tag-5"), SPEAKERS)).toBe("Ana Ribeiro");
    expect(subjectName(about("asset", "x", "Truck 21"), SPEAKERS)).toBe("Truck 21");
    expect(subjectName(about("system", "engine", "engine"), SPEAKERS)).toBe("Engine");
  });
});
