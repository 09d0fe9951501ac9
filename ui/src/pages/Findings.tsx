import { useState } from "preact/hooks";
import type { Finding } from "../api/contract";
import { Chip, Empty, Head, Loading, Trouble } from "../parts/basics";
import { useLoaded } from "../parts/load";
import { kindTitle } from "../format/findings";
import { hectares, percent, words } from "../format/value";
import { href } from "../store/route";

export const FINDING_TONES: Record<string, string> = {
  new: "loud",
  confirmed: "bad",
  dismissed: "plain",
  closed: "good",
};

export function Findings() {
  const [isAll, setAll] = useState(false);
  const { value, error, again } = useLoaded<{ findings: Finding[] }>("/api/findings");
  const open = value?.findings.filter((finding) => finding.state === "new") ?? [];
  const shown = isAll ? (value?.findings ?? []) : open;
  return (
    <section>
      <Head title="Findings">
        <span class="muted">{value ? `${open.length} to decide` : ""}</span>
        <div class="tabs" role="group" aria-label="Which findings">
          <button type="button" aria-pressed={!isAll} onClick={() => setAll(false)}>
            To decide
          </button>
          <button type="button" aria-pressed={isAll} onClick={() => setAll(true)}>
            All
          </button>
        </div>
      </Head>
      {error && <Trouble words={error} onRetry={again} />}
      {!value && !error && <Loading what="the findings" />}
      {value && shown.length === 0 && (
        <Empty title={isAll ? "Nothing has been found." : "Nothing waits for a decision."}>
          Findings come from `highwall monitor`: mine ground outside its permit, moving ground, overdue
          restoration.
        </Empty>
      )}
      <ul class="cards">
        {shown.map((finding) => (
          <li key={finding.id} class="card finding" data-finding={finding.id} data-state={finding.state}>
            <div class="card-body">
              <a class="card-title" href={href("findings", finding.id)}>
                {kindTitle(finding.kind)}
              </a>
              <p>{finding.statement}</p>
              <p class="card-line">
                <Chip tone={FINDING_TONES[finding.state] ?? "plain"}>{words(finding.state)}</Chip>
                <span class="muted">
                  {hectares(finding.area_m2)} · likely {percent(finding.probability)}
                  {` · seen ${finding.last_seen}`}
                  {finding.absent_since && ` · absent since ${finding.absent_since}`}
                </span>
              </p>
            </div>
            <Likely share={finding.probability} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function Likely({ share }: { share: number | null }) {
  if (share === null) return null;
  return (
    <meter class="likely" min={0} max={1} value={share} aria-label={`Likely ${percent(share)}`}>
      {percent(share)}
    </meter>
  );
}
