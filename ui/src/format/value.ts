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
  return latest.value === null ? latest.text || "—" : withUnit(numeral(shown(latest.value, unit)), unit.unit);
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
