/** What the screen knows of the ground, and how a live message changes it. Pure: no clock, no network. */

import type { Alarm, Asset, Gateway, Gone, Latest, LiveMessage } from "../api/contract";

export interface World {
  /** Number of the last live message that was applied; a reconnect resumes after it. */
  lastId: number;
  assets: ReadonlyMap<string, Asset>;
  alarms: ReadonlyMap<number, Alarm>;
  latest: ReadonlyMap<string, Latest>;
  gateways: ReadonlyMap<string, Gateway>;
  /** Assets of which the socket spoke but the listing did not: the listing must be read again. */
  strangers: ReadonlySet<string>;
}

export const EMPTY_WORLD: World = {
  lastId: 0,
  assets: new Map(),
  alarms: new Map(),
  latest: new Map(),
  gateways: new Map(),
  strangers: new Set(),
};

/** The world after a message; parts that it does not touch stay the same objects. */
export function apply(world: World, message: LiveMessage): World {
  if (!message.reset && message.id < world.lastId) return world;
  const base = message.reset
    ? { ...world, alarms: new Map(), latest: new Map(), gateways: new Map() }
    : world;
  return {
    lastId: message.id,
    ...moved(base, message),
    alarms: put(base.alarms, message.alarms, (alarm) => alarm.id),
    latest: put(base.latest, message.latest, (row) => String(row.datastream_id)),
    gateways: put(base.gateways, message.gateways, (gateway) => gateway.id, merged),
  };
}

/** The world with the listing of assets as just read. */
export function withAssets(world: World, assets: Asset[]): World {
  return { ...world, assets: new Map(assets.map((asset) => [asset.id, asset])), strangers: new Set() };
}

export function withAlarms(world: World, alarms: Alarm[]): World {
  return { ...world, alarms: put(world.alarms, alarms, (alarm) => alarm.id) };
}

export function withGateways(world: World, gateways: Gateway[]): World {
  return { ...world, gateways: new Map(gateways.map((gateway) => [gateway.id, gateway])) };
}

/** Alarms that a person must still see to: not cleared, not cancelled; most severe and oldest first. */
export function openAlarms(world: World): Alarm[] {
  return [...world.alarms.values()].filter(isOpen).sort(byUrgency);
}

/** Alarms that nobody has answered yet; a pre-alarm calls for an answer from its own subject alone. */
export function unanswered(world: World, ownAsset: string | null): Alarm[] {
  return openAlarms(world).filter(
    (alarm) => alarm.state === "raised" && (alarm.cancel_until === null || alarm.subject.id === ownAsset),
  );
}

export function isOpen(alarm: Alarm): boolean {
  return alarm.state !== "cleared" && alarm.state !== "cancelled";
}

const ORDER: Record<string, number> = { raised: 0, acknowledged: 1, shelved: 2, cleared: 3, cancelled: 3 };

export function byUrgency(one: Alarm, other: Alarm): number {
  return (
    (ORDER[one.state] ?? 4) - (ORDER[other.state] ?? 4) ||
    other.level - one.level ||
    other.raised.localeCompare(one.raised) ||
    other.id - one.id
  );
}

function moved(world: World, message: LiveMessage): Pick<World, "assets" | "strangers"> {
  if (!message.assets?.length) return { assets: world.assets, strangers: world.strangers };
  const assets = new Map(world.assets);
  const strangers = new Set(world.strangers);
  for (const row of message.assets) {
    const known = assets.get(row.id);
    if (row.state === null) {
      assets.delete(row.id);
      strangers.delete(row.id);
    } else if (known) assets.set(row.id, { ...known, ...row });
    else strangers.add(row.id);
  }
  return { assets, strangers };
}

function put<K, V, R extends V & object>(
  kept: ReadonlyMap<K, V>,
  rows: (R | Gone<K>)[] | undefined,
  key: (row: R) => K,
  join: (old: V | undefined, row: R) => V = (_, row) => row,
): ReadonlyMap<K, V> {
  if (!rows?.length) return kept;
  const all = new Map(kept);
  for (const row of rows) {
    if (isGone(row)) all.delete(row.id);
    else all.set(key(row), join(all.get(key(row)), row));
  }
  return all;
}

function isGone<K>(row: object | Gone<K>): row is Gone<K> {
  return "state" in row && row.state === null;
}

/** A gateway's live word may hold less than its listing. */
function merged(old: Gateway | undefined, row: Gateway): Gateway {
  return { ...old, ...row };
}
