/** Signing in and out, and what the screen loads and hears while someone is signed in. */

import { batch } from "@preact/signals";
import type { Alarm, Asset, Gateway, Location, Me, Site } from "../api/contract";
import { get, getAll, post, Refusal, whenSignedOut } from "../api/client";
import { Link, type Wire } from "../live/link";
import { apply, EMPTY_WORLD, withAlarms, withAssets, withGateways } from "../live/world";
import { heardAt, isSessionOver, link, listeningSince, locations, may, me, site, world } from "./screen";
import { go } from "./route";

const PLACES_EVERY_MS = 10_000;
const STRANGERS_WAIT_MS = 300;

let socket: Link | null = null;
let places: ReturnType<typeof setInterval> | undefined;
let strangers: ReturnType<typeof setTimeout> | undefined;

/** Ask the server who is signed in; throws when it cannot be asked. */
export async function whoAmI(): Promise<void> {
  whenSignedOut(expire);
  try {
    await enter(await get<Me>("/api/me"));
  } catch (error) {
    if (error instanceof Refusal && error.status === 401) me.value = null;
    else throw error;
  }
}

export async function signIn(name: string, password: string, code: string): Promise<void> {
  const said = await post<Partial<Me> | undefined>(
    "/api/login",
    code ? { name, password, code } : { name, password },
  );
  await enter(said?.rights ? (said as Me) : await get<Me>("/api/me"));
}

export async function signOut(): Promise<void> {
  await post("/api/logout").catch(() => undefined); // whatever the server says, this screen forgets
  forget();
  go("map");
}

async function enter(person: Me): Promise<void> {
  site.value = await get<Site>("/api/site");
  me.value = person;
  isSessionOver.value = false;
  await Promise.all([readAssets(), readAlarms(), readPlaces(), readGateways()]);
  listen();
}

/** The server knows this session no more: say so at the door. */
function expire(): void {
  forget();
  isSessionOver.value = true;
}

function forget(): void {
  socket?.stop();
  socket = null;
  clearInterval(places);
  clearTimeout(strangers);
  batch(() => {
    me.value = null;
    world.value = EMPTY_WORLD;
    locations.value = new Map();
    heardAt.value = listeningSince.value = 0;
  });
}

async function readAssets(): Promise<void> {
  const rows = await permitted(getAll<Asset>("/api/assets", "assets"));
  if (rows) world.value = withAssets(world.value, rows);
}

async function readAlarms(): Promise<void> {
  const rows = await permitted(getAll<Alarm>("/api/alarms?state=open", "alarms"));
  if (rows) world.value = withAlarms(world.value, rows);
}

async function readPlaces(): Promise<void> {
  if (!may("see_locations")) return;
  const rows = await permitted(getAll<Location>("/api/locations", "locations"));
  if (rows) locations.value = new Map(rows.map((place) => [place.id, place]));
}

export async function readGateways(): Promise<void> {
  if (!may("see_gateways")) return;
  const rows = await permitted(getAll<Gateway>("/api/gateways", "gateways"));
  if (rows) world.value = withGateways(world.value, rows);
}

/** The answer, or null where this person's role may not have it. */
async function permitted<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof Refusal && (error.status === 403 || error.status === 404)) return null;
    throw error;
  }
}

function listen(): void {
  socket?.stop();
  listeningSince.value = Date.now();
  socket = new Link({
    open: (path) => new WebSocket(location.origin.replace(/^http/, "ws") + path) as unknown as Wire,
    lastId: () => world.value.lastId,
    onMessage: (message) =>
      batch(() => {
        heardAt.value = Date.now();
        world.value = apply(world.value, message);
        if (message.reset) void readAssets().catch(() => undefined);
        else if (world.value.strangers.size) readStrangers();
      }),
    onState: (state) => (link.value = state),
    onLost: () => void stillSignedIn(),
  });
  socket.start();
  clearInterval(places);
  places = setInterval(() => void readPlaces().catch(() => undefined), PLACES_EVERY_MS);
}

/** New assets came: read the listing once for all that come within a moment. */
function readStrangers(): void {
  clearTimeout(strangers);
  strangers = setTimeout(() => void readAssets().catch(() => undefined), STRANGERS_WAIT_MS);
}

/** A socket refuses a stranger without saying why; a plain request tells an ended session from a cut link. */
async function stillSignedIn(): Promise<void> {
  try {
    await get<Me>("/api/me");
  } catch (error) {
    if (error instanceof Refusal && error.status === 401) expire();
  }
}

/** Use the network as soon as the browser says that it is back. */
export function hurryBack(): void {
  socket?.hurry();
}
