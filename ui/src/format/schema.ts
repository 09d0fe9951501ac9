/** A form's worth of JSON Schema: what a field is, its unit and bounds, and how two contents differ. */

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
export type Content = { [name: string]: Json };

export interface Schema {
  $ref?: string;
  $defs?: Record<string, Schema>;
  type?: string;
  title?: string;
  description?: string;
  default?: Json;
  enum?: string[];
  anyOf?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  additionalProperties?: boolean | Schema;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  minLength?: number;
  minItems?: number;
  pattern?: string;
}

export type Kind =
  "number" | "integer" | "text" | "flag" | "choice" | "names" | "part" | "list" | "book" | "kept";

/** What one field of a form is. */
export interface Shape {
  kind: Kind;
  /** With references followed, and without the null of what may be left out. */
  schema: Schema;
  isOptional: boolean;
}

/** What is changed elsewhere, and kept here as it is. */
const KEPT = new Set(["Criterion"]);
const UNIT = / ?\[([^\]]+)\]$/;
const SUFFIXES: Record<string, string> = { s: "s", m: "m", px: "px", mib: "MiB" };
/** Names that the server adds by itself. */
const SERVERS = new Set(["gateway", "version"]);

export function followed(schema: Schema, root: Schema): Schema {
  if (!schema.$ref) return schema;
  const named = root.$defs?.[schema.$ref.split("/").pop() ?? ""] ?? {};
  return { ...named, ...schema, description: schema.description ?? named.description ?? "" };
}

export function shapeOf(given: Schema, root: Schema): Shape {
  const { anyOf, ...rest } = given;
  const choices = anyOf?.filter((each) => each.type !== "null");
  const isOptional = choices !== undefined && choices.length < (anyOf?.length ?? 0);
  const one = choices?.length === 1 ? { ...choices[0], ...rest } : given;
  const schema = followed(one, root);
  return { kind: kindOf(schema, root), schema, isOptional };
}

function kindOf(schema: Schema, root: Schema): Kind {
  if (schema.enum) return "choice";
  if (schema.type === "number" || schema.type === "integer") return schema.type;
  if (schema.type === "boolean") return "flag";
  if (schema.type === "string") return "text";
  if (schema.type === "array" && schema.items) {
    const item = followed(schema.items, root);
    if (KEPT.has(item.title ?? "")) return "kept";
    return item.type === "string" ? "names" : "list";
  }
  if (schema.type === "object" && schema.properties) return "part";
  return typeof schema.additionalProperties === "object" ? "book" : "kept";
}

/** The fields that a person may change, by name. */
export function fieldsOf(schema: Schema, root: Schema): [string, Shape][] {
  const isWhole = schema === root;
  return Object.entries(schema.properties ?? {})
    .filter(([name]) => !isWhole || !SERVERS.has(name))
    .map(([name, field]) => [name, shapeOf(field, root)]);
}

export function unitOf(name: string, schema: Schema): string {
  const unit = UNIT.exec(schema.description ?? "")?.[1] ?? SUFFIXES[name.split("_").pop() ?? ""] ?? "";
  return unit === "1" ? "" : unit;
}

export function explained(schema: Schema): string {
  return (schema.description ?? "").replace(UNIT, "");
}

export function labelOf(name: string): string {
  const parts = name.split("_");
  const last = parts[parts.length - 1] ?? "";
  const words = (parts.length > 1 && last in SUFFIXES ? parts.slice(0, -1) : parts).join(" ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** The bounds in words: "1 to 100"; empty: there are none. */
export function boundsOf(schema: Schema): string {
  const least = schema.minimum ?? schema.exclusiveMinimum;
  const most = schema.maximum ?? schema.exclusiveMaximum;
  const from = least === undefined ? "" : `${schema.minimum === undefined ? "more than " : ""}${least}`;
  const to = most === undefined ? "" : `${schema.maximum === undefined ? "less than " : ""}${most}`;
  if (from && to) return `${from} to ${to}`;
  if (from) return schema.minimum === undefined ? from : `at least ${from}`;
  return to && (schema.maximum === undefined ? to : `at most ${to}`);
}

/** What is wrong with a value, in words; empty: nothing. */
export function faultOf(value: Json | undefined, { kind, schema, isOptional }: Shape): string {
  if (value === null || value === undefined) return isOptional ? "" : "It is needed.";
  if (kind === "number" || kind === "integer") return numberFault(value, kind, schema);
  if (kind === "text") return textFault(String(value), schema);
  const n = Array.isArray(value) ? value.length : 0;
  if (schema.minItems && n < schema.minItems) return "Name at least one.";
  return "";
}

function numberFault(value: Json, kind: Kind, schema: Schema): string {
  if (typeof value !== "number" || !Number.isFinite(value)) return "It is no number.";
  if (kind === "integer" && !Number.isInteger(value)) return "It is a whole number.";
  const isWithin =
    value >= (schema.minimum ?? -Infinity) &&
    value <= (schema.maximum ?? Infinity) &&
    value > (schema.exclusiveMinimum ?? -Infinity) &&
    value < (schema.exclusiveMaximum ?? Infinity);
  return isWithin ? "" : `It goes from ${boundsOf(schema)}.`;
}

function textFault(value: string, schema: Schema): string {
  if (value.length < (schema.minLength ?? 0)) return "It is needed.";
  return schema.pattern && !new RegExp(schema.pattern).test(value)
    ? "It is not of the form that is asked."
    : "";
}

/** Every fault of a content, each with where it stands. */
export function faultsOf(value: Json | undefined, shape: Shape, root: Schema, path = ""): [string, string][] {
  const own = faultOf(value, shape);
  if (own) return [[path, own]];
  return childrenOf(value ?? null, shape, root).flatMap(([name, child, of]) =>
    faultsOf(child, of, root, path ? `${path}.${name}` : name),
  );
}

/** What a content says and, where it is silent, what holds by default. */
export function completed(value: Json | undefined, shape: Shape, root: Schema): Json {
  const given = value === undefined ? (shape.schema.default ?? blank(shape)) : value;
  if (shape.kind === "part" && given !== null) {
    const said = given as Content;
    return Object.fromEntries(
      fieldsOf(shape.schema, root).map(([name, field]) => [name, completed(said[name], field, root)]),
    );
  }
  const item = itemOf(shape, root);
  if (Array.isArray(given) && shape.kind === "list" && item)
    return given.map((one) => completed(one, item, root));
  if (shape.kind === "book" && item && given !== null)
    return Object.fromEntries(
      Object.entries(given as Content).map(([name, one]) => [name, completed(one, item, root)]),
    );
  return given;
}

/** What a content must say: all that is not so by default. */
export function needed(value: Json, shape: Shape, root: Schema): Json {
  if (shape.kind === "part" && value !== null) {
    const said = value as Content;
    const fields = fieldsOf(shape.schema, root).filter(
      ([name, field]) => !isSame(said[name] ?? null, completed(undefined, field, root)),
    );
    return Object.fromEntries(fields.map(([name, field]) => [name, needed(said[name] ?? null, field, root)]));
  }
  return value;
}

/** What stands in a list or a book. */
export function itemOf(shape: Shape, root: Schema): Shape | null {
  if (shape.kind === "list" && shape.schema.items) return shapeOf(shape.schema.items, root);
  const more = shape.schema.additionalProperties;
  return shape.kind === "book" && typeof more === "object" ? shapeOf(more, root) : null;
}

/** A new thing of this kind. */
export function blank({ kind, isOptional, schema }: Shape): Json {
  if (isOptional) return null;
  if (kind === "part" || kind === "book") return {};
  if (kind === "list" || kind === "names") return [];
  if (kind === "flag") return false;
  if (kind === "choice") return schema.enum?.[0] ?? "";
  return kind === "text" ? "" : null;
}

export interface Difference {
  path: string;
  before: Json | undefined;
  after: Json | undefined;
}

/** Where two contents differ, leaf by leaf. */
export function differences(before: Json | undefined, after: Json | undefined, path = ""): Difference[] {
  if (isSame(before, after)) return [];
  if (!isContent(before) || !isContent(after)) return [{ path, before, after }];
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return names.flatMap((name) => differences(before[name], after[name], path ? `${path}.${name}` : name));
}

/** A value in a word or a few. */
export function told(value: Json | undefined): string {
  if (value === null || value === undefined) return "none";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (Array.isArray(value)) return value.length ? value.map(told).join(", ") : "none";
  if (isContent(value)) {
    const said = Object.entries(value).filter(([, one]) => one !== null && one !== "");
    return said.map(([name, one]) => `${labelOf(name).toLowerCase()} ${told(one)}`).join(", ") || "none";
  }
  return String(value);
}

function childrenOf(value: Json, shape: Shape, root: Schema): [string, Json | undefined, Shape][] {
  if (value === null || typeof value !== "object") return [];
  const said = value as Content;
  if (shape.kind === "part")
    return fieldsOf(shape.schema, root).map(([name, field]) => [name, said[name] ?? null, field]);
  const item = itemOf(shape, root);
  return item ? Object.entries(said).map(([name, one]) => [name, one, item]) : [];
}

function isContent(value: Json | undefined): value is Content {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isSame(one: Json | undefined, other: Json | undefined): boolean {
  if (one === other) return true;
  if (Array.isArray(one) && Array.isArray(other))
    return one.length === other.length && one.every((each, index) => isSame(each, other[index]));
  if (!isContent(one) || !isContent(other)) return false;
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...names].every((name) => isSame(one[name], other[name]));
}
