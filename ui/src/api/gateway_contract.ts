/** What the server says of configurations of gateways and of tokens. */

import type { Schema } from "../format/schema";
import type { Role } from "./contract";

export interface ConfigurationVersion {
  version: number;
  content: string;
  who: string;
  at: string;
  outcome: string | null;
  reported: string | null;
  sha256: string;
}

export interface Configurations {
  versions: ConfigurationVersion[];
  in_force: number | null;
  reported_hash: string;
  content_schema: Schema;
}

export interface Tokens {
  tokens: Token[];
  /** By role: what a token of such a user may be given. */
  grantable: Partial<Record<Role, string[]>>;
}

export interface Token {
  id: number;
  user: string;
  title: string;
  actions: string[];
  until: string;
  is_revoked: boolean;
}
