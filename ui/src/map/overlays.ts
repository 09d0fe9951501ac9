/** How each layer of the site is drawn, by its key. */

import type { LayerSpecification, ExpressionSpecification } from "maplibre-gl";
import type { SiteLayer } from "../api/contract";

/** Of land-cover classes, as the reports have them. */
export const CLASS_COLOURS: Record<string, string> = {
  industrial_mine: "#ffb000",
  artisanal_mine: "#3ddbd9",
  excavation: "#d55e00",
  preparatory_work_area: "#f7c59f",
  dumping_ground: "#9467bd",
  stockpile: "#f0e442",
  settling_pond: "#56b4e9",
  infrastructure: "#e7298a",
  exploitation_slope: "#8c510a",
  transportation_slope: "#bf812d",
  dam: "#1b9e77",
  tailing_storage_facility: "#0050a0",
  mining_area: "#ffb000",
};
/** Of levels of an alarm or a zone. */
export const LEVEL_COLOURS = ["#9fb0c3", "#4aa8e8", "#e8c52c", "#f08a24", "#ff3355"] as const;

const FINDING = "#ff2d6f";

const CLASS: ExpressionSpecification = [
  "coalesce",
  ["get", "colour"],
  [
    "match",
    ["coalesce", ["get", "class_name"], ["get", "class"], ["get", "label"], ["get", "kind"], ""],
    ...Object.entries(CLASS_COLOURS).flat(),
    "#ffb000",
  ] as unknown as ExpressionSpecification,
];
/** Zones: by their level where they have one, else by what they come from. */
const ZONE: ExpressionSpecification = [
  "match",
  ["to-number", ["get", "level"], 0],
  ...LEVEL_COLOURS.flatMap((colour, level) => (level ? [level, colour] : [])),
  [
    "match",
    ["get", "kind"],
    "exclusion",
    LEVEL_COLOURS[4],
    "deformation",
    LEVEL_COLOURS[3],
    "crack",
    LEVEL_COLOURS[3],
    "finding",
    FINDING,
    LEVEL_COLOURS[1],
  ],
] as unknown as ExpressionSpecification;

interface Look {
  colour: string | ExpressionSpecification;
  fill: number;
  width: number;
  dash?: number[];
}

const LOOKS: Record<string, Look> = {
  patches: { colour: CLASS, fill: 0.18, width: 1.4 },
  permits: { colour: "#ffffff", fill: 0, width: 2, dash: [3, 2] },
  findings: { colour: FINDING, fill: 0.22, width: 2 },
  zones: { colour: ZONE, fill: 0.2, width: 2, dash: [1.5, 1] },
};
const OTHER: Look = { colour: "#7dfdfe", fill: 0.1, width: 1.5 };

/** What a person sees first; the rest is one click away. */
export const SHOWN_AT_FIRST: ReadonlySet<string> = new Set(["permits", "zones", "findings"]);

export function lineColour(key: string): string {
  const colour = (LOOKS[key] ?? OTHER).colour;
  if (typeof colour === "string") return colour;
  return key === "zones" ? LEVEL_COLOURS[3] : "#ffb000";
}

/** Map layers of one layer of the site: fill, line, and dots for what has no area; or a raster. */
export function layersOf(layer: SiteLayer): LayerSpecification[] {
  const source = `layer-${layer.key}`;
  if (layer.kind === "raster") {
    return [
      { id: source, type: "raster", source, paint: { "raster-opacity": 0.75, "raster-fade-duration": 120 } },
    ];
  }
  const look = LOOKS[layer.key] ?? OTHER;
  const line = { "line-color": look.colour, "line-width": look.width } as const;
  return [
    {
      id: source,
      type: "fill",
      source,
      filter: isArea(),
      paint: { "fill-color": look.colour, "fill-opacity": look.fill },
    },
    {
      id: `${source}-line`,
      type: "line",
      source,
      layout: { "line-join": "round" },
      paint: look.dash ? { ...line, "line-dasharray": look.dash } : line,
    },
    {
      id: `${source}-dot`,
      type: "circle",
      source,
      filter: ["==", ["geometry-type"], "Point"],
      paint: {
        "circle-radius": 5,
        "circle-color": look.colour,
        "circle-stroke-color": "#0a1017",
        "circle-stroke-width": 1.5,
      },
    },
  ];
}

function isArea(): ExpressionSpecification {
  return ["match", ["geometry-type"], ["Polygon", "MultiPolygon"], true, false];
}
