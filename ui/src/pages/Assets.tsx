import { useState } from "preact/hooks";
import { useComputed } from "@preact/signals";
import type { Asset } from "../api/contract";
import { Ago, Empty, Head, StateOf } from "../parts/basics";
import { byConcern, KIND_WORDS, LOOK_WORDS, lookOf } from "../format/look";
import { numeral, withUnit } from "../format/value";
import { href } from "../store/route";
import { placeName, world } from "../store/screen";

const ROWS_AT_ONCE = 200;

export function Assets() {
  const [sought, seek] = useState("");
  const [kind, setKind] = useState("");
  const [nShown, show] = useState(ROWS_AT_ONCE);
  const assets = useComputed(() => [...world.value.assets.values()].sort(byConcern)).value;
  const kinds = [...new Set(assets.map((asset) => asset.kind))].sort();
  const found = assets.filter((asset) => (!kind || asset.kind === kind) && matches(asset, sought));
  return (
    <section>
      <Head title="Assets">
        <input
          type="search"
          placeholder="Name, place, tag, state"
          aria-label="Find assets"
          value={sought}
          onInput={(event) => seek(event.currentTarget.value)}
        />
        <select aria-label="Kind" value={kind} onChange={(event) => setKind(event.currentTarget.value)}>
          <option value="">Every kind</option>
          {kinds.map((each) => (
            <option key={each} value={each}>
              {KIND_WORDS[each] ?? each}
            </option>
          ))}
        </select>
      </Head>
      {found.length === 0 ? (
        <Empty title={assets.length ? "Nothing matches." : "No assets yet."}>
          {assets.length
            ? "Search for less."
            : "They come by synchronisation, or by the first binding of a tag."}
        </Empty>
      ) : (
        <AssetTable assets={found.slice(0, nShown)} />
      )}
      {found.length > nShown && (
        <button type="button" class="button" onClick={() => show(nShown + ROWS_AT_ONCE)}>
          {found.length - nShown} more
        </button>
      )}
    </section>
  );
}

function AssetTable({ assets }: { assets: Asset[] }) {
  return (
    <div class="table-room">
      <table class="stacking">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">State</th>
            <th scope="col">Kind</th>
            <th scope="col">At</th>
            <th scope="col">Heard</th>
            <th scope="col" class="number">
              Battery
            </th>
            <th scope="col">Tag</th>
          </tr>
        </thead>
        <tbody>
          {assets.map((asset) => (
            <tr key={asset.id} data-asset={asset.id}>
              <th scope="row">
                <a href={href("assets", asset.id)}>{asset.name}</a>
              </th>
              <td data-head="State">
                <StateOf asset={asset} />
              </td>
              <td data-head="Kind">{KIND_WORDS[asset.kind] ?? asset.kind}</td>
              <td data-head="At">{placeName(asset.location_id)}</td>
              <td data-head="Heard">
                <Ago at={asset.state.last_heard} />
              </td>
              <td data-head="Battery" class="number">
                {asset.state.battery_v === null ? "—" : withUnit(numeral(asset.state.battery_v), "V")}
              </td>
              <td data-head="Tag">{asset.tag_id ?? "—"}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function matches(asset: Asset, sought: string): boolean {
  const text = [
    asset.name,
    asset.id,
    placeName(asset.location_id),
    asset.tag_id,
    LOOK_WORDS[lookOf(asset)],
  ].join(" ");
  return sought
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.toLowerCase().includes(word));
}
