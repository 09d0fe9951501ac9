/** Readings of one datastream over any stretch of time; the server thins them out, zooming asks it again. */

import { useEffect, useMemo, useState } from "preact/hooks";
import type { Datastream, Series, Threshold } from "../api/contract";
import { withQuery } from "../api/client";
import { Loading, Trouble, When } from "../parts/basics";
import { useLoaded } from "../parts/load";
import { flagWord, numeral, prettyUnit } from "../format/value";
import { streamTitle } from "../format/names";
import { speakers, zone } from "../store/screen";
import { columnsOf } from "./columns";
import { guidesOf, type Guides } from "./thresholds";
import { ThresholdKey } from "./ThresholdKey";
import { chosen, panned, SPANS, zoomed, type TimeRange } from "./range";
import { Plot } from "./Plot";

const POINTS = 800;
const FOLLOW_MS = 5000;
/** Criteria change while a chart is open, though seldom. */
const CRITERIA_MS = 60_000;

interface SeriesChartProps {
  stream: Datastream;
  height?: number;
  /** Thresholds are drawn, but not told in words below. */
  isBrief?: boolean;
}

export function SeriesChart({ stream, height = 320, isBrief = false }: SeriesChartProps) {
  const [span, setSpan] = useState(SPANS[1]?.ms ?? 86_400_000);
  const [range, setRange] = useState<TimeRange | null>(null);
  const [end, setEnd] = useState(() => Date.now());
  const [kept, keep] = useState<{ series: Series; seen: TimeRange } | null>(null);
  const seen = range ?? { from: end - span, to: end };
  const path = withQuery(`/api/datastreams/${stream.id}/series`, {
    from: new Date(seen.from).toISOString(),
    to: new Date(seen.to).toISOString(),
    points: POINTS,
  });
  const { value, error, nAnswers, again } = useLoaded<Series>(path);
  const watched = useLoaded<{ thresholds: Threshold[] }>(
    `/api/datastreams/${stream.id}/thresholds`,
    CRITERIA_MS,
  );
  useEffect(() => {
    if (value) keep({ series: value, seen });
  }, [value]);
  useEffect(() => {
    if (range || nAnswers === 0) return;
    const timer = setTimeout(() => setEnd(Date.now()), FOLLOW_MS);
    return () => clearTimeout(timer);
  }, [range, nAnswers]);
  const follow = (ms: number) => {
    setSpan(ms);
    setRange(null);
    setEnd(Date.now());
  };
  const onKey = (event: KeyboardEvent) => {
    const next = moved(seen, event.key);
    if (!next) return;
    event.preventDefault();
    setRange(next);
  };
  return (
    <section class="chart" aria-label={`Readings of ${streamTitle(stream, speakers.value)}`}>
      <div class="chart-bar">
        <div class="tabs" role="group" aria-label="How much time">
          {SPANS.map(({ word, says, ms }) => (
            <button
              key={ms}
              type="button"
              aria-label={says}
              aria-pressed={!range && span === ms}
              onClick={() => follow(ms)}
            >
              {word}
            </button>
          ))}
        </div>
        {range && (
          <button type="button" class="button small" onClick={() => follow(span)}>
            Back to now
          </button>
        )}
        <span class="muted chart-range">
          <When at={seen.from} plain /> – <When at={seen.to} plain />
        </span>
      </div>
      {error && <Trouble words={error} onRetry={again} />}
      {watched.error && <Trouble words={`Thresholds: ${watched.error}`} onRetry={watched.again} />}
      {!kept && !error && <Loading what="the series" />}
      {kept && (
        <div
          class="plot-room"
          tabIndex={0}
          role="group"
          aria-label="Chart; arrows move it, + and − zoom"
          onKeyDown={onKey}
        >
          <Drawn
            series={kept.series}
            seen={kept.seen}
            stream={stream}
            height={height}
            thresholds={watched.value?.thresholds ?? null}
            isBrief={isBrief}
            onZoom={(from, to) => setRange(chosen(from, to))}
          />
        </div>
      )}
    </section>
  );
}

const MOVES: Record<string, (seen: TimeRange) => TimeRange> = {
  ArrowLeft: (seen) => panned(seen, -0.25),
  ArrowRight: (seen) => panned(seen, 0.25),
  "+": (seen) => zoomed(seen, 0.5),
  "=": (seen) => zoomed(seen, 0.5),
  "-": (seen) => zoomed(seen, 2),
};

function moved(seen: TimeRange, key: string): TimeRange | undefined {
  return MOVES[key]?.(seen);
}

interface DrawnProps {
  series: Series;
  seen: TimeRange;
  stream: Datastream;
  height: number;
  thresholds: Threshold[] | null;
  isBrief: boolean;
  onZoom: (from: number, to: number) => void;
}

function Drawn({ series, seen, stream, height, thresholds, isBrief, onZoom }: DrawnProps) {
  const columns = useMemo(() => columnsOf(series, stream.shown), [series, stream]);
  const guides: Guides = useMemo(
    () => guidesOf(thresholds ?? [], columns, stream.shown),
    [thresholds, columns, stream],
  );
  const summary = summaryOf(series, columns, stream.shown.unit);
  if (series.t.length === 0) {
    return (
      <p class="empty">No readings in this stretch. Choose a longer one, or move it with the arrow keys.</p>
    );
  }
  return (
    <>
      <Plot
        columns={columns}
        flags={series.flag}
        seen={seen}
        unit={stream.shown.unit}
        zone={zone.value}
        isBand={series.is_decimated}
        height={height}
        label={summary}
        guides={guides}
        onZoom={onZoom}
      />
      <p class="muted chart-note">
        {summary}. {series.is_decimated ? "Thinned out: the band holds every reading. " : ""}Drag to zoom.
      </p>
      {thresholds && !isBrief && (
        <ThresholdKey thresholds={thresholds} unit={stream.shown} axis={guides.axis} />
      )}
    </>
  );
}

function summaryOf(series: Series, [, low, high]: ReturnType<typeof columnsOf>, unit: string): string {
  const values = [...low, ...high].filter((value): value is number => value !== null);
  if (values.length === 0) return "No values";
  const least = values.reduce((a, b) => Math.min(a, b));
  const most = values.reduce((a, b) => Math.max(a, b));
  const worst = [4, 3].flatMap((flag) => {
    const n = series.flag.filter((each) => each === flag).length;
    return n ? [`${n} ${flagWord(flag)}`] : [];
  });
  const flagged = worst.length ? `; ${worst.join(", ")}` : "";
  return `${series.t.length} points from ${numeral(least)} to ${numeral(most)} ${prettyUnit(unit)}${flagged}`.trim();
}
