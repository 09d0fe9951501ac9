/** How the state of an asset looks, in one word for colour, picture and screen reader. */

import type { Alarm, Asset } from "../api/contract";

export const LOOKS = [
  "down",
  "pre_alarm",
  "silent",
  "working",
  "moving",
  "idle",
  "unknown",
  "still",
] as const;
export type Look = (typeof LOOKS)[number];

const MOVES: ReadonlySet<string> = new Set(["person", "machine"]);

/** The gravest thing that is to be said of it: man-down before silence, silence before motion. */
export function lookOf({ kind, state }: Pick<Asset, "kind" | "state">): Look {
  if (state.health === "down") return "down";
  if (state.health === "pre_alarm") return "pre_alarm";
  if (state.silent) return "silent";
  return state.motion === "unknown" && !MOVES.has(kind) ? "still" : state.motion;
}

export const LOOK_WORDS: Record<Look, string> = {
  down: "Down",
  pre_alarm: "Pre-alarm",
  silent: "Silent",
  working: "Working",
  moving: "Moving",
  idle: "Idle",
  unknown: "Unknown",
  still: "In place",
};

export const KIND_WORDS: Record<string, string> = {
  person: "Person",
  machine: "Machine",
  material: "Material",
  structure: "Structure",
  sensor: "Sensor",
  gateway: "Gateway",
};

/** Assets, those first that someone should look at, then by name. */
export function byConcern(one: Asset, other: Asset): number {
  const concern = (asset: Asset) => Math.min(3, LOOKS.indexOf(lookOf(asset)));
  return concern(one) - concern(other) || one.name.localeCompare(other.name, "en", { numeric: true });
}

export const LEVEL_WORDS: Record<number, string> = { 1: "Tell", 2: "Watch", 3: "Act", 4: "Withdraw" };

export function levelWord(level: number): string {
  return LEVEL_WORDS[level] ?? `Level ${level}`;
}

export const ROLE_WORDS: Record<string, string> = {
  operator: "Operator",
  manager: "Manager",
  supervisor: "Supervisor",
  super_manager: "Super manager",
};

/** One line that says what an alarm's life has come to. */
export function alarmWord(alarm: Alarm): string {
  if (alarm.state === "raised" && alarm.cancel_until) return "Pre-alarm";
  if (alarm.state === "raised")
    return alarm.escalated > 0 ? `Unanswered, escalated ×${alarm.escalated}` : "Unanswered";
  return { acknowledged: "Acknowledged", shelved: "Shelved", cleared: "Cleared", cancelled: "Cancelled" }[
    alarm.state
  ];
}
