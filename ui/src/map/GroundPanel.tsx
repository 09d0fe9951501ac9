/** Who and what is on the ground, place by place: the map in words. */

import { useState } from "preact/hooks";
import type { Asset } from "../api/contract";
import { Ago, Empty } from "../parts/basics";
import { Shape } from "../parts/icon";
import { LOOK_WORDS, lookOf } from "../format/look";
import { locations } from "../store/screen";
import { headcount } from "./headcount";

interface GroundPanelProps {
  assets: Asset[];
  selected: string | null;
  onChoose: (id: string) => void;
}

export function GroundPanel({ assets, selected, onChoose }: GroundPanelProps) {
  const [sought, seek] = useState("");
  const found = assets.filter(({ name, id }) => `${name} ${id}`.toLowerCase().includes(sought.toLowerCase()));
  return (
    <div class="ground-list">
      <input
        type="search"
        placeholder="Find by name"
        aria-label="Find an asset by name"
        value={sought}
        onInput={(event) => seek(event.currentTarget.value)}
      />
      {found.length === 0 && (
        <Empty title={sought ? `Nothing is called “${sought}”.` : "Nothing has been heard from the ground."}>
          {sought ? "" : "Assets appear when their tags are bound and heard."}
        </Empty>
      )}
      {grouped(found).map(([place, members]) => (
        <section key={place ?? ""}>
          <PlaceHead id={place} n={members.length} />
          <ul>
            {members.map((asset) => (
              <AssetRow key={asset.id} asset={asset} isSelected={asset.id === selected} onChoose={onChoose} />
            ))}
          </ul>
        </section>
      ))}
    </div>
  );
}

function PlaceHead({ id, n }: { id: string | null; n: number }) {
  const place = id === null ? undefined : locations.value.get(id);
  const staff = place ? headcount(place) : "";
  return (
    <h3>
      <span>{place?.name ?? id ?? "Nowhere in particular"}</span>
      <span class="muted">
        {staff ? `staff ${staff} · ` : ""}
        {n} in list
      </span>
    </h3>
  );
}

function AssetRow({
  asset,
  isSelected,
  onChoose,
}: {
  asset: Asset;
  isSelected: boolean;
  onChoose: (id: string) => void;
}) {
  const look = lookOf(asset);
  return (
    <li>
      <button
        type="button"
        class={`asset-row look-row-${look}`}
        aria-pressed={isSelected}
        data-asset={asset.id}
        onClick={() => onChoose(asset.id)}
      >
        <Shape kind={asset.kind} look={look} size={16} />
        <span class="asset-row-name">{asset.name}</span>
        <span class={`text-${look}`}>{LOOK_WORDS[look]}</span>
        <span class="muted asset-row-ago">
          {asset.state.last_heard ? <Ago at={asset.state.last_heard} /> : "—"}
        </span>
      </button>
    </li>
  );
}

/** Assets by place, those places first that hold someone in trouble, as the assets are sorted already. */
function grouped(assets: Asset[]): [string | null, Asset[]][] {
  const groups = new Map<string | null, Asset[]>();
  for (const asset of assets)
    groups.set(asset.location_id, [...(groups.get(asset.location_id) ?? []), asset]);
  return [...groups];
}
