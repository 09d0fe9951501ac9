/** What the server says: the shapes of `/api`. Times are ISO-8601 in UTC unless a name ends in `ms`. */

import type { Latest, Shown } from "./readings";

export type * from "./readings";

export type Iso = string;

export interface Me {
  name: string;
  role: Role;
  scope: string[] | null;
  asset_id: string | null;
  rights: Right[];
}

/** Actions of the permission matrix that decide what this page offers; the server decides again on each request. */
export type Right =
  | "see_site"
  | "see_assets"
  | "see_tracks"
  | "see_readings"
  | "see_alarms"
  | "see_locations"
  | "see_findings"
  | "see_criteria"
  | "see_gateways"
  | "see_tags"
  | "answer_alarm"
  | "cancel_alarm"
  | "call_aid"
  | "decide_finding"
  | "edit_assets"
  | "bind_tags"
  | "approve_tags"
  | "command_gateway"
  | "manage_gateways"
  | "propose_criteria"
  | "approve_criteria"
  | "manage_users"
  | "read_audit";

export type Role = "operator" | "manager" | "supervisor" | "super_manager";

export interface Scene {
  date: string;
  tiles: string;
  minzoom?: number;
  maxzoom?: number;
}

/** What colours of a layer mean: of classes, or of values from low to high. */
export interface Legend {
  classes?: { label: string; colour: string }[];
  unit?: string;
  low?: number;
  high?: number;
  /** From low to high. */
  colors?: string[];
}

export interface SiteLayer {
  key: string;
  title: string;
  kind: "raster" | "geojson";
  url: string;
  legend?: Legend | null;
  is_clickable?: boolean;
  date?: string | null;
}

export interface Site {
  name: string;
  title: string;
  time_zone: string;
  center: [number, number];
  bounds: [number, number, number, number];
  scenes: Scene[];
  layers: SiteLayer[];
}

/** What the server tells of itself to everybody. */
export interface ServerHealth {
  ok: boolean;
  at: string;
  version: string;
  login_elsewhere: boolean;
}

export type AssetKind = "person" | "machine" | "material" | "structure" | "sensor" | "gateway";
export type Motion = "idle" | "moving" | "working" | "unknown";
export type Health = "ok" | "pre_alarm" | "down" | "unknown";

export interface Position {
  lon: number;
  lat: number;
  height_m: number | null;
  radius_m: number | null;
  /** null: it never moves */
  at: Iso | null;
}

export interface AssetState {
  position: Position | null;
  motion: Motion;
  health: Health;
  battery_v: number | null;
  last_heard: Iso | null;
  silent: boolean;
}

export interface Asset {
  id: string;
  kind: AssetKind;
  name: string;
  location_id: string | null;
  tag_id: string | null;
  external_id: string | null;
  state: AssetState;
}

export interface Location {
  id: string;
  name: string;
  staff_count: number | null;
  expected_staff?: number | null;
  procedure_id?: string | null;
  polygon?: GeoJSON.Polygon | GeoJSON.MultiPolygon | null;
}

export interface Transition {
  at: Iso;
  who: string;
  what: string;
  why: string;
}

export type AlarmState = "raised" | "acknowledged" | "shelved" | "cleared" | "cancelled";

export interface Alarm {
  id: number;
  level: number;
  criterion: string;
  title: string;
  subject: { kind: string; id: string; name: string };
  raised: Iso;
  state: AlarmState;
  owner_role: Role | string;
  answer_by: Iso | null;
  escalated: number;
  is_blind: boolean;
  /** Its condition holds. */
  is_active: boolean;
  /** A pre-alarm: its subject may cancel it until then, and nobody else has been told. */
  cancel_until: Iso | null;
  shelved_until: Iso | null;
  /** It may be put aside for so long [s]; null: it may not. */
  longest_shelf_s: number | null;
  actions: string[];
  evidence: string[];
  transitions: Transition[];
  rights: string[];
}

export interface Finding {
  id: string;
  kind: string;
  state: string;
  statement: string;
  probability: number | null;
  area_m2: number | null;
  first_seen: string;
  last_seen: string;
  absent_since: string | null;
  facts: Record<string, unknown>;
  events: { at: Iso; by: string; what: string; why: string }[];
  evidence: Record<string, unknown>;
  geometry: GeoJSON.Geometry;
  /** Motion of its patch, for whoever may read it. */
  datastreams: { id: number; name: string }[];
  has_case: boolean;
}

export interface GatewayCommand {
  id: string;
  verb: string;
  who: string;
  at: Iso;
  result: Record<string, unknown> | null;
  done: Iso | null;
}

export interface Gateway {
  id: string;
  name: string;
  location_id: string | null;
  state: "waiting" | "online" | "offline" | "revoked";
  last_heard: Iso | null;
  /** Readings not yet durable at the server, by class. */
  waiting: Record<string, number>;
  buffer_days: number | null;
  config_hash: string;
  version: string;
  commands?: GatewayCommand[];
}

export interface CriteriaVersion {
  version: number;
  why: string;
  proposed_by: string;
  approved_by: string;
  is_shipped: boolean;
  at: Iso;
}

export interface Criteria {
  version: number;
  content: Record<string, unknown>;
  versions: CriteriaVersion[];
  units: Record<string, Shown>;
}

export interface Proposal {
  id: number;
  content: Record<string, unknown>;
  why: string;
  who: string;
  at: Iso;
  based_on: number;
  state: string;
  decided_by: string | null;
  decided_why: string | null;
  decided: Iso | null;
}

export interface User {
  name: string;
  role: Role;
  scope: string[] | null;
  asset_id: string | null;
  is_active: boolean;
  has_password: boolean;
  has_authenticator: boolean;
}

export interface UserMade {
  user: User;
  setup_code: string;
  setup_hours: number;
}

/** After a password was chosen; whose role asks for an authenticator is told its key, once. */
export interface SetUp {
  name: string;
  role: Role;
  totp_secret: string | null;
  totp_uri: string | null;
  totp_qr: string | null;
}

export interface AuditVerdict {
  is_intact: boolean;
  n: number;
  head: string;
  broken_at: number | null;
  reason: string;
}

export interface AuditEntry {
  id: number;
  at: Iso;
  who: string;
  action: string;
  subject: string;
  detail: Record<string, unknown>;
  hash: string;
}

export interface Tag {
  id: string;
  issued: Iso;
  asset_id: string | null;
  is_used: boolean;
}

/** Someone's wish that one tag takes the place of another; another role must approve it. */
export interface Replacement {
  id: number;
  tag_id: string;
  by_tag: string;
  why: string;
  asked_by: string;
  asked_role: Role;
  at: Iso;
}

export interface LiveLatest extends Latest {
  datastream_id: number;
}

/** Something that one may see no more, as what belongs to another location from now on. */
export interface Gone<Id> {
  id: Id;
  state: null;
}

/** One message of the live socket; a bare `{id, at}` is a heartbeat. */
export interface LiveMessage {
  id: number;
  at: Iso;
  reset?: boolean;
  /** Without a state: it was taken out of use, or one may see it no more. */
  assets?: (Pick<Asset, "id" | "location_id" | "state"> | Gone<string>)[];
  alarms?: (Alarm | Gone<number>)[];
  latest?: LiveLatest[];
  gateways?: (Gateway | Gone<string>)[];
}

export interface Track {
  asset_id: string;
  positions: Position[];
  is_cut: boolean;
}
