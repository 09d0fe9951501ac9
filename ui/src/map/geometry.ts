/** Small geometry on the ground, for distances of a site. */

import type { Position } from "../api/contract";
import type { LonLat } from "./glide";

const METRES_PER_DEGREE = 111_195; // along a meridian of a sphere of 6371 km
const CORNERS = 48;
const LEAST_SIDE_DEG = 0.01;
/** A way is not drawn across a silence [ms] that is longer: nobody knows where it went. */
export const SILENCE_MS = 600_000;

export type Bounds = [west: number, south: number, east: number, north: number];

/** A circle on the ground, as a polygon. */
export function ring([lon, lat]: LonLat, radiusM: number): GeoJSON.Polygon {
  const shrink = Math.max(0.1, Math.cos((lat * Math.PI) / 180));
  const corners = Array.from({ length: CORNERS + 1 }, (_, index): LonLat => {
    const angle = (2 * Math.PI * (index % CORNERS)) / CORNERS;
    const [east, north] = [radiusM * Math.cos(angle), radiusM * Math.sin(angle)];
    return [lon + east / (METRES_PER_DEGREE * shrink), lat + north / METRES_PER_DEGREE];
  });
  return { type: "Polygon", coordinates: [corners] };
}

/** Bounds that a map can show: of a site that is only a point, some ground around it. */
export function wide([west, south, east, north]: Bounds): Bounds {
  const [dx, dy] = [east - west, north - south].map((side) => Math.max(0, LEAST_SIDE_DEG - side) / 2) as [
    number,
    number,
  ];
  return [west - dx, south - dy, east + dx, north + dy];
}

/** A way through places in order of time, cut where nothing was heard for long. */
export function tracked(positions: Position[]): GeoJSON.MultiLineString {
  const pieces: LonLat[][] = [];
  let before = -Infinity;
  for (const { lon, lat, at } of positions) {
    const time = Date.parse(at ?? "");
    if (!(time - before <= SILENCE_MS)) pieces.push([]);
    pieces.at(-1)?.push([lon, lat]);
    before = time;
  }
  return { type: "MultiLineString", coordinates: pieces.filter((piece) => piece.length > 1) };
}

/** West, south, east and north of shapes. */
export function boundsOf(shapes: GeoJSON.Geometry[]): Bounds {
  const points = shapes.flatMap(cornersOf);
  const [lons, lats] = [points.map((point) => point[0] ?? NaN), points.map((point) => point[1] ?? NaN)];
  return [Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)];
}

/** The middle of a shape's box. */
export function middleOf(shape: GeoJSON.Geometry): LonLat {
  const [west, south, east, north] = boundsOf([shape]);
  return [(west + east) / 2, (south + north) / 2];
}

/** Whether a point lies in a polygon, by the number of edges east of it. */
export function isInside(shape: GeoJSON.Geometry, [lon, lat]: LonLat): boolean {
  const polygons =
    shape.type === "Polygon" ? [shape.coordinates] : shape.type === "MultiPolygon" ? shape.coordinates : [];
  const crossed = (rings: GeoJSON.Position[][]) =>
    rings
      .flatMap((ring) => ring.slice(1).map((end, i) => [ring[i] ?? end, end]))
      .filter(([from, to]) => {
        const [[x0 = 0, y0 = 0] = [], [x1 = 0, y1 = 0] = []] = [from, to];
        return y0 > lat !== y1 > lat && x0 + ((lat - y0) / (y1 - y0)) * (x1 - x0) > lon;
      }).length;
  return polygons.some((rings) => crossed(rings) % 2 === 1);
}

/** The middle of the upper edge of a polygon's box: where its name stands. */
export function crown(shape: GeoJSON.Geometry): LonLat {
  const points = cornersOf(shape);
  const lons = points.map((point) => point[0] ?? 0);
  const lats = points.map((point) => point[1] ?? 0);
  return [(Math.min(...lons) + Math.max(...lons)) / 2, Math.max(...lats)];
}

/** `23.5432° S, 46.1201° W`. */
export function place([lon, lat]: LonLat): string {
  const north = `${Math.abs(lat).toFixed(5)}° ${lat < 0 ? "S" : "N"}`;
  return `${north}, ${Math.abs(lon).toFixed(5)}° ${lon < 0 ? "W" : "E"}`;
}

function cornersOf(shape: GeoJSON.Geometry): GeoJSON.Position[] {
  switch (shape.type) {
    case "GeometryCollection":
      return shape.geometries.flatMap(cornersOf);
    case "Point":
      return [shape.coordinates];
    case "LineString":
    case "MultiPoint":
      return shape.coordinates;
    case "Polygon":
    case "MultiLineString":
      return shape.coordinates.flat();
    case "MultiPolygon":
      return shape.coordinates.flat(2);
  }
}
