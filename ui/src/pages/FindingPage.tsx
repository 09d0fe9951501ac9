import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import type { Finding } from "../api/contract";
import { post } from "../api/client";
import { Chip, Empty, Facts, Head, Loading, Trouble } from "../parts/basics";
import { Ask } from "../parts/dialog";
import { useLoaded } from "../parts/load";
import {
  clauseOf,
  elseOf,
  filesOf,
  kindTitle,
  muchOf,
  restsOn,
  sinceOf,
  sureOf,
  type Permit,
  type Row,
} from "../format/findings";
import { words } from "../format/value";
import { crown, isInside, middleOf, place } from "../map/geometry";
import { href } from "../store/route";
import { locations, may, site, world } from "../store/screen";
import { Life } from "./AlarmPage";
import { FINDING_TONES } from "./Findings";

const DECISIONS: { key: string; word: string; from: string[]; says: string }[] = [
  {
    key: "confirm",
    word: "Confirm",
    from: ["new", "dismissed"],
    says: "You hold it to be true; someone will act on it.",
  },
  {
    key: "dismiss",
    word: "Dismiss",
    from: ["new", "confirmed"],
    says: "You hold it to be wrong; it is kept, with your reason.",
  },
  { key: "close", word: "Close", from: ["new", "confirmed"], says: "It was true, and has been dealt with." },
];

export function FindingPage({ id }: { id: string }) {
  const { value, error, again } = useLoaded<{ findings: Finding[] }>("/api/findings");
  const finding = value?.findings.find((each) => each.id === id);
  if (error) return <Trouble words={error} onRetry={again} />;
  if (!value) return <Loading what="the finding" />;
  if (!finding) return <Empty title="There is no such finding.">A newer run may have withdrawn it.</Empty>;
  return (
    <section class="sheet" data-finding={finding.id} data-state={finding.state}>
      <Head title={kindTitle(finding.kind)} back={[href("findings"), "Findings"]}>
        <small class="id">{finding.id}</small>
        <Chip tone={FINDING_TONES[finding.state] ?? "plain"}>{words(finding.state)}</Chip>
        <a class="button small" href={onMap(finding)}>
          On the map
        </a>
        {finding.has_case && (
          <a
            class="button small"
            href={`/api/findings/${encodeURIComponent(finding.id)}/case.pdf`}
            target="_blank"
            rel="noopener"
          >
            Case file (PDF)
          </a>
        )}
      </Head>
      <p class="statement">{finding.statement}</p>
      {may("decide_finding") && <Decisions finding={finding} onDone={again} />}
      <Grounds finding={finding} />
      <h2>Decisions</h2>
      <Life transitions={finding.events.map((event) => ({ ...event, who: event.by }))} />
    </section>
  );
}

function onMap({ id, geometry }: Finding): string {
  return `${href("map")}?zone=${encodeURIComponent(id)}&at=${crown(geometry).join(",")}`;
}

/** The evidence in words, question by question. */
function Grounds({ finding }: { finding: Finding }) {
  const permit = usePermit(finding);
  const files = filesOf(finding);
  return (
    <>
      <h2>Evidence</h2>
      <div class="answers">
        <Answer to="How much" rows={muchOf(finding)} />
        <Answer to="Against what" rows={clauseOf(finding, permit)} />
        <Answer to="Where" rows={whereOf(finding)}>
          <Nearby finding={finding} />
        </Answer>
        <Answer to="Since when" rows={sinceOf(finding)} />
        <Answer to="How sure" rows={sureOf(finding)} />
        <Answer to="What it rests on" rows={[...restsOn(finding), ...elseOf(finding)]}>
          {files.length > 0 && (
            <details class="files">
              <summary>{files.length} files, with the hash of each</summary>
              <Facts rows={files.map(([name, hash]) => [name, <code>{hash}</code>])} />
            </details>
          )}
        </Answer>
      </div>
    </>
  );
}

interface AnswerProps {
  to: string;
  rows: Row[];
  children?: ComponentChildren;
}

function Answer({ to, rows, children }: AnswerProps) {
  return (
    <section>
      <h3>{to}</h3>
      <div>
        <Facts rows={rows} />
        {children}
      </div>
    </section>
  );
}

function whereOf({ geometry }: Finding): Row[] {
  const middle = middleOf(geometry);
  const around = [...locations.value.values()].filter(({ polygon }) => polygon && isInside(polygon, middle));
  return [["Its middle", place(middle)], ...around.map(({ name }): Row => ["In", name])];
}

/** The permit that it is held against, as the map's layer of permits has it. */
function usePermit(finding: Finding): Permit | undefined {
  const id = finding.facts["permit_id"];
  const layer = site.value?.layers.find(({ key }) => key === "permits");
  const { value } = useLoaded<GeoJSON.FeatureCollection>(layer && id ? layer.url : null);
  const found = value?.features.find(({ properties }) => properties?.["permit_id"] === id);
  return (found?.properties ?? undefined) as Permit | undefined;
}

/** What is read there: motion of the patch, and sensors that stand on its ground. */
function Nearby({ finding }: { finding: Finding }) {
  const assets = [...world.value.assets.values()].filter(
    ({ kind, state: { position } }) =>
      (kind === "sensor" || kind === "structure") &&
      position !== null &&
      isInside(finding.geometry, [position.lon, position.lat]),
  );
  if (assets.length + finding.datastreams.length === 0) {
    return <p class="muted">No sensor stands on this ground, and no motion of it has been measured.</p>;
  }
  return (
    <ul class="links" aria-label="What is read there">
      {finding.datastreams.map(({ id, name }) => (
        <li key={id}>
          <a href={href("sensors", id)} title={name}>
            Motion of this patch, by radar
          </a>
        </li>
      ))}
      {assets.map(({ id, name }) => (
        <li key={id}>
          <a href={href("assets", id)} title={id}>
            {name}
          </a>
        </li>
      ))}
    </ul>
  );
}

function Decisions({ finding, onDone }: { finding: Finding; onDone: () => void }) {
  const [asked, ask] = useState<(typeof DECISIONS)[number] | null>(null);
  return (
    <div class="row-deeds">
      {DECISIONS.filter((decision) => decision.from.includes(finding.state)).map((decision) => (
        <button
          key={decision.key}
          type="button"
          class={`button ${decision.key === "confirm" ? "main" : "plain"}`}
          onClick={() => ask(decision)}
        >
          {decision.word}
        </button>
      ))}
      {asked && (
        <Ask
          title={`${asked.word} this finding`}
          intro={<p class="muted">{asked.says}</p>}
          fields={[{ name: "why", label: "Why", kind: "area" }]}
          deed={asked.word}
          onDo={async (said) => {
            await post(`/api/findings/${encodeURIComponent(finding.id)}/${asked.key}`, said);
            onDone();
          }}
          onClose={() => ask(null)}
        />
      )}
    </div>
  );
}
