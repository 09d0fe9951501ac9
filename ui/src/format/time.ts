/** Times as people on the site read them, with UTC beside. */

const made = new Map<string, Intl.DateTimeFormat>();

function format(zone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = zone + JSON.stringify(options);
  let formatter = made.get(key);
  if (!formatter) {
    formatter = new Intl.DateTimeFormat("en-GB", { ...options, timeZone: zone, hourCycle: "h23" });
    made.set(key, formatter);
  }
  return formatter;
}

const CLOCK = { hour: "2-digit", minute: "2-digit", second: "2-digit" } as const;
const MINUTES = { hour: "2-digit", minute: "2-digit" } as const;
const DAY = { day: "numeric", month: "short", year: "numeric" } as const;

/** `14:03:22` in a zone. */
export function clock(ms: number, zone: string): string {
  return format(zone, CLOCK).format(ms);
}

/** `14:03` in a zone. */
export function minutes(ms: number, zone: string): string {
  return format(zone, MINUTES).format(ms);
}

/** `21 Nov 2026` in a zone. */
export function day(ms: number, zone: string): string {
  return format(zone, DAY).format(ms);
}

/** `14:03:22`, with the day when that is not today's. */
export function moment(ms: number, zone: string, nowMs: number): string {
  const time = clock(ms, zone);
  return day(ms, zone) === day(nowMs, zone) ? time : `${day(ms, zone)}, ${time}`;
}

/** `17:03 UTC`, with the day where UTC has another one than the zone. */
export function utc(ms: number, zone: string): string {
  const time = minutes(ms, "UTC");
  return day(ms, "UTC") === day(ms, zone) ? `${time} UTC` : `${day(ms, "UTC")}, ${time} UTC`;
}

/** `UTC−3` or `UTC+5:30` at a time. */
export function offsetName(ms: number, zone: string): string {
  const parts = format(zone, { ...MINUTES, timeZoneName: "shortOffset" }).formatToParts(ms);
  const name = parts.find((part) => part.type === "timeZoneName")?.value ?? "UTC";
  return name.replace("GMT", "UTC").replace("-", "−");
}

/** `12 s`, `3 min`, `2 h 5 min`, `4 d`: how long. */
export function span(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min`;
  if (s < 86_400) {
    const rest = Math.floor((s % 3600) / 60);
    return rest ? `${Math.floor(s / 3600)} h ${rest} min` : `${Math.floor(s / 3600)} h`;
  }
  return `${Math.floor(s / 86_400)} d`;
}

/** `12 s ago`; `now` within two seconds, and for what a clock that runs ahead calls the future. */
export function ago(ms: number, nowMs: number): string {
  return nowMs - ms < 2000 ? "now" : `${span(nowMs - ms)} ago`;
}
