/** What differs between two versions of a document, leaf by leaf: what a second person approves. */

export interface Change {
  path: string;
  before: unknown;
  after: unknown;
}

type Json = unknown;

/** Leaves of the one that are not the same in the other; undefined stands for *not there*. */
export function changes(before: Json, after: Json, path = ""): Change[] {
  if (before === after) return [];
  if (isBranch(before) && isBranch(after) && Array.isArray(before) === Array.isArray(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    return keys.flatMap((key) => changes(before[key], after[key], joined(path, key, before, after)));
  }
  return JSON.stringify(before) === JSON.stringify(after) ? [] : [{ path, before, after }];
}

export interface Leaf {
  path: string;
  /** Keys from the root to the leaf. */
  keys: string[];
  value: number;
}

/** Every number of a document: what a person most often wants to change. */
export function numbers(document: Json, keys: string[] = [], path = ""): Leaf[] {
  if (typeof document === "number") return [{ path, keys, value: document }];
  if (!isBranch(document)) return [];
  return Object.entries(document).flatMap(([key, child]) =>
    numbers(child, [...keys, key], joined(path, key, document, document)),
  );
}

/** The document with one leaf changed; the rest is shared, nothing is overwritten. */
export function withLeaf(document: Json, keys: string[], value: Json): Json {
  const [key, ...rest] = keys;
  if (key === undefined) return value;
  if (Array.isArray(document)) {
    return document.map((child: Json, index) =>
      String(index) === key ? withLeaf(child, rest, value) : child,
    );
  }
  const branch = document as Record<string, Json>;
  return { ...branch, [key]: withLeaf(branch[key], rest, value) };
}

export function leafText(value: unknown): string {
  if (value === undefined) return "nothing";
  return typeof value === "string" ? value : JSON.stringify(value);
}

function isBranch(value: Json): value is Record<string, Json> {
  return typeof value === "object" && value !== null;
}

/** Rows of a list are called by their id or name, where they have one, not by their number. */
function joined(path: string, key: string, before: Json, after: Json): string {
  const row = (after as Record<string, Json>)[key] ?? (before as Record<string, Json>)[key];
  const name = Array.isArray(after) && isBranch(row) ? (row["id"] ?? row["name"] ?? row["level"]) : undefined;
  const step = typeof name === "string" || typeof name === "number" ? `${name}` : key;
  return path ? `${path} › ${step}` : step;
}
