/** How a series is drawn with uPlot: a band from least to greatest, flagged spans marked, the site's time below. */

import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { Columns } from "./columns";
import { clock, day } from "../format/time";
import { FLAGS, numeral, prettyUnit } from "../format/value";
import { drawGuides, nameGuides } from "./guides";
import { NO_GUIDES, type Guides } from "./thresholds";

export interface PlotLook {
  zone: string;
  unit: string;
  width: number;
  height: number;
  isBand: boolean;
}

/** What changes while a plot stays. */
export interface Drawn {
  flags: number[];
  /** The stretch that is asked for [ms]: where nothing was read it stays empty. */
  seen?: { from: number; to: number };
  onZoom?: (fromMs: number, toMs: number) => void;
  guides?: Guides;
}

/** How times stand below, by the step between two of them [s]; a second line where a new day or year begins. */
const MINUTE = 60;
const DAY = 86_400;
const TIMES: (string | number | null)[][] = [
  [365 * DAY, "{YYYY}", null, null, null, null, null, null, 1],
  [28 * DAY, "{MMM}", "\n{YYYY}", null, null, null, null, null, 1],
  [DAY, "{D} {MMM}", "\n{YYYY}", null, null, null, null, null, 1],
  [MINUTE, "{HH}:{mm}", "\n{D} {MMM} {YYYY}", null, "\n{D} {MMM}", null, null, null, 1],
  [1, "{HH}:{mm}:{ss}", "\n{D} {MMM} {YYYY}", null, "\n{D} {MMM}", null, null, null, 1],
];

/** Options of a plot; colours are those of the page as it is now. */
export function optionsOf(look: PlotLook, drawn: () => Drawn): uPlot.Options {
  const colour = colourOf(document.documentElement);
  const line = { width: look.isBand ? 1 : 1.5, points: { size: 4 } };
  const grid = { stroke: colour("--line"), width: 1 };
  const axis = { stroke: colour("--ink-2"), grid, ticks: grid, font: "12px system-ui, sans-serif" };
  return {
    width: look.width,
    height: look.height,
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), look.zone),
    cursor: { drag: { x: true, y: false, setScale: false }, points: { size: 7 } },
    legend: { live: true },
    scales: {
      x: { time: true, range: (_, low, high) => stretch(drawn(), low, high) },
      y: { range: (_, low, high) => height(drawn(), low, high) },
    },
    axes: [
      { ...axis, values: TIMES },
      {
        ...axis,
        size: 64,
        label: prettyUnit(look.unit),
        labelSize: 18,
        values: (_, ticks) => ticks.map(numeral),
      },
    ],
    series: [
      {
        label: "Time",
        value: (_, s) => (s === null ? "—" : `${day(s * 1000, look.zone)}, ${clock(s * 1000, look.zone)}`),
      },
      { label: look.isBand ? "Least" : "Value", stroke: colour("--series"), ...line, value: said(look.unit) },
      { label: "Greatest", stroke: colour("--series"), ...line, value: said(look.unit), show: look.isBand },
    ],
    bands: look.isBand ? [{ series: [2, 1], fill: colour("--band") }] : [],
    hooks: {
      drawAxes: [(plot) => drawGuides(plot, drawn().guides ?? NO_GUIDES, colour)],
      draw: [
        (plot) => nameGuides(plot, drawn().guides ?? NO_GUIDES, colour),
        (plot) => markFlags(plot, drawn().flags, { suspect: colour("--suspect"), bad: colour("--bad") }),
      ],
      setSelect: [(plot) => zoomed(plot, drawn())],
    },
  };
}

function said(unit: string): (plot: uPlot, value: number | null) => string {
  return (_, value) => (value === null ? "—" : `${numeral(value)} ${prettyUnit(unit)}`);
}

function colourOf(element: HTMLElement): (name: string) => string {
  const style = getComputedStyle(element);
  const probe = document.createElement("span");
  return (name) => {
    probe.style.color = style.getPropertyValue(name); // light-dark() is resolved by the browser, not by a canvas
    element.append(probe);
    const resolved = getComputedStyle(probe).color;
    probe.remove();
    return resolved;
  };
}

function stretch({ seen }: Drawn, low: number, high: number): [number, number] {
  return seen ? [seen.from / 1000, seen.to / 1000] : [low, high];
}

/** Room for the readings and for thresholds near them; else as uPlot would have it. */
function height({ guides }: Drawn, low: number | null, high: number | null): [number, number] {
  if (low === null || high === null) return [0, 1];
  const axis = guides?.axis;
  return axis ? [axis.low, axis.high] : (uPlot.rangeNum(low, high, 0.1, true) as [number, number]);
}

function zoomed(plot: uPlot, { onZoom }: Drawn): void {
  const { left, width } = plot.select;
  if (width < 4 || !onZoom) return;
  onZoom(plot.posToVal(left, "x") * 1000, plot.posToVal(left + width, "x") * 1000);
  plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
}

/** Mark what was flagged: a triangle where suspect, a cross where failed, on the greatest value of the moment. */
function markFlags(plot: uPlot, flags: number[], colours: Record<string, string>): void {
  const pen = plot.ctx;
  const [seconds, , greatest] = plot.data as Columns;
  const size = 4 * devicePixelRatio;
  pen.save();
  pen.lineWidth = 1.5 * devicePixelRatio;
  flags.forEach((flag, index) => {
    const tone = FLAGS[flag]?.tone;
    const [x, value] = [seconds[index], greatest[index]];
    const colour = tone === undefined ? undefined : colours[tone];
    if (!colour || x === undefined || value === null || value === undefined) return;
    pen.strokeStyle = pen.fillStyle = colour;
    mark(pen, tone === "bad", plot.valToPos(x, "x", true), plot.valToPos(value, "y", true), size);
  });
  pen.restore();
}

function mark(pen: CanvasRenderingContext2D, isCross: boolean, x: number, y: number, size: number): void {
  pen.beginPath();
  if (isCross) {
    pen.moveTo(x - size, y - size);
    pen.lineTo(x + size, y + size);
    pen.moveTo(x + size, y - size);
    pen.lineTo(x - size, y + size);
    pen.stroke();
  } else {
    pen.moveTo(x, y - size * 2.6);
    pen.lineTo(x + size, y - size);
    pen.lineTo(x - size, y - size);
    pen.fill();
  }
}
