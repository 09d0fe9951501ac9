/** A change of the criteria that waits for a second person, with exactly what it would change. */

import { useState } from "preact/hooks";
import type { Proposal } from "../api/contract";
import { post } from "../api/client";
import { When } from "../parts/basics";
import { Ask } from "../parts/dialog";
import { changes, leafText, type Change } from "../format/changes";
import { may, me } from "../store/screen";

interface ProposalCardProps {
  proposal: Proposal;
  current: unknown;
  onDone: () => void;
}

export function ProposalCard({ proposal, current, onDone }: ProposalCardProps) {
  const [asked, ask] = useState<"approve" | "reject" | null>(null);
  const isOwn = proposal.who === me.value?.name;
  return (
    <article class="proposal" data-proposal={proposal.id}>
      <h2>Proposed: {proposal.why}</h2>
      <p class="muted">
        by {proposal.who}, <When at={proposal.at} />
      </p>
      <Changes rows={changes(current, proposal.content)} />
      {isOwn && <p class="muted">A second person must approve what you proposed.</p>}
      {!isOwn && may("approve_criteria") && (
        <div class="row-deeds">
          <button type="button" class="button main" onClick={() => ask("approve")}>
            Approve
          </button>
          <button type="button" class="button bad" onClick={() => ask("reject")}>
            Reject
          </button>
        </div>
      )}
      {asked && (
        <Ask
          title={asked === "approve" ? "Approve this change" : "Reject this change"}
          intro={
            <p class="muted">
              {asked === "approve"
                ? "It takes effect at once, as a new version, in both your names."
                : "The criteria stay as they are."}
            </p>
          }
          fields={[{ name: "why", label: "Why", kind: "area" }]}
          deed={asked === "approve" ? "Approve" : "Reject"}
          tone={asked === "approve" ? "plain" : "bad"}
          onDo={async (said) => {
            await post(`/api/criteria/proposals/${proposal.id}/${asked}`, said);
            onDone();
          }}
          onClose={() => ask(null)}
        />
      )}
    </article>
  );
}

/** What differs, before and after. */
export function Changes({ rows }: { rows: Change[] }) {
  if (rows.length === 0) return <p class="muted">Nothing differs from the criteria in force.</p>;
  return (
    <div class="table-room">
      <table class="changes">
        <thead>
          <tr>
            <th scope="col">What</th>
            <th scope="col">Now</th>
            <th scope="col">Then</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ path, before, after }) => (
            <tr key={path}>
              <th scope="row">{path}</th>
              <td>
                <del>{leafText(before)}</del>
              </td>
              <td>
                <ins>{leafText(after)}</ins>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
