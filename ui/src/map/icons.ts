/** Pictures of assets for the map: shape tells the kind, colour and fill the state; they differ without colour too. */

import type { Map as MapLibre } from "maplibre-gl";
import { SHAPES } from "../parts/icon";
import { LOOKS, type Look } from "../format/look";

interface Paint {
  fill: string;
  line: string;
  width: number;
  dash?: number[];
  mark?: string;
}

const INK = "#0a1017";
const PAINTS: Record<Look, Paint> = {
  down: { fill: "#ff3355", line: "#ffffff", width: 3, mark: "M8 8l8 8M16 8l-8 8" },
  pre_alarm: { fill: "#ffd21f", line: INK, width: 3, mark: "M12 7v6M12 16v1" },
  silent: { fill: "rgba(10,16,23,0.75)", line: "#c8d0da", width: 2, dash: [3, 3], mark: "M6 18L18 6" },
  working: { fill: "#2bd4a0", line: INK, width: 2 },
  moving: { fill: "#5cc8ff", line: INK, width: 2 },
  idle: { fill: "#f4f6f8", line: INK, width: 2 },
  still: { fill: "#c9d3de", line: INK, width: 2 },
  unknown: { fill: "rgba(10,16,23,0.55)", line: "#f4f6f8", width: 2.5 },
};
const SIDE = 24;
const SCALE = 2;

export function iconName(kind: string, look: Look): string {
  return `${kind in SHAPES ? kind : "sensor"}-${look}`;
}

/** Give a map the pictures of every kind in every state. */
export function addIcons(map: MapLibre): void {
  for (const kind of Object.keys(SHAPES)) {
    for (const look of LOOKS) {
      const name = iconName(kind, look);
      if (!map.hasImage(name)) map.addImage(name, draw(kind, PAINTS[look]), { pixelRatio: SCALE });
    }
  }
}

function draw(kind: string, paint: Paint): ImageData {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIDE * SCALE;
  const pen = canvas.getContext("2d");
  if (!pen) throw new Error("this browser cannot draw pictures");
  pen.scale(SCALE, SCALE);
  pen.lineJoin = pen.lineCap = "round";
  const shape = new Path2D(SHAPES[kind]);
  pen.fillStyle = paint.fill;
  pen.fill(shape);
  pen.strokeStyle = paint.line;
  pen.lineWidth = paint.width;
  pen.setLineDash(paint.dash ?? []);
  pen.stroke(shape);
  if (paint.mark) mark(pen, paint);
  return pen.getImageData(0, 0, canvas.width, canvas.height);
}

function mark(pen: CanvasRenderingContext2D, paint: Paint): void {
  pen.setLineDash([]);
  pen.lineWidth = 2.5;
  pen.stroke(new Path2D(paint.mark));
}
