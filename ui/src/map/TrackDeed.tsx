/** Where an asset was, drawn only when someone asks: the server writes down who looks at a person's way. */

import { useEffect, useState } from "preact/hooks";
import type { Asset, Track } from "../api/contract";
import { get, withQuery } from "../api/client";
import { useDeed } from "../parts/load";
import { may } from "../store/screen";
import { tracked } from "./geometry";

const HOURS = [1, 8, 24];

interface TrackDeedProps {
  asset: Asset;
  onTrack: (way: GeoJSON.MultiLineString | null) => void;
}

export function TrackDeed({ asset, onTrack }: TrackDeedProps) {
  const [shown, show] = useState<{ hours: number; n: number } | null>(null);
  const { isBusy, error, run } = useDeed();
  useEffect(() => () => onTrack(null), [asset.id, onTrack]);
  if (!may("see_tracks")) return null;

  const draw = (hours: number) =>
    run(async () => {
      const from = new Date(Date.now() - hours * 3_600_000).toISOString();
      const path = withQuery(`/api/assets/${encodeURIComponent(asset.id)}/track`, { from });
      const { positions } = await get<Track>(path);
      onTrack(tracked(positions));
      show({ hours, n: positions.length });
    });
  const hide = () => {
    onTrack(null);
    show(null);
  };

  return (
    <div class="track" role="group" aria-label="Where it was">
      <span class="muted">Where it was</span>
      {HOURS.map((hours) => (
        <button
          key={hours}
          type="button"
          class="button small"
          aria-pressed={shown?.hours === hours}
          disabled={isBusy}
          onClick={() => (shown?.hours === hours ? hide() : void draw(hours))}
        >
          {hours} h
        </button>
      ))}
      {shown?.n === 0 && <p class="muted">No place of it is known in that time.</p>}
      {asset.kind === "person" && <small class="muted">That you look is on the audit log.</small>}
      {error && (
        <p class="refused" role="alert">
          {error}
        </p>
      )}
    </div>
  );
}
