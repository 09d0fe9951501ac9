import { describe, expect, it } from "vitest";
import { columnsOf } from "../src/chart/columns";
import { chosen, panned, zoomed } from "../src/chart/range";
import { crown, place, ring, SILENCE_MS, tracked } from "../src/map/geometry";
import { between, Glide, GLIDE_MS } from "../src/map/glide";
import { href, parseRoute } from "../src/store/route";
import { withQuery } from "../src/api/client";
import { unitOf } from "../src/format/units";

describe("addresses", () => {
  it("come apart as they were put together, whatever an id holds", () => {
    for (const id of ["p-1", "a/b", "ü?x=1#y", "100%"])
      expect(parseRoute(href("assets", id))).toMatchObject({ page: "assets", id });
  });

  it("that someone mangled are taken as they stand", () => {
    expect(parseRoute("#/assets/%E0%A4%A")).toMatchObject({ page: "assets", id: "%E0%A4%A" });
  });

  it("that are empty lead to the map", () => {
    expect(parseRoute("")).toMatchObject({ page: "map", id: null });
    expect(parseRoute("#/map?asset=p-7").query.get("asset")).toBe("p-7");
  });

  it("of the server carry only what is given", () => {
    expect(withQuery("/api/x", { after: null, limit: 5, q: undefined })).toBe("/api/x?limit=5");
    expect(withQuery("/api/x?a=1", { b: "ü" })).toBe("/api/x?a=1&b=%C3%BC");
    expect(withQuery("/api/x", { after: undefined })).toBe("/api/x");
  });
});

describe("a way on the ground", () => {
  const at = (ms: number, lon: number) => ({
    lon,
    lat: 0,
    height_m: null,
    radius_m: null,
    at: new Date(ms).toISOString(),
  });

  it("joins places in order, but not across a long silence", () => {
    const times = [0, 1000, 2000, 2000 + SILENCE_MS + 1, 3000 + SILENCE_MS, 10 * SILENCE_MS];
    const way = tracked(times.map((ms, lon) => at(ms, lon)));
    expect(way.coordinates.map((piece) => piece.map(([lon]) => lon))).toEqual([
      [0, 1, 2],
      [3, 4],
    ]);
  });

  it("of one place, or of none, is no line", () => {
    expect(tracked([at(0, 1)]).coordinates).toEqual([]);
    expect(tracked([]).coordinates).toEqual([]);
  });
});

describe("the stretch of a chart", () => {
  const day = { from: 0, to: 86_400_000 };

  it("keeps its middle when it is zoomed, and comes back", () => {
    expect(zoomed(zoomed(day, 0.5), 2)).toEqual(day);
  });

  it("never shrinks to nothing", () => {
    const least = zoomed({ from: 500, to: 501 }, 0.5);
    expect(least.to - least.from).toBe(10_000);
    expect(chosen(20, 10).to - chosen(20, 10).from).toBe(10_000);
  });

  it("moves by a share of itself", () => {
    expect(panned(day, 0.25)).toEqual({ from: 21_600_000, to: 108_000_000 });
  });
});

describe("dots", () => {
  it("glide from place to place and arrive", () => {
    expect(between([0, 0], [2, 4], 0)).toEqual([0, 0]);
    expect(between([0, 0], [2, 4], 0.5)).toEqual([1, 2]);
    expect(between([0, 0], [2, 4], 7)).toEqual([2, 4]);
  });

  it("that turn on the way do not jump back", () => {
    const glide = new Glide(false);
    glide.moveTo("a", [0, 0], 0);
    glide.moveTo("a", [0.001, 0], 0);
    const half = glide.at("a", GLIDE_MS / 2);
    glide.moveTo("a", [0.001, 0.001], GLIDE_MS / 2);
    expect(glide.at("a", GLIDE_MS / 2)).toEqual(half);
    expect(glide.at("a", 2 * GLIDE_MS)).toEqual([0.001, 0.001]);
    expect(glide.isMoving(2 * GLIDE_MS)).toBe(false);
  });

  it("jump when the way is too far, and when a person wants no motion", () => {
    for (const [glide, to] of [
      [new Glide(false), 1],
      [new Glide(true), 0.001],
    ] as const) {
      glide.moveTo("a", [0, 0], 0);
      glide.moveTo("a", [to, 0], 0);
      expect(glide.at("a", 0)).toEqual([to, 0]);
    }
  });

  it("that are gone are forgotten", () => {
    const glide = new Glide(false);
    glide.moveTo("a", [0, 0], 0);
    glide.forget(new Set());
    expect(glide.at("a", 0)).toBeUndefined();
  });
});

describe("the ground", () => {
  it("a ring is as wide as its radius says, also far from the equator", () => {
    const [corners = []] = ring([30, 60], 1000).coordinates;
    const east = Math.max(...corners.map((corner) => corner[0] ?? 0)) - 30;
    expect(east * 111_195 * Math.cos(Math.PI / 3)).toBeCloseTo(1000, 3);
    expect(corners[0]).toEqual(corners.at(-1));
  });

  it("a name stands on the middle of the upper edge", () => {
    expect(crown({ type: "Polygon", coordinates: [[[0, 0], [4, 0], [4, 2], [0, 2], [0, 0]]] })).toEqual([2, 2]); // prettier-ignore
    expect(crown({ type: "Point", coordinates: [1, 2] })).toEqual([1, 2]);
  });

  it("places are told by hemisphere", () => {
    expect(place([-46.12345, -19.5])).toBe("19.50000° S, 46.12345° W");
  });
});

it("a series is drawn in the unit that people read; where that is upside down, least and greatest change places", () => {
  const series = { t: [1000, 2000], min: [1, null], max: [2, null], flag: [1, 9], is_decimated: true };
  expect(columnsOf(series, { unit: "mm", scale: 1000, offset: 0 })).toEqual([[1, 2], [1000, null], [2000, null]]); // prettier-ignore
  expect(columnsOf(series, { unit: "m", scale: -1, offset: 10 })).toEqual([[1, 2], [8, null], [9, null]]); // prettier-ignore
});

it("a rate is read by the day, and loses an offset", () => {
  const units = new Map([["temperature", { unit: "°C", scale: 1, offset: -273.15 }]]);
  expect(unitOf("temperature", "rate", units)).toEqual({ unit: "°C a day", scale: 86_400, offset: 0 });
  expect(unitOf("temperature", "range", units).offset).toBe(0);
  expect(unitOf("unheard", "value", units).unit).toBe("(SI)");
});
