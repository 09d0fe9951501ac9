import type { Location } from "../api/contract";

/** `3 of 4`: how many people are at a place, and how many are expected; empty when it is not known. */
export function headcount({ staff_count, expected_staff }: Location): string {
  if (staff_count === null || staff_count === undefined) return "";
  return expected_staff === null || expected_staff === undefined
    ? `${staff_count}`
    : `${staff_count} of ${expected_staff}`;
}
