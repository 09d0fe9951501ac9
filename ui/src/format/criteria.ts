/** Alarm criteria in words. Conditions are trees whose first word tells their kind; unknown kinds are shown as they are. */

import { unitOf, type Units } from "./units";
import { propertyWord } from "./properties";
import { numeral, stated, words } from "./value";

export interface Level {
  level: number;
  when: unknown;
  owner?: string;
  within_s?: number;
  on_after_s?: number;
  off_after_s?: number;
  actions?: string[];
  escalation?: { after_s?: number; to: string; by?: string[] }[];
}

export interface Criterion {
  id: string;
  title: string;
  source?: string;
  about?: { kind?: string; of?: string[]; zones?: string[]; ids?: string[] };
  levels: Level[];
}

/** The criteria of a document; empty when it has none that can be read. */
export function criteriaOf(content: unknown): Criterion[] {
  const rows = (content as { criteria?: unknown } | null)?.criteria;
  return Array.isArray(rows) ? (rows as Criterion[]).filter((row) => Array.isArray(row.levels)) : [];
}

type Node = Record<string, unknown>;

/** A condition as one sentence, with brackets where *and* meets *or*; numbers in the units that people read. */
export function sentence(condition: unknown, units: Units = new Map(), isInner = false): string {
  if (typeof condition !== "object" || condition === null) return String(condition);
  const node = condition as Node;
  if (Array.isArray(node["all"])) return joined(node["all"], " and ", units, isInner);
  if (Array.isArray(node["any"])) return joined(node["any"], " or ", units, isInner);
  if (Array.isArray(node["of_these"])) {
    return `at least ${count(node["at_least"])} of (${joined(node["of_these"], "; ", units, false)})`;
  }
  if ("not" in node) return `not (${sentence(node["not"], units)})`;
  return leaf(node, units);
}

/** `90 s`, `15 min`, `4 h`, `3 d`: a length of time, exactly. */
export function lasting(seconds: number): string {
  const units: [number, string][] = [
    [86_400, "d"],
    [3600, "h"],
    [60, "min"],
  ];
  const [size, word] = units.find(([each]) => seconds >= each && seconds % each === 0) ?? [1, "s"];
  return `${numeral(seconds / size)} ${word}`;
}

/** Whom a criterion watches. */
export function audience(criterion: Criterion): string {
  const { kind = "asset", of = [], zones = [], ids = [] } = criterion.about ?? {};
  if (ids.length) return ids.join(", ");
  const parts = [...of, ...zones].map((word) => words(word).toLowerCase());
  return parts.length ? `every ${parts.join(" or ")}` : `every ${kind}`;
}

const LEAVES: Record<string, (node: Node, units: Units) => string> = {
  reading: compared,
  state: (node) => `${lower(node["state"])} is ${list(node["among"], " or ")}`,
  inside: (node) => `inside ${named(node, "inside", "zone")}`,
  present: (node) => `at least ${count(node["at_least"])} ${list(node["present"], " or ")} present`,
  finding: (node) => `a finding of ${list(node["finding"], " or ") || "any kind"}`,
  event: (node) =>
    `${list(node["event"], " or ")}${fromLevel(node)} within the last ${lasting(Number(node["for_s"] ?? 0))}`,
  silent: (node) => `no ${String(node["silent"])} for ${lasting(Number(node["for_s"] ?? 0))}`,
};

function fromLevel(node: Node): string {
  const least = Number(node["least_level"] ?? 0);
  return least ? ` from level ${least}` : "";
}

function leaf(node: Node, units: Units): string {
  const kind = Object.keys(LEAVES).find((key) => key in node);
  return kind ? (LEAVES[kind]?.(node, units) ?? "") : JSON.stringify(node);
}

function compared(node: Node, units: Units): string {
  const statistic = String(node["of"] ?? "value");
  const unit = unitOf(String(node["reading"]), statistic, units);
  const read = (value: unknown) => stated(Number(value), unit);
  const isAbove = typeof node["above"] === "number";
  const of = statistic === "value" ? "" : `${lower(statistic)} of `;
  const over = node["over_s"] ? ` over ${lasting(Number(node["over_s"]))}` : "";
  const row = Number(node["in_a_row"] ?? 1) > 1 ? `, ${String(node["in_a_row"])} readings in a row` : "";
  const until = typeof node["until"] === "number" ? `, until back past ${read(node["until"])}` : "";
  const bound = `${isAbove ? "above" : "below"} ${read(isAbove ? node["above"] : node["below"])}`;
  return `${of}${propertyWord(String(node["reading"]))}${over} ${bound}${row}${until}`;
}

function joined(nodes: unknown[], word: string, units: Units, isInner: boolean): string {
  const text = nodes.map((node) => sentence(node, units, true)).join(word);
  return isInner && nodes.length > 1 ? `(${text})` : text;
}

function named(node: Node, key: string, noun: string): string {
  return `a ${noun} of ${list(node[key], " or ") || list(node["zones"], " or ") || "any kind"}`;
}

function lower(key: unknown): string {
  return words(String(key)).toLowerCase();
}

function list(value: unknown, word: string): string {
  return Array.isArray(value) ? value.map(lower).join(word) : String(value ?? "any");
}

function count(value: unknown): string {
  return String(value ?? 1);
}
