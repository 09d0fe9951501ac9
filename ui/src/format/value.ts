/** Numbers and words as people read them. */

import type { Latest, Shown } from "../api/contract";

/** Flags of quality, worst last: what they mean and how they are drawn. */
export const FLAGS: Record<number, { word: string; sign: string; tone: string }> = {
  1: { word: "passed", sign: "✓", tone: "good" },
  2: { word: "not evaluated", sign: "–", tone: "plain" },
  3: { word: "suspect", sign: "?", tone: "suspect" },
  4: { word: "failed", sign: "✕", tone: "bad" },
  9: { word: "missing", sign: "∅", tone: "plain" },
};

export function flagWord(flag: number): string {
  return FLAGS[flag]?.word ?? `flag ${flag}`;
}

/** A stored value in the unit that people read. */
export function shown(value: number, unit: Shown): number {
  return value * unit.scale + unit.offset;
}

/** Four significant digits, without an exponent where a person would not want one; a true minus sign. */
export function numeral(value: number): string {
  if (!Number.isFinite(value)) return "—";
  const size = Math.abs(value);
  const text =
    size !== 0 && (size >= 1e7 || size < 1e-4)
      ? scientific(value)
      : value.toLocaleString("en-GB", digits(size));
  return text.replace("-", "−");
}

/** A bound in the unit that people read, with no more digits than it was stated with: 5.8e-8 m/s are 5 mm a day. */
export function stated(value: number, unit: Shown): string {
  const read = shown(value, unit);
  if (unit.offset !== 0) return withUnit(numeral(read), unit.unit);
  const digits = value.toExponential().replace(/e.*|[-.]/g, "").length;
  return withUnit(numeral(Number(read.toPrecision(Math.min(4, Math.max(2, digits))))), unit.unit);
}

/** `2.3×10⁻⁸` */
function scientific(value: number): string {
  const [mantissa = "", power = ""] = value.toExponential(3).split("e");
  return `${Number(mantissa)}×10${superscript(power.replace("+", ""))}`;
}

function digits(size: number): Intl.NumberFormatOptions {
  if (size >= 1000) return { maximumFractionDigits: size >= 10_000 ? 0 : 1 };
  return { maximumSignificantDigits: 4 };
}

/** `12.4 mm`, or `wet`: a latest value with its unit, or what was said in words. */
export function reading(latest: Latest | null | undefined, unit: Shown): string {
  if (!latest) return "—";
  if (unit.unit === PLACE_UNIT) return place(latest.text);
  return latest.value === null ? latest.text || "—" : withUnit(numeral(shown(latest.value, unit)), unit.unit);
}

const PLACE_UNIT = "degree degree m";

/** `20.086° S 43.972° W, 812 m` of a place that was said as `[longitude, latitude, height]`. */
function place(text: string | null | undefined): string {
  const [lon, lat, height] = coordinates(text);
  if (lon === undefined || lat === undefined) return "—";
  const where = `${Math.abs(lat).toFixed(5)}° ${lat < 0 ? "S" : "N"} ${Math.abs(lon).toFixed(5)}° ${lon < 0 ? "W" : "E"}`;
  return height === undefined ? where : `${where}, ${withUnit(numeral(Math.round(height)), "m")}`;
}

function coordinates(text: string | null | undefined): (number | undefined)[] {
  try {
    const found: unknown = JSON.parse(text ?? "");
    return Array.isArray(found) ? found.map((one) => (typeof one === "number" ? one : undefined)) : [];
  } catch {
    return [];
  }
}

export function withUnit(text: string, unit: string): string {
  const pretty = prettyUnit(unit);
  if (pretty === "") return text;
  return pretty === "°" ? `${text}°` : `${text}\u202f${pretty}`;
}

/** CF unit strings as print has them: `m s-2` is m s⁻². */
export function prettyUnit(unit: string): string {
  if (unit === "1") return "";
  return unit.replace(
    /([a-zA-Z])(-?\d+)/g,
    (_, letter: string, power: string) => letter + superscript(power),
  );
}

function superscript(power: string): string {
  return [...power].map((sign) => (sign === "-" ? "⁻" : ("⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(sign)] ?? sign))).join("");
}

/** `man_down` and `settling-pond` as words. */
export function words(key: string): string {
  const text = key.replace(/[_-]+/g, " ").trim();
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Units that end a key of the server's, and how people read what it holds. */
const SUFFIXES: [string, (value: number) => string][] = [
  ["_mm_year", (value) => withUnit(numeral(value), "mm/year")],
  ["_m_year", (value) => withUnit(numeral(value * 1000), "mm/year")],
  ["_m2", hectares],
  ["_m", (value) => withUnit(numeral(value), "m")],
  ["_s", (value) => withUnit(numeral(value), "s")],
  ["_days", (value) => withUnit(numeral(value), "d")],
];

/** A key and its value as people read them: `depth_m: 41` is *Depth, 41 m*. */
export function measured(key: string, value: unknown): [string, string] {
  if (typeof value !== "number")
    return [words(key), typeof value === "object" ? JSON.stringify(value) : String(value)];
  if (key.startsWith("probability") || key === "share") return [words(key), percent(value)];
  const [suffix, read] = SUFFIXES.find(([end]) => key.endsWith(end)) ?? ["", numeral];
  return [words(key.slice(0, key.length - suffix.length)), read(value)];
}

export function hectares(m2: number | null | undefined): string {
  if (m2 === null || m2 === undefined) return "—";
  return m2 >= 1000 ? `${numeral(Number((m2 / 1e4).toPrecision(3)))} ha` : `${Math.round(m2)} m²`;
}

export function percent(share: number | null | undefined): string {
  return share === null || share === undefined ? "—" : withUnit(String(Math.round(share * 100)), "%");
}
