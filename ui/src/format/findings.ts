/** A finding in words: what it breaches, where, how much, since when, and how sure that is. Pure. */

import type { Finding } from "../api/contract";
import { hectares, measured, numeral, percent, withUnit, words } from "./value";

/** A permit as the map's layer of permits has it. */
export interface Permit {
  permit_id?: unknown;
  holder?: unknown;
  valid_from?: unknown;
  valid_to?: unknown;
  restoration_due?: unknown;
  mineral?: unknown;
  classes?: unknown;
  conditions?: unknown;
}

export type Row = [name: string, value: string];

interface Kind {
  title: string;
  /** Clause of a permit, or rule, that the ground is held against. */
  clause: (permit: string) => string;
  /** Facts of the permit that the clause is about. */
  terms: (keyof Permit)[];
}

const KINDS: Record<string, Kind> = {
  beyond_boundary: {
    title: "Mine ground beyond a permit's boundary",
    clause: (permit) => `The boundary of ${permit}: mining outside it is not allowed.`,
    terms: [],
  },
  outside_any_permit: {
    title: "A mine outside any permit",
    clause: () => "The need for a permit: none in force covers this ground.",
    terms: [],
  },
  permit_expired: {
    title: "Mining after the permit had expired",
    clause: (permit) => `The term of ${permit}: it had ended when the ground was seen.`,
    terms: ["valid_to"],
  },
  permit_not_yet_valid: {
    title: "Mining before the permit is valid",
    clause: (permit) => `The term of ${permit}: it had not begun when the ground was seen.`,
    terms: ["valid_from"],
  },
  wrong_mineral: {
    title: "Another mineral than the permit allows",
    clause: (permit) => `The mineral that ${permit} names.`,
    terms: ["mineral"],
  },
  wrong_class: {
    title: "Ground used otherwise than the permit allows",
    clause: (permit) => `The uses of ground that ${permit} names.`,
    terms: ["classes"],
  },
  restoration_overdue: {
    title: "Restoration is overdue",
    clause: (permit) => `The date by which ${permit} asks for restoration.`,
    terms: ["restoration_due"],
  },
  motion_beyond_boundary: {
    title: "Ground moves beyond a permit's boundary",
    clause: (permit) => `The boundary of ${permit}: ground outside it moves.`,
    terms: [],
  },
  motion_after_expiry: {
    title: "Ground moves although the permit has expired",
    clause: (permit) => `The term of ${permit}: the ground has moved since it ended.`,
    terms: ["valid_to"],
  },
  protected_area_entered: {
    title: "Mine ground in a protected area",
    clause: () => "The protection of this area: mines must keep out of it.",
    terms: [],
  },
  settlement_buffer_entered: {
    title: "Mine ground too near to a settlement",
    clause: () => "The distance that mines must keep from settlements.",
    terms: [],
  },
};

const TERMS: Partial<Record<keyof Permit, string>> = {
  valid_from: "Valid from",
  valid_to: "Valid until",
  restoration_due: "Restoration due",
  mineral: "Mineral allowed",
  classes: "Uses allowed",
  conditions: "Conditions",
};

export function kindTitle(kind: string): string {
  return KINDS[kind]?.title ?? words(kind);
}

/** How much ground, and how far past the line. */
export function muchOf({ area_m2, facts }: Finding): Row[] {
  const [least, share, depth] = [number(facts["least_m2"]), number(facts["share"]), number(facts["depth_m"])];
  const surely = least === null || least === area_m2 ? "" : `, surely ${hectares(least)} or more`;
  return [
    ["Area", `${hectares(area_m2)}${surely}`],
    ...row(share !== null && share < 1, "Of its patch", () => percent(share)),
    ...row(depth !== null && depth > 0, "Furthest past the line", () => withUnit(numeral(depth ?? 0), "m")),
  ];
}

/** Which permit, and which of its clauses. */
export function clauseOf({ kind, facts }: Finding, permit: Permit | undefined): Row[] {
  const [id, holder] = [text(facts["permit_id"]), text(facts["holder"])];
  const known = KINDS[kind];
  const days = number(facts["days_lapsed"]);
  return [
    ["Against", known ? known.clause(id ? `permit ${id}` : "the permit") : words(kind)],
    ...row(id !== "", "Permit", () => (holder ? `${id}, held by ${holder}` : id)),
    ...(known?.terms ?? []).flatMap((term) =>
      row(text(permit?.[term]) !== "", TERMS[term] ?? words(term), () => text(permit?.[term])),
    ),
    ...row(
      days !== null && days > 0,
      "Days past that date",
      () => `${numeral(days ?? 0)} when it was last seen`,
    ),
  ];
}

/** Since when it is seen, and whether it still is. */
export function sinceOf({ first_seen, last_seen, absent_since }: Finding): Row[] {
  return [
    ["First seen", first_seen],
    ["Last seen", last_seen === first_seen ? "the same day; seen once" : last_seen],
    ...row(absent_since !== null, "Not seen any more since", () => absent_since ?? ""),
  ];
}

/** How sure it is, and what that rests on. */
export function sureOf({ probability, facts, evidence }: Finding): Row[] {
  const mine = number(facts["probability_mean"]);
  const [error, certainty] = [number(evidence["position_std_m"]), number(evidence["certainty"])];
  return [
    [
      "Likely",
      `${percent(probability)}: that the ground is what the finding calls it, and lies where it says`,
    ],
    ...row(mine !== null, "The ground is a mine", () => `likely ${percent(mine)}, by the model`),
    ...row(
      error !== null,
      "Edges are known to",
      () => `${withUnit(numeral(error ?? 0), "m")} (one standard deviation)`,
    ),
    ...row(certainty !== null, "“Surely” means", () => `with a certainty of ${percent(certainty)}`),
  ];
}

/** Scene, model and motion that it was concluded from. */
export function restsOn({ facts, evidence }: Finding): Row[] {
  const model = evidence["model"] as { name?: unknown; version?: unknown } | null | undefined;
  const [scene, patch, motion] = [
    text(evidence["scene"]),
    text(facts["patch_id"]),
    text(facts["motion_class"]),
  ];
  const acquired = text(evidence["acquired"]) || text(facts["observed"]);
  return [
    ...row(scene !== "" || acquired !== "", "Scene", () =>
      [scene, acquired && `of ${acquired}`].filter(Boolean).join(" "),
    ),
    ...row(text(model?.name) !== "", "Model", () => `${text(model?.name)} ${text(model?.version)}`.trim()),
    ...row(patch !== "", "Patch", () => `${patch} of that run`),
    ...row(motion !== "", "Its motion", () => MOTIONS[motion] ?? words(motion)),
  ];
}

/** Files that it rests on, each with the hash (multihash, hexadecimal) by which it can be told from any other. */
export function filesOf({ evidence }: Finding): Row[] {
  const inputs = evidence["inputs"];
  if (typeof inputs !== "object" || inputs === null) return [];
  return Object.entries(inputs).map(([name, hash]): Row => [name, text(hash)]);
}

const TOLD = new Set([
  ...[
    "scene",
    "acquired",
    "model",
    "inputs",
    "position_std_m",
    "certainty",
    "statement",
    "observed",
    "patch_id",
  ],
  ...["probability", "probability_mean", "area_m2", "least_m2", "share", "depth_m", "permit_id", "holder"],
  ...["days_lapsed", "motion_class"],
]);

/** What facts and evidence hold besides, which no row above tells. */
export function elseOf({ facts, evidence }: Finding): Row[] {
  return Object.entries({ ...facts, ...evidence })
    .filter(([key, value]) => !TOLD.has(key) && text(value) !== "")
    .map(([key, value]): Row =>
      typeof value === "number" ? measured(key, value) : [words(key), text(value)],
    );
}

const MOTIONS: Record<string, string> = {
  decorrelated: "not measurable by radar: the surface changes too fast",
  not_measured: "not measured",
  none: "none beyond what radar can tell",
  uplift: "it rises",
  subsidence: "it sinks",
};

function row(isThere: boolean, name: string, value: () => string): Row[] {
  return isThere ? [[name, value()]] : [];
}

function number(value: unknown): number | null {
  return typeof value === "number" ? value : null;
}

/** Text of a plain value; lists are joined, objects told key by key. */
function text(value: unknown): string {
  if (value === null || value === undefined || value === "") return "";
  if (Array.isArray(value)) return value.map(text).filter(Boolean).join(", ");
  if (typeof value === "number") return numeral(value);
  if (typeof value !== "object") return String(value as string | boolean);
  const parts = Object.entries(value).map(([key, child]) => `${words(key).toLowerCase()}: ${text(child)}`);
  return parts.join("; ");
}
