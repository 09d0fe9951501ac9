/** Thresholds drawn with uPlot's pen: level lines with their words, where they clear, and slopes. */

import type uPlot from "uplot";
import type { Guides, Line, Slope } from "./thresholds";

/** Dashes by level, so that the level is not told by colour alone [CSS px]; the gravest is a whole line. */
const DASHES: Record<number, number[]> = { 1: [2, 4], 2: [6, 4], 3: [12, 4], 4: [] };
const CLEAR_DASH = [1, 3];
const LABEL_PX = 11;

type Colour = (name: string) => string;
type Point = [x: number, y: number];

/** Lines and slopes, under the readings. */
export function drawGuides(plot: uPlot, { lines, slopes }: Guides, colour: Colour): void {
  within(plot, (pen) => {
    for (const slope of slopes) {
      const [from, to] = [pointOf(plot, slope.from), pointOf(plot, slope.to)];
      if (!isLong(from, to)) continue;
      begin(pen, slope.level, colour, false);
      stroke(pen, from, to);
    }
    const { left, width } = plot.bbox;
    for (const line of lines) {
      const y = plot.valToPos(line.at, "y", true);
      begin(pen, line.level, colour, line.isClear);
      stroke(pen, [left, y], [left + width, y]);
    }
  });
}

/** Their words, over the readings; where two would cover one another, the words below the chart say the other. */
export function nameGuides(plot: uPlot, { lines, slopes }: Guides, colour: Colour): void {
  within(plot, (pen) => {
    pen.font = `600 ${LABEL_PX * devicePixelRatio}px system-ui, sans-serif`;
    const labels = [
      ...lines.map((line) => labelOfLine(plot, line)),
      ...slopes.map((each) => labelOfSlope(plot, each)),
    ];
    const written: Label[] = [];
    for (const label of labels) {
      if (!label || written.some((other) => isOver(pen, label, other))) continue;
      written.push(label);
      write(pen, label, colour);
    }
  });
}

interface Label {
  text: string;
  level: number;
  x: number;
  y: number;
  align: "left" | "right";
}

function within(plot: uPlot, draw: (pen: CanvasRenderingContext2D) => void): void {
  const { left, top, width, height } = plot.bbox;
  plot.ctx.save();
  plot.ctx.beginPath();
  plot.ctx.rect(left, top, width, height);
  plot.ctx.clip();
  draw(plot.ctx);
  plot.ctx.restore();
}

function labelOfLine(plot: uPlot, { at, label, level }: Line): Label | null {
  const { left, top, width, height } = plot.bbox;
  const y = plot.valToPos(at, "y", true);
  if (y < top || y > top + height) return null;
  const room = LABEL_PX * 1.4 * devicePixelRatio;
  const above = y - 3 * devicePixelRatio;
  return {
    text: label,
    level,
    x: left + width - 6 * devicePixelRatio,
    y: above - room < top ? y + room : above,
    align: "right",
  };
}

function labelOfSlope(plot: uPlot, slope: Slope): Label | null {
  const [from, to] = [pointOf(plot, slope.from), pointOf(plot, slope.to)];
  const at = isLong(from, to) ? entered(plot, from, to) : null;
  if (!at) return null;
  const isLate = at[0] > plot.bbox.left + plot.bbox.width / 2;
  const gap = (isLate ? -8 : 8) * devicePixelRatio;
  const reach = isLate ? 0 : gap + plot.ctx.measureText(slope.label).width;
  const climb = ((to[1] - from[1]) / (to[0] - from[0])) * reach; // the words stand clear of the line beneath them
  return {
    text: slope.label,
    level: slope.level,
    x: at[0] + gap,
    y: at[1] + Math.min(0, climb) - 4 * devicePixelRatio,
    align: isLate ? "right" : "left",
  };
}

/** A slope shorter than this on the screen says nothing [CSS px]. */
const LEAST_SLOPE_PX = 24;

function isLong([from]: Point, [to]: Point): boolean {
  return to - from >= LEAST_SLOPE_PX * devicePixelRatio;
}

function pointOf(plot: uPlot, [seconds, value]: [number, number]): Point {
  return [plot.valToPos(seconds, "x", true), plot.valToPos(value, "y", true)];
}

/** Where a slope comes into the chart, with room for its words; null where it does not. */
function entered(plot: uPlot, [x0, y0]: Point, [x1, y1]: Point): Point | null {
  const { left, top, width, height } = plot.bbox;
  const room = LABEL_PX * 1.6 * devicePixelRatio;
  const way = (share: number): Point => [x0 + share * (x1 - x0), y0 + share * (y1 - y0)];
  const isFree = ([x, y]: Point) =>
    x >= left && x <= left + width && y >= top + room && y <= top + height - room / 2;
  return Array.from({ length: 41 }, (_, step) => way(step / 40)).find(isFree) ?? null;
}

function isOver(pen: CanvasRenderingContext2D, one: Label, other: Label): boolean {
  const [from, to] = extent(pen, one);
  const [otherFrom, otherTo] = extent(pen, other);
  const isBeside = to < otherFrom || from > otherTo;
  return !isBeside && Math.abs(one.y - other.y) < LABEL_PX * 1.3 * devicePixelRatio;
}

function extent(pen: CanvasRenderingContext2D, { text, x, align }: Label): Point {
  const { width } = pen.measureText(text);
  return align === "left" ? [x, x + width] : [x - width, x];
}

function begin(pen: CanvasRenderingContext2D, level: number, colour: Colour, isClear: boolean): void {
  pen.strokeStyle = colour(`--level-${level}-line`);
  pen.lineWidth = (isClear ? 1 : 1.75) * devicePixelRatio;
  pen.setLineDash((isClear ? CLEAR_DASH : (DASHES[level] ?? [])).map((px) => px * devicePixelRatio));
}

function stroke(pen: CanvasRenderingContext2D, from: Point, to: Point): void {
  pen.beginPath();
  pen.moveTo(...from);
  pen.lineTo(...to);
  pen.stroke();
}

/** Words with an edge in the colour of the plane, so that they are read over a line. */
function write(pen: CanvasRenderingContext2D, { text, level, x, y, align }: Label, colour: Colour): void {
  pen.textAlign = align;
  pen.textBaseline = "bottom";
  pen.lineWidth = 4 * devicePixelRatio;
  pen.lineJoin = "round";
  pen.strokeStyle = colour("--plane");
  pen.strokeText(text, x, y);
  pen.fillStyle = colour(`--level-${level}-line`);
  pen.fillText(text, x, y);
}
