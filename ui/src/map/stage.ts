/** The map itself: what is drawn, where, and what was touched. It knows nothing of pages. */

import maplibre from "maplibre-gl/dist/maplibre-gl-csp.js";
import workerUrl from "maplibre-gl/dist/maplibre-gl-csp-worker.js?url";
import "maplibre-gl/dist/maplibre-gl.css";
import type { GeoJSONSource, Map as MapLibre, MapMouseEvent, RasterSourceSpecification } from "maplibre-gl";
import type { Asset, Location, Scene, Site, SiteLayer } from "../api/contract";
import { lookOf, LOOKS } from "../format/look";
import { ring, wide, type Bounds } from "./geometry";
import { Glide, type LonLat } from "./glide";
import { addIcons, iconName } from "./icons";
import { OWN_LAYERS, OWN_SOURCES } from "./own_layers";
import { Labels, type Label } from "./labels";
import { layersOf } from "./overlays";
import { FIT, textOf, type View } from "./view";

maplibre.setWorkerUrl(workerUrl);

export type Touched =
  | { kind: "asset"; id: string }
  | { kind: "feature"; layer: string; properties: Record<string, unknown> }
  | { kind: "point"; layer: string; at: LonLat }
  | null;

export interface StageOptions {
  site: Site;
  layers: SiteLayer[];
  /** Where it opens; the site where nothing is said. */
  view: View | undefined;
  onTouch: (touched: Touched) => void;
  /** A person moved it by hand. */
  onMoved: (view: View) => void;
}

const NOTHING: GeoJSON.FeatureCollection = { type: "FeatureCollection", features: [] };
const FRAME_MS = 50;
const REACH_PX = 8;
const SITE_PADDING = 24;
const NAMES_FROM_ZOOM = 13;
/** Beyond this tiles of a scene are enlarged, not fetched anew, where the server does not say how fine it is. */
const SCENE_ZOOM = 17;

export class Stage {
  readonly ready: Promise<void>;
  private readonly map: MapLibre;
  private readonly labels: Labels;
  private readonly glide = new Glide(matchMedia("(prefers-reduced-motion: reduce)").matches);
  private assets: Asset[] = [];
  private selected: string | null = null;
  private frame = 0;
  private drawnAt = 0;
  private isOver = false;
  /** Whether the next move is a person's: by wheel, finger or key, and not by a button of the page. */
  private isByHand = false;
  /** Whether a person has moved the map by hand. */
  wasMoved = false;

  constructor(
    box: HTMLElement,
    private readonly options: StageOptions,
  ) {
    const { site } = options;
    this.map = new maplibre.Map({
      container: box,
      style: {
        version: 8,
        sources: {},
        layers: [{ id: "ground", type: "background", paint: { "background-color": "#10161d" } }],
      },
      ...(options.view ?? { bounds: wide(site.bounds), fitBoundsOptions: { padding: SITE_PADDING } }),
      attributionControl: false,
      dragRotate: false,
      pitchWithRotate: false,
      maxPitch: 0,
      maxZoom: 20,
    });
    this.map.touchZoomRotate.disableRotation();
    this.map.addControl(new maplibre.NavigationControl({ showCompass: false }), "top-right");
    this.map.addControl(new maplibre.ScaleControl({ maxWidth: 120 }), "bottom-right");
    this.map
      .getCanvas()
      .setAttribute("aria-label", `Map of ${site.title}; the list beside it says the same in words`);
    this.map.on("zoom", () => this.tellZoom(box));
    for (const kind of ["wheel", "pointerdown", "keydown"])
      box.addEventListener(kind, () => (this.isByHand = true), { capture: true, passive: true });
    this.map.on("moveend", () => {
      box.dataset["view"] = textOf(this.view());
      if (!this.isByHand) return;
      this.wasMoved = true;
      options.onMoved(this.view());
    });
    this.tellZoom(box);
    this.labels = new Labels(this.map, (id) => options.onTouch({ kind: "asset", id }));
    this.map.on("click", (event) => options.onTouch(this.touched(event)));
    this.ready = new Promise((resolve) => this.map.once("style.load", () => resolve(this.furnish())));
  }

  /** Lay another scene under everything. */
  setScene(scene: Scene | undefined): void {
    if (this.map.getLayer("scene")) this.map.removeLayer("scene");
    if (this.map.getSource("scene")) this.map.removeSource("scene");
    if (!scene) return;
    this.map.addSource("scene", {
      ...rasterSource(scene.tiles, wide(this.options.site.bounds)),
      minzoom: scene.minzoom ?? 0,
      maxzoom: scene.maxzoom ?? SCENE_ZOOM,
    });
    this.map.addLayer(
      { id: "scene", type: "raster", source: "scene", paint: { "raster-fade-duration": 150 } },
      this.above("ground"),
    );
  }

  /** Dim the ground for the night. */
  setNight(isNight: boolean): void {
    if (this.map.getLayer("scene"))
      this.map.setPaintProperty("scene", "raster-brightness-max", isNight ? 0.72 : 1);
  }

  setShown(key: string, isShown: boolean): void {
    for (const { id } of this.options.layers.filter((layer) => layer.key === key).flatMap(layersOf)) {
      this.map.setLayoutProperty(id, "visibility", isShown ? "visible" : "none");
    }
  }

  setFeatures(key: string, features: GeoJSON.FeatureCollection): void {
    this.source(`layer-${key}`)?.setData(features);
  }

  /** Draw assets that have a place; the one that is selected with the radius within which it may be. */
  setAssets(assets: Asset[], selected: string | null, labels: Label[]): void {
    this.assets = assets.filter((asset) => asset.state.position);
    this.selected = selected;
    this.labels.set(labels);
    const time = performance.now();
    for (const { id, state } of this.assets) {
      if (state.position) this.glide.moveTo(id, [state.position.lon, state.position.lat], time);
    }
    this.glide.forget(new Set(this.assets.map((asset) => asset.id)));
    this.animate();
  }

  setPlaces(places: Location[]): void {
    const features = places.flatMap((place) =>
      place.polygon
        ? [{ type: "Feature" as const, geometry: place.polygon, properties: { id: place.id } }]
        : [],
    );
    this.source("places")?.setData({ type: "FeatureCollection", features });
    this.labels.setPlaces(places);
  }

  /** Draw where something was; null: nothing any more. */
  setTrack(way: GeoJSON.MultiLineString | null): void {
    if (this.isOver) return; // a card that closes with the page
    const features: GeoJSON.Feature[] = way ? [{ type: "Feature", geometry: way, properties: {} }] : [];
    this.source("track")?.setData({ type: "FeatureCollection", features });
  }

  flyTo(at: LonLat): void {
    this.isByHand = false;
    this.map.easeTo({ center: at, zoom: Math.max(this.map.getZoom(), 15), duration: 500 });
  }

  showAll(): void {
    this.isByHand = false;
    this.map.fitBounds(wide(this.options.site.bounds), { padding: SITE_PADDING, duration: 500 });
  }

  /** Show all of some bounds, from near enough. */
  fit(bounds: Bounds, duration = 0): void {
    this.isByHand = false;
    this.map.fitBounds(bounds, { ...FIT, duration });
  }

  private view(): View {
    const { lng, lat } = this.map.getCenter();
    return { center: [lng, lat], zoom: this.map.getZoom() };
  }

  destroy(): void {
    this.isOver = true;
    cancelAnimationFrame(this.frame);
    this.labels.clear();
    this.map.remove();
  }

  private furnish(): void {
    addIcons(this.map);
    for (const layer of this.options.layers) this.addOverlay(layer);
    for (const name of OWN_SOURCES) this.map.addSource(name, { type: "geojson", data: NOTHING });
    for (const layer of OWN_LAYERS) this.map.addLayer(layer);
  }

  private addOverlay(layer: SiteLayer): void {
    const id = `layer-${layer.key}`;
    const bounds = wide(this.options.site.bounds);
    this.map.addSource(
      id,
      layer.kind === "raster" ? rasterSource(layer.url, bounds) : { type: "geojson", data: NOTHING },
    );
    for (const drawn of layersOf(layer)) {
      this.map.addLayer({ ...drawn, layout: { ...drawn.layout, visibility: "none" } } as typeof drawn);
    }
  }

  /** From afar the names of places would cover the ground: their counts remain. */
  private tellZoom(box: HTMLElement): void {
    box.dataset["zoom"] = this.map.getZoom() < NAMES_FROM_ZOOM ? "far" : "near";
  }

  private animate(): void {
    cancelAnimationFrame(this.frame);
    const step = (time: number) => {
      if (time - this.drawnAt >= FRAME_MS) this.draw(time);
      if (this.glide.isMoving(time)) this.frame = requestAnimationFrame(step);
      else this.draw(time);
    };
    this.frame = requestAnimationFrame(step);
  }

  private draw(time: number): void {
    this.drawnAt = time;
    const features = this.assets.map((asset) => this.dot(asset, time));
    this.source("assets")?.setData({ type: "FeatureCollection", features });
    this.source("halo")?.setData({ type: "FeatureCollection", features: this.halo(time) });
    this.labels.place((id) => this.glide.at(id, time));
  }

  private dot(asset: Asset, time: number): GeoJSON.Feature {
    const look = lookOf(asset);
    return {
      type: "Feature",
      geometry: { type: "Point", coordinates: this.glide.at(asset.id, time) ?? [0, 0] },
      properties: {
        id: asset.id,
        icon: iconName(asset.kind, look),
        rank: LOOKS.length - LOOKS.indexOf(look),
      },
    };
  }

  private halo(time: number): GeoJSON.Feature[] {
    const asset = this.assets.find((each) => each.id === this.selected);
    const at = asset && this.glide.at(asset.id, time);
    if (!at) return [];
    return [{ type: "Feature", properties: {}, geometry: ring(at, asset.state.position?.radius_m ?? 5) }];
  }

  private touched(event: MapMouseEvent): Touched {
    const { x, y } = event.point;
    const near = [[x - REACH_PX, y - REACH_PX], [x + REACH_PX, y + REACH_PX]] as [[number, number], [number, number]]; // prettier-ignore
    const [dot] = this.map.queryRenderedFeatures(near, { layers: ["assets"] });
    if (dot) return { kind: "asset", id: String(dot.properties["id"]) };
    const drawn = this.options.layers.filter((layer) => layer.kind === "geojson").flatMap(layersOf);
    const [feature] = this.map.queryRenderedFeatures(near, { layers: drawn.map(({ id }) => id) });
    if (feature) {
      return {
        kind: "feature",
        layer: String(feature.source).replace("layer-", ""),
        properties: feature.properties,
      };
    }
    const raster = this.options.layers.find(
      (layer) => layer.is_clickable && this.isVisible(`layer-${layer.key}`),
    );
    return raster ? { kind: "point", layer: raster.key, at: [event.lngLat.lng, event.lngLat.lat] } : null;
  }

  private isVisible(id: string): boolean {
    return this.map.getLayoutProperty(id, "visibility") !== "none";
  }

  private above(id: string): string | undefined {
    const order = this.map.getLayersOrder();
    return order[order.indexOf(id) + 1];
  }

  private source(id: string): GeoJSONSource | undefined {
    return this.map.getSource<GeoJSONSource>(id);
  }
}

/** Tiles of this server; the worker that fetches them needs the whole address. */
function rasterSource(url: string, bounds: Site["bounds"]): RasterSourceSpecification {
  return { type: "raster", tiles: [location.origin + url], tileSize: 256, bounds };
}
