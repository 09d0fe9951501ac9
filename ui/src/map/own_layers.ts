/** Layers that every map has, from below: places, a way, the radius of who is selected, assets. */

import type { LayerSpecification } from "maplibre-gl";

export const OWN_SOURCES = ["places", "track", "halo", "assets"] as const;

/** A light line on a dark one: seen on any ground. */
const TRACK_LINES = [
  ["track-edge", "#10161d", 5],
  ["track", "#ffe08a", 2.5],
] as const;
const HALO = "#5cc8ff";

export const OWN_LAYERS: LayerSpecification[] = [
  {
    id: "places",
    type: "line",
    source: "places",
    paint: { "line-color": "#dfe7f0", "line-width": 1, "line-opacity": 0.7, "line-dasharray": [1, 2] },
  },
  ...TRACK_LINES.map(([id, color, width]): LayerSpecification => ({
    id,
    type: "line",
    source: "track",
    layout: { "line-cap": "round", "line-join": "round" },
    paint: { "line-color": color, "line-width": width },
  })),
  { id: "halo", type: "fill", source: "halo", paint: { "fill-color": HALO, "fill-opacity": 0.18 } },
  { id: "halo-line", type: "line", source: "halo", paint: { "line-color": HALO, "line-width": 1.5 } },
  {
    id: "assets",
    type: "symbol",
    source: "assets",
    layout: {
      "icon-image": ["get", "icon"],
      "icon-allow-overlap": true,
      "icon-ignore-placement": true,
      "icon-size": ["interpolate", ["linear"], ["zoom"], 11, 0.55, 15, 0.85, 18, 1.1],
      "symbol-sort-key": ["get", "rank"],
    },
  },
];
