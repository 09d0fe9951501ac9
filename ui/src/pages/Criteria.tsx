import { useState } from "preact/hooks";
import type { Criteria, CriteriaVersion, Proposal } from "../api/contract";
import { Chip, Empty, Head, Level, Loading, Trouble, When } from "../parts/basics";
import { useLoaded } from "../parts/load";
import {
  audience,
  criteriaOf,
  lasting,
  sentence,
  type Criterion,
  type Level as Trigger,
} from "../format/criteria";
import type { Units } from "../format/units";
import { ROLE_WORDS } from "../format/look";
import { may } from "../store/screen";
import { ProposalCard } from "./ProposalCard";
import { Propose } from "./Propose";

const EVERY_MS = 10_000;

export function CriteriaPage() {
  const inForce = useLoaded<Criteria>("/api/criteria", EVERY_MS);
  const offered = useLoaded<{ proposals: Proposal[] }>("/api/criteria/proposals", EVERY_MS);
  const [isProposing, propose] = useState(false);
  const again = () => {
    inForce.again();
    offered.again();
  };
  const criteria = inForce.value;
  if (!criteria)
    return inForce.error ? (
      <Trouble words={inForce.error} onRetry={again} />
    ) : (
      <Loading what="the criteria" />
    );
  const open = offered.value?.proposals.filter((proposal) => proposal.state === "open") ?? [];
  const done = offered.value?.proposals.filter((proposal) => proposal.state !== "open") ?? [];
  const rows = criteriaOf(criteria.content);
  const units: Units = new Map(Object.entries(criteria.units));
  const current = criteria.versions.find((version) => version.version === criteria.version);
  return (
    <section data-version={criteria.version}>
      <Head title="Criteria">
        <span class="muted">
          version {criteria.version}
          {current && (
            <>
              , since <When at={current.at} />, {authors(current, "by ")}
            </>
          )}
        </span>
        {may("propose_criteria") && !isProposing && (
          <button type="button" class="button small main" onClick={() => propose(true)}>
            Propose a change
          </button>
        )}
      </Head>
      {isProposing && <Propose inForce={criteria} onClose={() => propose(false)} onDone={again} />}
      {open.map((proposal) => (
        <ProposalCard key={proposal.id} proposal={proposal} current={criteria.content} onDone={again} />
      ))}
      {rows.length === 0 && (
        <Empty title="No criteria are set.">Nothing can raise an alarm until some are.</Empty>
      )}
      {rows.map((row) => (
        <CriterionCard key={row.id} criterion={row} units={units} />
      ))}
      <History criteria={criteria} done={done} />
    </section>
  );
}

function CriterionCard({ criterion, units }: { criterion: Criterion; units: Units }) {
  return (
    <article class="criterion" data-criterion={criterion.id}>
      <h2>{criterion.title}</h2>
      <p class="muted">
        Watches {audience(criterion)}. {criterion.source && `Thresholds: ${criterion.source}`}
      </p>
      <ul>
        {criterion.levels.map((level) => (
          <li key={level.level}>
            <Level level={level.level} />
            <div>
              <p class="condition">{sentence(level.when, units)}</p>
              <p class="muted">{answer(level)}</p>
              {level.actions && level.actions.length > 0 && <p>{level.actions.join(" · ")}</p>}
            </div>
          </li>
        ))}
      </ul>
    </article>
  );
}

function authors({ proposed_by, approved_by, is_shipped }: CriteriaVersion, by = ""): string {
  return is_shipped ? "as delivered" : `${by}${proposed_by} with ${approved_by}`;
}

function answer(level: Trigger): string {
  const role = (name: string) => (ROLE_WORDS[name] ?? name).toLowerCase();
  const parts = [];
  if (level.on_after_s) parts.push(`must hold for ${lasting(level.on_after_s)}`);
  if (level.off_after_s) parts.push(`over when gone for ${lasting(level.off_after_s)}`);
  if (level.owner) parts.push(`the ${role(level.owner)} answers within ${lasting(level.within_s ?? 0)}`);
  for (const step of level.escalation ?? [])
    parts.push(
      `then, ${step.after_s ? `after ${lasting(step.after_s)} more` : "at once"}, the ${role(step.to)}`,
    );
  return parts.join("; ");
}

function History({ criteria, done }: { criteria: Criteria; done: Proposal[] }) {
  return (
    <details>
      <summary>Earlier versions and decisions</summary>
      <div class="table-room">
        <table>
          <thead>
            <tr>
              <th scope="col">Version</th>
              <th scope="col">Since</th>
              <th scope="col">By</th>
              <th scope="col">Why</th>
            </tr>
          </thead>
          <tbody>
            {criteria.versions.map((version) => (
              <tr key={version.version}>
                <td>{version.version}</td>
                <td>
                  <When at={version.at} />
                </td>
                <td>{authors(version)}</td>
                <td>{version.why}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {done.map((proposal) => (
        <p key={proposal.id}>
          <Chip tone={proposal.state === "approved" ? "good" : "bad"}>{proposal.state}</Chip> “{proposal.why}”
          by {proposal.who}; {proposal.decided_by ?? "—"}: {proposal.decided_why ?? "—"}
        </p>
      ))}
    </details>
  );
}
