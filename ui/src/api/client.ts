/** Requests to the server of this page, and nowhere else. */

import { NOT_UNDERSTOOD, PAGE_FAILED, refusalWords, UNREACHABLE } from "./words";

/** What the server refused, in words for a person. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    words: string,
    readonly body: unknown,
  ) {
    super(words);
  }
}

type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
type Listener = () => void;

/** Where nobody is signed in yet, so that no session can have ended. */
const DOORS = ["/api/login", "/api/setup"];

let onSignedOut: Listener = () => undefined;

/** Have a function called when the server no longer knows who asks. */
export function whenSignedOut(listener: Listener): void {
  onSignedOut = listener;
}

export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return request<T>("GET", path, undefined, signal);
}

export async function post<T = unknown>(path: string, body: unknown = {}): Promise<T> {
  return request<T>("POST", path, body);
}

export async function patch<T = unknown>(path: string, body: unknown): Promise<T> {
  return request<T>("PATCH", path, body);
}

export async function remove<T = unknown>(path: string): Promise<T> {
  return request<T>("DELETE", path, {});
}

/** Every page of a listing, one after another. */
export async function getAll<T>(path: string, key: string, limit = 500): Promise<T[]> {
  const rows: T[] = [];
  let after: string | number | null = null;
  do {
    const url: string = withQuery(path, { limit, after });
    const page: Record<string, unknown> = await get(url);
    rows.push(...((page[key] ?? []) as T[]));
    after = (page["next"] ?? null) as string | number | null;
  } while (after !== null);
  return rows;
}

/** A path with those of the given values that are not null. */
export function withQuery(path: string, query: Record<string, string | number | null | undefined>): string {
  const given = Object.entries(query).filter(([, value]) => value !== null && value !== undefined);
  if (given.length === 0) return path;
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return `${path}${path.includes("?") ? "&" : "?"}${text}`;
}

/** A failure in words that a person can act on. */
export function wordsOf(error: unknown): string {
  if (error instanceof Refusal) return error.message;
  return PAGE_FAILED;
}

async function request<T>(method: Method, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  const headers: Record<string, string> = { Accept: "application/json" };
  const init: RequestInit = { method, headers, credentials: "same-origin", signal: signal ?? null };
  if (method !== "GET") {
    headers["X-Highwall"] = "1"; // another site's page cannot send this header
    headers["Content-Type"] = "application/json";
    init.body = JSON.stringify(body);
  }
  const answer = await fetch(path, init).catch((error: unknown) => {
    throw signal?.aborted ? error : new Refusal(0, UNREACHABLE, null);
  });
  if (answer.status === 204) return undefined as T;
  const said: unknown = await answer.json().catch(() => null);
  if (!answer.ok) throw refusal(path, answer.status, said);
  if (said === null) throw new Refusal(answer.status, NOT_UNDERSTOOD, said);
  return said as T;
}

function refusal(path: string, status: number, said: unknown): Refusal {
  const isDoor = DOORS.includes(path);
  if (status === 401 && !isDoor && path !== "/api/me") onSignedOut();
  const error = (said as { error?: { what?: unknown; cure?: unknown } } | null)?.error ?? null;
  return new Refusal(status, refusalWords(status, error, isDoor), said);
}
