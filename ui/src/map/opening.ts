/** How the map opens: where this browser left it, where an address asks for, or on people, assets and zones. */

import { useEffect, useRef } from "preact/hooks";
import type { Asset, Site } from "../api/contract";
import { keep, recall } from "../store/kept";
import { route } from "../store/route";
import { boundsOf } from "./geometry";
import type { Stage, Touched } from "./stage";
import { openingBounds, textOf, viewOf, type View } from "./view";

/** What was fetched and drawn, by the key of its layer. */
export type DrawnFeatures = ReadonlyMap<string, GeoJSON.FeatureCollection>;

const nameOf = (site: Site) => `view.${site.name}`;

export function rememberedView(site: Site): View | undefined {
  return viewOf(recall(nameOf(site)));
}

export function rememberView(site: Site, view: View | null): void {
  keep(nameOf(site), view && textOf(view));
}

/** Whether an address such as `#/map?asset=p-7` asks for something: then the map opens there. */
export function isAsked(): boolean {
  return ["asset", "at", "zone"].some((key) => route.value.query.has(key));
}

/** Show people, assets and zones, until all that is to come has come or a person has moved the map. */
export function useOpening(
  stage: Stage | null,
  site: Site,
  assets: Asset[],
  drawn: DrawnFeatures | null,
): void {
  const isOpen = useRef(rememberedView(site) !== undefined || isAsked());
  useEffect(() => {
    if (!stage || isOpen.current) return;
    if (stage.wasMoved) isOpen.current = true;
    else stage.fit(groundOf(site, assets, drawn));
    if (drawn && assets.length > 0) isOpen.current = true;
  }, [stage, site, assets.length, drawn]);
}

/** Bounds of people, assets and zones; of the site where there are none. */
export function groundOf(
  site: Site,
  assets: Asset[],
  drawn: DrawnFeatures | null,
): ReturnType<typeof openingBounds> {
  const places = assets.flatMap(({ state: { position } }): [number, number][] =>
    position ? [[position.lon, position.lat]] : [],
  );
  const zones = drawn?.get("zones")?.features.map((feature) => feature.geometry) ?? [];
  return openingBounds(site.bounds, places, zones);
}

/** Go where the address asks for: a place as `at=lon,lat`, a zone or finding as `zone=ID`. */
export function useAsked(stage: Stage | null, drawn: DrawnFeatures, touch: (touched: Touched) => void): void {
  const isDone = useRef(false);
  useEffect(() => {
    const at = (route.value.query.get("at") ?? "").split(",").map(Number);
    if (at.length === 2 && at.every(Number.isFinite)) stage?.flyTo([at[0] ?? 0, at[1] ?? 0]);
  }, [stage]);
  useEffect(() => {
    const wanted = route.value.query.get("zone");
    if (!stage || !wanted || isDone.current) return;
    for (const [layer, { features }] of drawn) {
      const found = features.find(({ properties }) => properties?.["id"] === wanted);
      if (!found) continue;
      isDone.current = true;
      stage.fit(boundsOf([found.geometry]), 500);
      return touch({ kind: "feature", layer, properties: found.properties ?? {} });
    }
  }, [stage, drawn]);
}
