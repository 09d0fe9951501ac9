/** What every page shares: who is signed in, the site, the world, the clock, the state of the link. */

import { computed, signal } from "@preact/signals";
import type { Location, Me, Right, Site } from "../api/contract";
import { STALE_AFTER_MS, type LinkState } from "../live/link";
import { speakersOf } from "../format/names";
import { EMPTY_WORLD, openAlarms, unanswered, type World } from "../live/world";

/** Who is signed in; undefined until the server has said, null when nobody is. */
export const me = signal<Me | null | undefined>(undefined);
/** The session of this browser ended without anybody signing out. */
export const isSessionOver = signal(false);
export const site = signal<Site | null>(null);
export const locations = signal<ReadonlyMap<string, Location>>(new Map());
export const world = signal<World>(EMPTY_WORLD);

/** This device's clock [ms], once a second. */
export const now = signal(Date.now());
export const link = signal<LinkState>("connecting");
/** When the server last said anything [ms, this device's clock]. */
export const heardAt = signal(0);
/** When this page began to listen [ms]. */
export const listeningSince = signal(0);

/** Age of the screen in seconds, once it is older than a live screen may be; else 0. */
export const staleSeconds = computed(() => {
  const since = heardAt.value || listeningSince.value;
  const age = since === 0 ? 0 : now.value - since;
  return age > STALE_AFTER_MS ? Math.floor(age / 1000) : 0;
});

export const open = computed(() => openAlarms(world.value));
export const waiting = computed(() => unanswered(world.value, me.value?.asset_id ?? null));
/** Assets by every id that speaks for them. */
export const speakers = computed(() => speakersOf([...world.value.assets.values()]));
export const zone = computed(() => site.value?.time_zone ?? "UTC");

/** Whether the person signed in has one of the rights; the server decides again on every request. */
export function may(...actions: Right[]): boolean {
  const rights = me.value?.rights ?? [];
  return actions.some((action) => rights.includes(action));
}

export function placeName(id: string | null | undefined): string {
  return id ? (locations.value.get(id)?.name ?? id) : "—";
}
