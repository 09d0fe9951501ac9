/** Names on the map, as elements of the page: no glyphs to fetch, and a screen reader finds them. */

import maplibre from "maplibre-gl/dist/maplibre-gl-csp.js";
import type { Map as MapLibre, Marker } from "maplibre-gl";
import type { Location } from "../api/contract";
import { crown } from "./geometry";
import type { LonLat } from "./glide";
import { headcount } from "./headcount";

export interface Label {
  id: string;
  text: string;
  /** `plain`, `selected`, or `level-4` for what rings. */
  tone: string;
}

export class Labels {
  private readonly assets = new Map<string, Marker>();
  private readonly places = new Map<string, Marker>();

  constructor(
    private readonly map: MapLibre,
    private readonly onChoose: (id: string) => void,
  ) {}

  /** Have these names and no others; where they stand is told by `place`. */
  set(labels: Label[]): void {
    keep(this.assets, labels);
    for (const label of labels) this.write(label);
  }

  place(where: (id: string) => LonLat | undefined): void {
    for (const [id, marker] of this.assets) {
      const at = where(id);
      if (!at) continue;
      marker.setLngLat(at);
      if (!marker.getElement().isConnected) marker.addTo(this.map);
    }
  }

  /** Name these places and no others, with how many people are there. */
  setPlaces(places: Location[]): void {
    keep(
      this.places,
      places.filter((place) => place.polygon),
    );
    for (const place of places) {
      if (!place.polygon) continue;
      let marker = this.places.get(place.id);
      if (!marker) {
        marker = new maplibre.Marker({ element: element("div", "place-label"), anchor: "bottom" })
          .setLngLat(crown(place.polygon))
          .addTo(this.map);
        this.places.set(place.id, marker);
      }
      fill(marker.getElement(), [place.name, "place-name"], [headcount(place), "place-count"]);
    }
  }

  clear(): void {
    for (const marker of [...this.assets.values(), ...this.places.values()]) marker.remove();
  }

  private write({ id, text, tone }: Label): void {
    let marker = this.assets.get(id);
    if (!marker) {
      const box = element("button", "asset-label");
      box.addEventListener("click", (event) => {
        event.stopPropagation();
        this.onChoose(id);
      });
      marker = new maplibre.Marker({ element: box, anchor: "center" });
      this.assets.set(id, marker);
    }
    const box = marker.getElement();
    box.dataset["asset"] = id;
    if (box.dataset["tone"] === tone && box.textContent === text) return;
    box.dataset["tone"] = tone;
    fill(box, ["", "asset-ring"], [text, "asset-name"]);
  }
}

/** Take away the markers of what is not wanted. */
function keep(markers: Map<string, Marker>, wanted: { id: string }[]): void {
  const ids = new Set(wanted.map(({ id }) => id));
  for (const [id, marker] of markers) {
    if (ids.has(id)) continue;
    marker.remove();
    markers.delete(id);
  }
}

function element(tag: string, name: string): HTMLElement {
  const made = document.createElement(tag);
  made.className = name;
  if (made instanceof HTMLButtonElement) made.type = "button";
  return made;
}

function fill(box: HTMLElement, ...parts: [string, string][]): void {
  box.replaceChildren(
    ...parts.map(([text, name]) => {
      const part = element("span", name);
      part.textContent = text;
      return part;
    }),
  );
}
