/** The live map with what it shows in words beside it. */

import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { signal, useComputed } from "@preact/signals";
import type { Asset, Site, SiteLayer } from "../api/contract";
import { get, wordsOf } from "../api/client";
import { byConcern } from "../format/look";
import { Trouble } from "../parts/basics";
import { locations, may, site, staleSeconds, waiting, world } from "../store/screen";
import { route } from "../store/route";
import { theme } from "../store/theme";
import { Stage, type Touched } from "./stage";
import { SHOWN_AT_FIRST } from "./overlays";
import type { Label } from "./labels";
import {
  groundOf,
  isAsked,
  rememberedView,
  rememberView,
  useAsked,
  useOpening,
  type DrawnFeatures,
} from "./opening";
import { GroundPanel } from "./GroundPanel";
import { LayersPanel } from "./LayersPanel";
import { TouchedCard } from "./TouchedCard";
import "../styles/map.css";

const NAMES_AT_MOST = 60;

/** What the person has chosen on the map; it outlives a visit to another page. */
const shownLayers = signal<ReadonlySet<string>>(SHOWN_AT_FIRST);
const sceneDate = signal<string | null>(null);
const areNamesShown = signal(false);

export function MapPage() {
  const here = site.value;
  return here ? <SiteMap site={here} /> : null;
}

function SiteMap({ site: here }: { site: Site }) {
  const box = useRef<HTMLDivElement>(null);
  const [stage, setStage] = useState<Stage | null>(null);
  const [trouble, setTrouble] = useState<string | null>(null);
  const [touched, touch] = useState<Touched>(() => asked());
  const [panel, setPanel] = useState<"ground" | "layers">("ground");
  const layers = useRef(layersWithZones(here)).current;
  const assets = useComputed(() => [...world.value.assets.values()].sort(byConcern)).value;
  const selected = touched?.kind === "asset" ? touched.id : null;

  useEffect(() => {
    if (!box.current) return;
    const made = raise(box.current, here, layers, touch);
    if (typeof made === "string") return setTrouble(made);
    void made.ready.then(() => setStage(made));
    return () => made.destroy();
  }, [here, layers]);

  const drawTrack = useCallback((way: GeoJSON.MultiLineString | null) => stage?.setTrack(way), [stage]);
  useScene(stage, here);
  useEffect(() => {
    if (route.value.query.has("zone"))
      shownLayers.value = new Set([...shownLayers.value, "findings", "zones"]);
  }, []);
  const drawn = useOverlays(stage, layers, setTrouble);
  const isComplete = drawn.has("zones") || !shownLayers.value.has("zones");
  useOpening(stage, here, assets, isComplete ? drawn : null);
  useAsked(stage, drawn, touch);
  useEffect(() => stage?.setPlaces([...locations.value.values()]), [stage, locations.value]);
  useEffect(
    () => stage?.setAssets(assets, selected, labelsOf(assets, selected)),
    [stage, assets, selected, waiting.value, areNamesShown.value],
  );
  useEffect(() => {
    const position = selected === null ? null : world.value.assets.get(selected)?.state.position;
    if (position) stage?.flyTo([position.lon, position.lat]);
  }, [stage, selected]);

  return (
    <div class={`ground ${staleSeconds.value ? "is-stale" : ""}`}>
      <div class="map-room">
        <div class="map" ref={box} data-ready={stage ? "yes" : "no"} />
        {trouble && <Trouble words={trouble} />}
        <div class="map-all">
          <button type="button" class="button small" onClick={() => stage?.showAll()}>
            Whole site
          </button>
          <button
            type="button"
            class="button small"
            onClick={() => {
              rememberView(here, null);
              stage?.fit(groundOf(here, assets, drawn), 500);
            }}
          >
            People and assets
          </button>
        </div>
      </div>
      <aside class="map-side" aria-label="What the map shows">
        {touched && (
          <TouchedCard touched={touched} layers={layers} onClose={() => touch(null)} onTrack={drawTrack} />
        )}
        <div class="tabs" role="group" aria-label="Beside the map">
          <button type="button" aria-pressed={panel === "ground"} onClick={() => setPanel("ground")}>
            On the ground
          </button>
          <button type="button" aria-pressed={panel === "layers"} onClick={() => setPanel("layers")}>
            Layers
          </button>
        </div>
        {panel === "ground" ? (
          <GroundPanel assets={assets} selected={selected} onChoose={(id) => touch({ kind: "asset", id })} />
        ) : (
          <LayersPanel
            site={here}
            layers={layers}
            shown={shownLayers}
            date={sceneDate}
            names={areNamesShown}
          />
        )}
      </aside>
    </div>
  );
}

/** Make the map, or say in words why it cannot be made. */
function raise(
  box: HTMLElement,
  here: Site,
  layers: SiteLayer[],
  onTouch: (touched: Touched) => void,
): Stage | string {
  try {
    const view = isAsked() ? undefined : rememberedView(here);
    return new Stage(box, {
      site: here,
      layers,
      view,
      onTouch,
      onMoved: (moved) => rememberView(here, moved),
    });
  } catch {
    return "This browser cannot draw the map: WebGL is off or missing. The lists say the same in words.";
  }
}

function useScene(stage: Stage | null, here: Site): void {
  const date = sceneDate.value ?? here.scenes.at(-1)?.date ?? null;
  useEffect(() => stage?.setScene(here.scenes.find((scene) => scene.date === date)), [stage, here, date]);
  useEffect(() => {
    const device = matchMedia("(prefers-color-scheme: dark)");
    const tell = () => stage?.setNight(theme.value === "dark" || (theme.value === "auto" && device.matches));
    tell();
    device.addEventListener("change", tell);
    return () => device.removeEventListener("change", tell);
  }, [stage, date, theme.value]);
}

/** Fetch what is shown, once, and draw it; gives what was drawn. */
function useOverlays(
  stage: Stage | null,
  layers: SiteLayer[],
  onTrouble: (words: string) => void,
): DrawnFeatures {
  const fetched = useRef(new Set<string>()).current;
  const [drawn, setDrawn] = useState<DrawnFeatures>(new Map());
  useEffect(() => {
    if (!stage) return;
    for (const layer of layers) {
      const isShown = shownLayers.value.has(layer.key);
      stage.setShown(layer.key, isShown);
      if (!isShown || layer.kind !== "geojson" || fetched.has(layer.key)) continue;
      fetched.add(layer.key);
      get<GeoJSON.FeatureCollection>(layer.url)
        .then((found) => {
          const features = drawnOf(layer, layers, found);
          stage.setFeatures(layer.key, features);
          setDrawn((all) => new Map(all).set(layer.key, features));
        })
        .catch((error: unknown) => {
          fetched.delete(layer.key);
          onTrouble(`${layer.title}: ${wordsOf(error)}`);
        });
    }
  }, [stage, layers, shownLayers.value, fetched, onTrouble]);
  return drawn;
}

/** Findings that have a layer of their own are not drawn a second time as zones. */
function drawnOf(
  layer: SiteLayer,
  layers: SiteLayer[],
  found: GeoJSON.FeatureCollection,
): GeoJSON.FeatureCollection {
  if (layer.key !== "zones" || !layers.some((each) => each.key === "findings")) return found;
  return {
    ...found,
    features: found.features.filter((feature) => feature.properties?.["kind"] !== "finding"),
  };
}

function layersWithZones(here: Site): SiteLayer[] {
  const known = here.layers.filter((layer) => layer.key !== "findings" || may("see_findings"));
  if (known.some((layer) => layer.key === "zones")) return known;
  return [...known, { key: "zones", title: "Zones", kind: "geojson", url: "/api/zones", legend: null }];
}

/** Names of what is selected and of what is in trouble; of all, when asked for and not too many. */
function labelsOf(assets: Asset[], selected: string | null): Label[] {
  const ringing = new Map(waiting.value.map((alarm) => [alarm.subject.id, alarm.level]));
  const labels: Label[] = [];
  for (const { id, name, state } of assets) {
    if (!state.position) continue;
    const level = ringing.get(id) ?? (state.health === "down" ? 4 : state.health === "pre_alarm" ? 2 : 0);
    if (level > 0) labels.push({ id, text: name, tone: `level-${level}` });
    else if (id === selected) labels.push({ id, text: name, tone: "selected" });
    else if (areNamesShown.value && labels.length < NAMES_AT_MOST)
      labels.push({ id, text: name, tone: "plain" });
  }
  return labels;
}

/** An address such as `#/map?asset=p-7` asks for an asset. */
function asked(): Touched {
  const id = route.value.query.get("asset");
  return id ? { kind: "asset", id } : null;
}
