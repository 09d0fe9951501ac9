/** What was touched on the map, in words, and with its series where it has one. */

import { lazy, Suspense } from "preact/compat";
import type { ComponentChildren } from "preact";
import type { Datastream, PointSeries, SiteLayer } from "../api/contract";
import { withQuery } from "../api/client";
import { Ago, Facts, Loading, StateOf, Trouble } from "../parts/basics";
import { Icon } from "../parts/icon";
import { useLoaded } from "../parts/load";
import { measured, numeral, withUnit, words } from "../format/value";
import { placeName, world } from "../store/screen";
import { href } from "../store/route";
import { place } from "./geometry";
import type { Touched } from "./stage";
import { TrackDeed } from "./TrackDeed";

const SeriesChart = lazy(() => import("../chart/SeriesChart").then((part) => part.SeriesChart));
const PointChart = lazy(() => import("../chart/PointChart").then((part) => part.PointChart));

interface TouchedCardProps {
  touched: NonNullable<Touched>;
  layers: SiteLayer[];
  onClose: () => void;
  onTrack: (way: GeoJSON.MultiLineString | null) => void;
}

export function TouchedCard({ touched, layers, onClose, onTrack }: TouchedCardProps) {
  if (touched.kind === "asset") {
    return <AssetCard key={touched.id} id={touched.id} onClose={onClose} onTrack={onTrack} />;
  }
  const title = layers.find((layer) => layer.key === touched.layer)?.title ?? words(touched.layer);
  if (touched.kind === "feature") {
    return <FeatureCard layer={title} properties={touched.properties} onClose={onClose} />;
  }
  return <PointCard layer={touched.layer} title={title} at={touched.at} onClose={onClose} />;
}

function Card({
  title,
  onClose,
  children,
}: {
  title: ComponentChildren;
  onClose: () => void;
  children: ComponentChildren;
}) {
  return (
    <section class="touched" aria-live="polite">
      <header>
        <h2>{title}</h2>
        <button type="button" class="switch" aria-label="Close" onClick={onClose}>
          <Icon name="close" size={16} />
        </button>
      </header>
      {children}
    </section>
  );
}

function AssetCard({ id, onClose, onTrack }: { id: string } & Pick<TouchedCardProps, "onClose" | "onTrack">) {
  const asset = world.value.assets.get(id);
  if (!asset) {
    return (
      <Card title={id} onClose={onClose}>
        <p class="muted">It is not known here, or not for you.</p>
      </Card>
    );
  }
  const { position, last_heard, battery_v } = asset.state;
  return (
    <Card title={<a href={href("assets", id)}>{asset.name}</a>} onClose={onClose}>
      <Facts
        rows={[
          ["State", <StateOf asset={asset} />],
          ["At", placeName(asset.location_id)],
          [
            "Position",
            position ? (
              <span data-position={`${position.lon} ${position.lat}`}>
                {place([position.lon, position.lat])}
                {position.radius_m !== null && <small class="muted"> ± {numeral(position.radius_m)} m</small>}
              </span>
            ) : (
              "not known"
            ),
          ],
          ["Heard", <Ago at={last_heard} />],
          ["Battery", battery_v === null ? "—" : withUnit(numeral(battery_v), "V")],
        ]}
      />
      <TrackDeed asset={asset} onTrack={onTrack} />
    </Card>
  );
}

const UNSAID = new Set(["id", "title", "statement", "colour", "evidence", "datastream_id", "finding_id"]);

function FeatureCard({
  layer,
  properties,
  onClose,
}: {
  layer: string;
  properties: Record<string, unknown>;
  onClose: () => void;
}) {
  const finding = properties["finding_id"];
  const stream = properties["datastream_id"];
  const name =
    properties["title"] ??
    properties["name"] ??
    properties["permit_id"] ??
    properties["kind"] ??
    properties["id"];
  const rows = Object.entries(properties)
    .filter(([key, value]) => !UNSAID.has(key) && value !== null && value !== "" && typeof value !== "object")
    .map(([key, value]) => measured(key, value));
  return (
    <Card title={typeof name === "string" ? words(name) : `${layer} ${String(name ?? "")}`} onClose={onClose}>
      <p class="muted">{layer}</p>
      {typeof properties["statement"] === "string" && <p>{properties["statement"]}</p>}
      <Facts rows={rows.slice(0, 12)} />
      {finding !== undefined && finding !== null && (
        <a href={href("findings", String(finding))}>Open the finding</a>
      )}
      {stream !== undefined && stream !== null && <StreamChart id={String(stream)} />}
    </Card>
  );
}

/** The series of what was touched: a point of deformation has a datastream of its own. */
function StreamChart({ id }: { id: string }) {
  const { value, error } = useLoaded<Datastream>(`/api/datastreams/${encodeURIComponent(id)}`);
  if (error) return <Trouble words={error} />;
  if (!value) return <Loading what="its series" />;
  return (
    <Suspense fallback={<Loading what="the chart" />}>
      <SeriesChart stream={value} height={160} isBrief />
      <a href={href("sensors", id)}>Open its page</a>
    </Suspense>
  );
}

function PointCard({
  layer,
  title,
  at,
  onClose,
}: {
  layer: string;
  title: string;
  at: [number, number];
  onClose: () => void;
}) {
  const [lon, lat] = at;
  const path = withQuery(`/api/layers/${layer}/series`, { lon: lon.toFixed(6), lat: lat.toFixed(6) });
  const { value, error } = useLoaded<PointSeries>(path);
  return (
    <Card title={value?.title ?? title} onClose={onClose}>
      <p class="muted">{place(at)}</p>
      {error && <Trouble words={error} />}
      {!value && !error && <Loading what="the series" />}
      {value && (
        <Suspense fallback={<Loading what="the chart" />}>
          <PointChart series={value} />
        </Suspense>
      )}
    </Card>
  );
}
