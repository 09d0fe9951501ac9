/** Commands to a gateway: what is asked of who gives one, how it is sent, and what came of it. Pure. */

import type { GatewayCommand } from "../api/contract";
import type { Field } from "../parts/dialog";

const isCalibration = (said: Record<string, string>) => said["verb"] === "calibrate";

export const COMMAND: Field[] = [
  {
    name: "verb",
    label: "What it shall do",
    kind: "select",
    options: [
      ["scan", "Scan now"],
      ["restart", "Restart"],
      ["calibrate", "Calibrate"],
      ["infer", "Run inference"],
    ],
  },
  {
    name: "datastream",
    label: "Sensor",
    hint: "Its id, as its page tells it, such as s-7/displacement",
    isAsked: isCalibration,
  },
  {
    name: "reference",
    label: "What it should read now",
    kind: "number",
    hint: "In the unit that its page calls “Stored in”",
    isAsked: isCalibration,
  },
];

/** A command as the server takes it. */
export function orderOf(said: Record<string, string>): { verb: string; arguments: Record<string, unknown> } {
  const { verb = "", datastream, reference } = said;
  return { verb, arguments: isCalibration(said) ? { datastream, reference: Number(reference) } : {} };
}

/** What came of a command, as its gateway says, with its reason; and whatever else the gateway tells. */
export function outcomeOf({ done, result }: GatewayCommand): { outcome: string; details: string } {
  if (!done) return { outcome: "waiting", details: "" };
  const { outcome = "answered", reason, ...more } = result ?? {};
  delete more["verb"];
  const words = [outcome, reason].filter((word) => typeof word === "string");
  return { outcome: words.join(": "), details: Object.keys(more).length ? JSON.stringify(more) : "" };
}
