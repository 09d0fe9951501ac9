/** Where the person is, kept in the part of the address after #. */

import { signal } from "@preact/signals";

export interface Route {
  page: string;
  id: string | null;
  query: URLSearchParams;
}

/** Take `#/alarms/12?x=1` apart; an empty address is the map. */
export function parseRoute(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?");
  const [page = "", ...rest] = path.split("/");
  const id = decoded(rest.join("/"));
  return { page: page || "map", id: id || null, query: new URLSearchParams(query) };
}

/** What was encoded; an address that someone mangled is taken as it stands. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export function href(page: string, id?: string | number | null): string {
  return id === undefined || id === null ? `#/${page}` : `#/${page}/${encodeURIComponent(String(id))}`;
}

export const route = signal<Route>({ page: "map", id: null, query: new URLSearchParams() });

export function followAddress(): void {
  const read = () => (route.value = parseRoute(location.hash));
  addEventListener("hashchange", read);
  read();
}

export function go(page: string, id?: string | number | null): void {
  location.hash = href(page, id);
}
