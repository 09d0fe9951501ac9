/** Where the map opens: on people, assets and zones; on the site where there are none; where this browser left it. */

import type { LonLat } from "./glide";
import { boundsOf, type Bounds } from "./geometry";

export interface View {
  center: LonLat;
  zoom: number;
}

/** Air around what is fitted [px], and how near the map goes for it: a single truck is seen with its surroundings. */
export const FIT = { padding: 56, maxZoom: 16 } as const;
/** A place further than this from the site [degree], or than the site is wide, is a fault of its receiver. */
const FAR_DEG = 0.2;

/** Bounds of what is to be seen at first; of the site where nothing has a place near it. */
export function openingBounds(site: Bounds, assets: LonLat[], zones: GeoJSON.Geometry[]): Bounds {
  const points = assets.map((coordinates) => ({ type: "Point", coordinates }) as const);
  const near = [...points, ...zones].map((shape) => boundsOf([shape])).filter((box) => isNear(site, box));
  return near.length > 0 ? near.reduce(joined) : site;
}

/** The view that a text holds; undefined for one that holds none. */
export function viewOf(text: string | null): View | undefined {
  const numbers = (text ?? "").split(",").map(Number);
  const [lon, lat, zoom] = numbers;
  if (numbers.length !== 3 || lon === undefined || lat === undefined || zoom === undefined) return undefined;
  const isThere = numbers.every(Number.isFinite) && Math.abs(lon) <= 180 && Math.abs(lat) <= 90;
  return isThere ? { center: [lon, lat], zoom } : undefined;
}

export function textOf({ center: [lon, lat], zoom }: View): string {
  return [lon.toFixed(6), lat.toFixed(6), zoom.toFixed(2)].join(",");
}

function isNear(site: Bounds, [west, south, east, north]: Bounds): boolean {
  const reach = Math.max(FAR_DEG, site[2] - site[0], site[3] - site[1]);
  return (
    west >= site[0] - reach && south >= site[1] - reach && east <= site[2] + reach && north <= site[3] + reach
  );
}

function joined(one: Bounds, other: Bounds): Bounds {
  return [
    Math.min(one[0], other[0]),
    Math.min(one[1], other[1]),
    Math.max(one[2], other[2]),
    Math.max(one[3], other[3]),
  ];
}
