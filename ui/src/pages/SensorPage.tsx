import type { Datastream } from "../api/contract";
import { Facts, Flag, Head, Loading, Trouble, When } from "../parts/basics";
import { useLoaded } from "../parts/load";
import { streamProperty, streamThing, streamTitle } from "../format/names";
import { prettyUnit, reading, words } from "../format/value";
import { href } from "../store/route";
import { speakers, world } from "../store/screen";
import { SeriesChart } from "../chart/SeriesChart";

export function SensorPage({ id }: { id: string }) {
  const { value: stream, error, again } = useLoaded<Datastream>(`/api/datastreams/${encodeURIComponent(id)}`);
  if (!stream) return error ? <Trouble words={error} onRetry={again} /> : <Loading what="the readings" />;
  const latest = world.value.latest.get(String(stream.id)) ?? stream.latest;
  const asset = stream.asset_id ? world.value.assets.get(stream.asset_id) : undefined;
  return (
    <section class="sheet">
      <Head title={streamTitle(stream, speakers.value)} back={[href("sensors"), "Sensors"]}>
        <b class="latest">{reading(latest, stream.shown)}</b>
        {latest && <Flag flag={latest.flag} />}
      </Head>
      <SeriesChart stream={stream} />
      <Facts
        rows={[
          ["Property", words(streamProperty(stream))],
          ["Shown in", prettyUnit(stream.shown.unit) || "plain numbers"],
          ["Stored in", prettyUnit(stream.unit) || "plain numbers"],
          [
            "Belongs to",
            asset ? <a href={href("assets", asset.id)}>{asset.name}</a> : streamThing(stream, speakers.value),
          ],
          ["Id", <code>{stream.name}</code>],
          ["Latest of", <When at={latest?.at} />],
        ]}
      />
    </section>
  );
}
