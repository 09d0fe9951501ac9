/** Pages, in the order of the navigation, and the right that opens each. */

import type { Right } from "../api/contract";
import type { IconName } from "../parts/icon";
import { may } from "../store/screen";

export interface Place {
  key: string;
  title: string;
  icon: IconName;
  right: Right;
  /** Letter that, after g, goes there. */
  letter: string;
}

export const PAGES: readonly Place[] = [
  { key: "map", title: "Map", icon: "map", right: "see_site", letter: "m" },
  { key: "alarms", title: "Alarms", icon: "alarm", right: "see_alarms", letter: "a" },
  { key: "assets", title: "Assets", icon: "assets", right: "see_assets", letter: "s" },
  { key: "sensors", title: "Sensors", icon: "sensor", right: "see_readings", letter: "r" },
  { key: "findings", title: "Findings", icon: "findings", right: "see_findings", letter: "f" },
  { key: "gateways", title: "Gateways", icon: "gateway", right: "see_gateways", letter: "w" },
  { key: "tags", title: "Tags", icon: "tags", right: "see_tags", letter: "t" },
  { key: "criteria", title: "Criteria", icon: "criteria", right: "see_criteria", letter: "c" },
  { key: "users", title: "Users", icon: "users", right: "manage_users", letter: "u" },
  { key: "tokens", title: "Tokens", icon: "token", right: "manage_users", letter: "k" },
  { key: "audit", title: "Audit", icon: "audit", right: "read_audit", letter: "l" },
];

export function mayOpen(place: Place): boolean {
  return may(place.right);
}

export function myPages(): Place[] {
  return PAGES.filter(mayOpen);
}
