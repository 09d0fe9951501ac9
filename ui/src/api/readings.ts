/** What the server says of readings: datastreams, their course, and what watches them. */

import type { Iso } from "./contract";

export interface Shown {
  unit: string;
  scale: number;
  offset: number;
}

export interface Latest {
  value: number | null;
  /** What is no number. */
  text?: string | null;
  at: Iso;
  flag: number;
}

export interface Datastream {
  id: number;
  name: string;
  thing: string;
  asset_id: string | null;
  property: string;
  title: string;
  unit: string;
  shown: Shown;
  latest: Latest | null;
}

/** One comparison of the criteria in force that watches a datastream, in the unit that is stored. */
export interface Threshold {
  criterion: string;
  title: string;
  level: number;
  of: "value" | "size" | "mean" | "low" | "high" | "range" | "rate" | "speed_up";
  over_s: number | null;
  side: "above" | "below";
  bound: number;
  /** Once past the bound, until back past this. */
  until: number | null;
  in_a_row: number;
  at_least: number;
  component: number | null;
  on_after_s: number;
  /** It raises the level by itself; otherwise others must hold with it. */
  is_alone: boolean;
}

export interface Series {
  t: number[];
  min: (number | null)[];
  max: (number | null)[];
  flag: number[];
  is_decimated: boolean;
}

export interface PointSeries {
  title: string;
  unit: string;
  t: number[];
  value: (number | null)[];
  std: (number | null)[] | null;
}
