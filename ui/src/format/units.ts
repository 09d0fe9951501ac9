/** In which units people read a property, as the server says. */

import type { Shown } from "../api/contract";

export type Units = ReadonlyMap<string, Shown>;

/** What turns a stored number of a property into one that people read, for a value or for its change in a second. */
export function unitOf(property: string, statistic: string, units: Units): Shown {
  const unit = units.get(property);
  if (statistic === "speed_up") return { unit: "times", scale: 1, offset: 0 };
  if (!unit) return { unit: statistic === "rate" ? "(SI) a second" : "(SI)", scale: 1, offset: 0 };
  if (statistic === "rate")
    return { unit: `${unit.unit || "1"} a day`, scale: unit.scale * 86_400, offset: 0 };
  return statistic === "range" ? { ...unit, offset: 0 } : unit;
}
