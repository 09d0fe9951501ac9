import { useState } from "preact/hooks";
import type { Finding } from "../api/contract";
import { post } from "../api/client";
import { Chip, Empty, Evidence, Facts, Head, Loading, Trouble } from "../parts/basics";
import { Ask } from "../parts/dialog";
import { useLoaded } from "../parts/load";
import { hectares, measured, percent, words } from "../format/value";
import { crown } from "../map/geometry";
import { href } from "../store/route";
import { may } from "../store/screen";
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
      <Head title={words(finding.kind)} back={[href("findings"), "Findings"]}>
        <Chip tone={FINDING_TONES[finding.state] ?? "plain"}>{words(finding.state)}</Chip>
        <a class="button small" href={`${href("map")}?at=${crown(finding.geometry).join(",")}`}>
          On the map
        </a>
      </Head>
      <p class="statement">{finding.statement}</p>
      {may("decide_finding") && <Decisions finding={finding} onDone={again} />}
      <Facts
        rows={[
          ["Likely", percent(finding.probability)],
          ["Area", hectares(finding.area_m2)],
          ["First seen", finding.first_seen],
          ["Last seen", finding.last_seen],
          ["Absent since", finding.absent_since ?? "—"],
          ...factsOf(finding.facts),
        ]}
      />
      <h2>Evidence</h2>
      <Evidence value={finding.evidence} />
      <h2>Decisions</h2>
      <Life transitions={finding.events.map((event) => ({ ...event, who: event.by }))} />
    </section>
  );
}

/** What the run measured of it; numbers as people read them. */
function factsOf(facts: Finding["facts"]): [string, string][] {
  return Object.entries(facts)
    .filter(([key, value]) => value !== null && value !== "" && !["probability", "area_m2"].includes(key))
    .map(([key, value]) => measured(key, value));
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
