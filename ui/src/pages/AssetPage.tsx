import { lazy, Suspense } from "preact/compat";
import { useState } from "preact/hooks";
import type { Asset, Datastream } from "../api/contract";
import { withQuery } from "../api/client";
import { Ago, Empty, Facts, Head, Level, Loading, StateOf, Trouble, When } from "../parts/basics";
import { useLoaded } from "../parts/load";
import { alarmWord, KIND_WORDS } from "../format/look";
import { streamTitle } from "../format/names";
import { numeral, withUnit, words } from "../format/value";
import { place } from "../map/geometry";
import { href } from "../store/route";
import { locations, open, placeName, speakers, world } from "../store/screen";
import { AlarmDeeds } from "./alarm_deeds";
import { StreamTable } from "./Sensors";

const SeriesChart = lazy(() => import("../chart/SeriesChart").then((part) => part.SeriesChart));

export function AssetPage({ id }: { id: string }) {
  const live = world.value.assets.get(id);
  const { value, error, again } = useLoaded<Asset>(live ? null : `/api/assets/${encodeURIComponent(id)}`);
  const asset = live ?? value;
  if (!asset) return error ? <Trouble words={error} onRetry={again} /> : <Loading what="the asset" />;
  return (
    <section class="sheet">
      <Head title={asset.name} back={[href("assets"), "Assets"]}>
        <StateOf asset={asset} />
        <a class="button small" href={`${href("map")}?asset=${encodeURIComponent(id)}`}>
          On the map
        </a>
      </Head>
      <ItsAlarms asset={asset} />
      <Facts rows={factsOf(asset)} />
      <h2>Readings</h2>
      <Readings asset={asset} />
    </section>
  );
}

function factsOf(asset: Asset): Parameters<typeof Facts>[0]["rows"] {
  const { position, motion, health, battery_v, last_heard } = asset.state;
  const procedure = asset.location_id ? locations.value.get(asset.location_id)?.procedure_id : null;
  return [
    ["Kind", KIND_WORDS[asset.kind] ?? asset.kind],
    ["At", placeName(asset.location_id)],
    ["Procedure there", procedure ?? "—"],
    ["Motion", words(motion)],
    ["Health", words(health)],
    [
      "Position",
      position
        ? `${place([position.lon, position.lat])}${position.height_m === null ? "" : `, ${numeral(position.height_m)} m`}`
        : "not known",
    ],
    [
      "Radius of it",
      position?.radius_m === null || !position ? "—" : withUnit(numeral(position.radius_m), "m"),
    ],
    ["Position of", position?.at ? <When at={position.at} /> : "—"],
    ["Heard", <Ago at={last_heard} />],
    ["Battery", battery_v === null ? "—" : withUnit(numeral(battery_v), "V")],
    ["Tag", asset.tag_id ?? "none bound"],
    ["Known elsewhere as", asset.external_id ?? "—"],
  ];
}

function ItsAlarms({ asset }: { asset: Asset }) {
  const alarms = open.value.filter((alarm) => alarm.subject.id === asset.id);
  return (
    <ul class="cards">
      {alarms.map((alarm) => (
        <li
          key={alarm.id}
          class={`card alarm edge-${alarm.level}`}
          data-alarm={alarm.id}
          data-state={alarm.state}
        >
          <Level level={alarm.level} />
          <div class="card-body">
            <a class="card-title" href={href("alarms", alarm.id)}>
              {alarm.title}
            </a>
            <p class="card-line">
              <When at={alarm.raised} /> · {alarmWord(alarm)}
            </p>
          </div>
          <AlarmDeeds alarm={alarm} />
        </li>
      ))}
    </ul>
  );
}

function Readings({ asset }: { asset: Asset }) {
  const [chosen, choose] = useState<Datastream | null>(null);
  const { value, error, again } = useLoaded<{ datastreams: Datastream[] }>(
    withQuery("/api/datastreams", { asset: asset.id, limit: 100 }),
  );
  if (error) return <Trouble words={error} onRetry={again} />;
  if (!value) return <Loading what="its readings" />;
  const streams = value.datastreams;
  const drawn = chosen ?? streams.find((stream) => typeof stream.latest?.value === "number");
  if (streams.length === 0)
    return <Empty title="Nothing has been read of it.">Its tag may not be bound, or not heard.</Empty>;
  return (
    <>
      {drawn && (
        <Suspense fallback={<Loading what="the chart" />}>
          <h3>
            <a href={href("sensors", drawn.id)}>{streamTitle(drawn, speakers.value)}</a>
          </h3>
          <SeriesChart key={String(drawn.id)} stream={drawn} height={220} />
        </Suspense>
      )}
      <StreamTable streams={streams} chosen={drawn?.id} onChoose={choose} />
    </>
  );
}
