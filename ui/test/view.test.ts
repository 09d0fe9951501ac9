import { describe, expect, it } from "vitest";
import { boundsOf, isInside, middleOf } from "../src/map/geometry";
import { openingBounds, textOf, viewOf } from "../src/map/view";
import { chosenOf, CHOSE_ALL, textOfChoice } from "../src/parts/chosen";
import { rememberedView, rememberView } from "../src/map/opening";
import type { Site } from "../src/api/contract";

const SITE: [number, number, number, number] = [10, 50, 10.1, 50.1];
const square = (west: number, south: number, side: number): GeoJSON.Polygon => ({
  type: "Polygon",
  coordinates: [
    [
      [west, south],
      [west + side, south],
      [west + side, south + side],
      [west, south + side],
      [west, south],
    ],
  ],
});

describe("where the map opens", () => {
  it("is around assets and zones, not the whole site", () => {
    expect(openingBounds(SITE, [[10.02, 50.03], [10.04, 50.02]], [square(10.05, 50.05, 0.5 ** 7)])).toEqual([10.02, 50.02, 10.05 + 0.5 ** 7, 50.05 + 0.5 ** 7]); // prettier-ignore
  });

  it("is the site where nothing has a place", () => {
    expect(openingBounds(SITE, [], [])).toEqual(SITE);
  });

  it("is not drawn to the ocean by a receiver that says nought, nought", () => {
    expect(openingBounds(SITE, [[0, 0], [10.02, 50.03]], [])).toEqual([10.02, 50.03, 10.02, 50.03]); // prettier-ignore
    expect(openingBounds(SITE, [[0, 0]], [])).toEqual(SITE);
  });

  it("is where this browser left it, as far as that can be read", () => {
    const view = { center: [-43.97237, -20.08628] as [number, number], zoom: 15.25 };
    expect(viewOf(textOf(view))).toEqual(view);
    for (const text of [null, "", "1,2", "1,2,x", "181,0,3", "0,91,3", "1,2,3,4"])
      expect(viewOf(text)).toBeUndefined();
  });

  it("is not remembered where storage is forbidden, and nothing fails of it", () => {
    const site = { name: "x" } as Site;
    rememberView(site, { center: [1, 2], zoom: 3 });
    expect(rememberedView(site)).toBeUndefined();
  });
});

describe("shapes", () => {
  it("have bounds and a middle", () => {
    expect(boundsOf([square(1, 2, 2), { type: "Point", coordinates: [9, 0] }])).toEqual([1, 0, 9, 4]);
    expect(middleOf(square(1, 2, 2))).toEqual([2, 3]);
  });

  it("hold what is inside them, and not what is in a hole", () => {
    const holed: GeoJSON.Polygon = {
      type: "Polygon",
      coordinates: [...square(0, 0, 10).coordinates, ...square(4, 4, 2).coordinates],
    };
    expect([isInside(holed, [1, 1]), isInside(holed, [5, 5]), isInside(holed, [11, 5])]).toEqual([true, false, false]); // prettier-ignore
    expect(isInside({ type: "Point", coordinates: [1, 1] }, [1, 1])).toBe(false);
  });
});

describe("several of many", () => {
  it("come back as they went, and none is not all", () => {
    for (const chosen of [null, [], ["pit"], ["pit", "plant"]])
      expect(chosenOf(textOfChoice(chosen))).toEqual(chosen);
    expect(textOfChoice([])).not.toBe(CHOSE_ALL);
  });
});
