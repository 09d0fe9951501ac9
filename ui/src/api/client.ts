/** Requests to the server of this page, and nowhere else. */

/** What the server refused, in its words. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly what: string,
    readonly cure: string,
    readonly body: unknown,
  ) {
    super(cure ? `${what} ${cure}` : what);
  }
}

type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
type Listener = () => void;

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
  if (error instanceof TypeError) return "The server does not answer. What you see may be old.";
  return error instanceof Error ? error.message : String(error);
}

async function request<T>(method: Method, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  const headers: Record<string, string> = { Accept: "application/json" };
  const init: RequestInit = { method, headers, credentials: "same-origin", signal: signal ?? null };
  if (method !== "GET") {
    headers["X-Highwall"] = "1"; // another site's page cannot send this header
    headers["Content-Type"] = "application/json";
    init.body = JSON.stringify(body);
  }
  const answer = await fetch(path, init);
  if (answer.status === 204) return undefined as T;
  const said: unknown = await answer.json().catch(() => null);
  if (!answer.ok) throw refusal(path, answer.status, said);
  return said as T;
}

function refusal(path: string, status: number, said: unknown): Refusal {
  if (status === 401 && path !== "/api/login" && path !== "/api/me") onSignedOut();
  const error = (said as { error?: { what?: string; cure?: string } } | null)?.error;
  return new Refusal(status, error?.what ?? `The server answered ${status}.`, error?.cure ?? "", said);
}
