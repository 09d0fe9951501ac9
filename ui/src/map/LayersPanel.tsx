/** Which scene lies under the map, and which layers lie on it, each with what its colours mean. */

import type { Signal } from "@preact/signals";
import type { Legend, Site, SiteLayer } from "../api/contract";
import { Empty } from "../parts/basics";
import { Shape } from "../parts/icon";
import { KIND_WORDS, LOOK_WORDS, LOOKS } from "../format/look";
import { numeral, prettyUnit } from "../format/value";
import { lineColour } from "./overlays";

interface LayersPanelProps {
  site: Site;
  layers: SiteLayer[];
  shown: Signal<ReadonlySet<string>>;
  date: Signal<string | null>;
  names: Signal<boolean>;
}

export function LayersPanel({ site, layers, shown, date, names }: LayersPanelProps) {
  const toggle = (key: string) => {
    const next = new Set(shown.value);
    if (!next.delete(key)) next.add(key);
    shown.value = next;
  };
  return (
    <div class="layers">
      <Scenes site={site} date={date} />
      <fieldset>
        <legend>On it</legend>
        {layers.length === 0 && <Empty title="No layers yet.">highwall monitor makes them.</Empty>}
        {layers.map((layer) => (
          <div key={layer.key} class="layer">
            <label class="check">
              <input
                type="checkbox"
                checked={shown.value.has(layer.key)}
                onChange={() => toggle(layer.key)}
              />
              <span
                class="swatch"
                style={{ background: layer.kind === "raster" ? "none" : lineColour(layer.key) }}
              />
              {layer.title}
              {layer.date && <small class="muted"> {layer.date}</small>}
            </label>
            {shown.value.has(layer.key) && layer.legend && <Key legend={layer.legend} />}
            {shown.value.has(layer.key) && layer.is_clickable && (
              <small class="muted">Click a point of it for its series.</small>
            )}
          </div>
        ))}
        <label class="check">
          <input type="checkbox" checked={names.value} onChange={() => (names.value = !names.value)} />
          <span class="swatch none" />
          Names of assets
        </label>
      </fieldset>
      <Signs />
    </div>
  );
}

function Scenes({ site, date }: { site: Site; date: Signal<string | null> }) {
  const scenes = site.scenes;
  const chosen = date.value ?? scenes.at(-1)?.date ?? "";
  const index = scenes.findIndex((scene) => scene.date === chosen);
  if (scenes.length === 0)
    return <Empty title="No scene of this site yet.">The map stays dark under its layers.</Empty>;
  return (
    <fieldset>
      <legend>Scene</legend>
      <div class="scene">
        <select
          aria-label="Date of the scene"
          value={chosen}
          onChange={(event) => (date.value = event.currentTarget.value)}
        >
          {scenes.map((scene) => (
            <option key={scene.date} value={scene.date}>
              {scene.date}
            </option>
          ))}
        </select>
        {scenes.length > 1 && (
          <input
            type="range"
            aria-label="Scene, oldest to newest"
            min={0}
            max={scenes.length - 1}
            value={index}
            onInput={(event) => (date.value = scenes[Number(event.currentTarget.value)]?.date ?? null)}
          />
        )}
      </div>
    </fieldset>
  );
}

function Key({ legend }: { legend: Legend }) {
  const { classes = [], low, high, colors = [], unit = "" } = legend;
  return (
    <div class="key">
      {classes.map(({ label, colour }) => (
        <span key={label} class="key-class">
          <i style={{ background: colour }} />
          {label}
        </span>
      ))}
      {colors.length > 1 && low !== undefined && high !== undefined && (
        <div class="key-scale">
          <i style={{ background: `linear-gradient(to right, ${colors.join(", ")})` }} />
          <span>
            {numeral(low)} … {numeral(high)} {prettyUnit(unit)}
          </span>
        </div>
      )}
    </div>
  );
}

/** What shapes and colours of dots mean. */
function Signs() {
  return (
    <fieldset>
      <legend>Signs</legend>
      <div class="signs">
        {Object.entries(KIND_WORDS).map(([kind, word]) => (
          <span key={kind}>
            <Shape kind={kind} look="idle" /> {word}
          </span>
        ))}
        {LOOKS.map((look) => (
          <span key={look}>
            <Shape kind="person" look={look} /> {LOOK_WORDS[look]}
          </span>
        ))}
      </div>
    </fieldset>
  );
}
