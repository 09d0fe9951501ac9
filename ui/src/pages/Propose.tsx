/** Writing a change of the criteria: numbers by hand, anything else in the document itself. */

import { useState } from "preact/hooks";
import type { Criteria } from "../api/contract";
import { post } from "../api/client";
import { FormFoot } from "../parts/dialog";
import { useDeed } from "../parts/load";
import { changes, numbers, withLeaf } from "../format/changes";
import { criteriaOf } from "../format/criteria";
import { Changes } from "./ProposalCard";

interface ProposeProps {
  inForce: Criteria;
  onClose: () => void;
  onDone: () => void;
}

export function Propose({ inForce, onClose, onDone }: ProposeProps) {
  const [basis] = useState(inForce);
  const [draft, setDraft] = useState<unknown>(basis.content);
  const [text, setText] = useState<string | null>(null);
  const [why, setWhy] = useState("");
  const { isBusy, error, run } = useDeed();
  const written = text === null ? { value: draft, fault: null } : parsed(text);
  const rows = written.fault ? [] : changes(basis.content, written.value);
  const isOvertaken = inForce.version !== basis.version;
  const submit = async (event: Event) => {
    event.preventDefault();
    const proposal = { content: written.value, based_on: basis.version, why };
    const isDone = await run(() => post("/api/criteria/proposals", proposal));
    if (!isDone) return;
    onDone();
    onClose();
  };
  return (
    <form class="propose" onSubmit={submit} aria-label="Propose a change of the criteria">
      <h2>Propose a change</h2>
      <p class="muted">
        Values are in the units in which they are stored (m, s, Pa, K). A second person must approve it.
      </p>
      {text === null ? (
        <Numbers draft={draft} onChange={setDraft} />
      ) : (
        <Text text={text} onChange={setText} fault={written.fault} />
      )}
      <button
        type="button"
        class="button small quiet"
        disabled={written.fault !== null}
        onClick={() => {
          if (text === null) setText(JSON.stringify(draft, null, 2));
          else {
            setDraft(written.value);
            setText(null);
          }
        }}
      >
        {text === null ? "Write the whole document" : "Back to the numbers"}
      </button>
      <h3>What would change</h3>
      <Changes rows={rows} />
      <label class="field">
        <span>Why</span>
        <textarea rows={2} required value={why} onInput={(event) => setWhy(event.currentTarget.value)} />
      </label>
      {isOvertaken && (
        <p class="refused" role="alert">
          Version {inForce.version} came in force while you wrote from version {basis.version}. Close this
          form and write the change anew.
        </p>
      )}
      <FormFoot
        error={error}
        onClose={onClose}
        deed="Propose it"
        isReady={!isBusy && rows.length > 0 && !isOvertaken}
      />
    </form>
  );
}

function Numbers({ draft, onChange }: { draft: unknown; onChange: (draft: unknown) => void }) {
  return (
    <div class="leaves">
      {criteriaOf(draft).map((criterion, index) => (
        <details key={criterion.id}>
          <summary>{criterion.title}</summary>
          {numbers(criterion).map(({ path, keys, value }) => (
            <label key={keys.join("/")} class="leaf">
              <span>{path}</span>
              <input
                type="number"
                step="any"
                value={value}
                onChange={(event) => {
                  const number = event.currentTarget.valueAsNumber;
                  if (Number.isFinite(number))
                    onChange(withLeaf(draft, ["criteria", String(index), ...keys], number));
                }}
              />
            </label>
          ))}
        </details>
      ))}
    </div>
  );
}

function Text({
  text,
  onChange,
  fault,
}: {
  text: string;
  onChange: (text: string) => void;
  fault: string | null;
}) {
  return (
    <label class="field">
      <span>The criteria as JSON</span>
      <textarea
        class="code-area"
        rows={18}
        spellcheck={false}
        value={text}
        onInput={(event) => onChange(event.currentTarget.value)}
      />
      {fault && (
        <small class="refused" role="alert">
          {fault}
        </small>
      )}
    </label>
  );
}

function parsed(text: string): { value: unknown; fault: string | null } {
  try {
    return { value: JSON.parse(text) as unknown, fault: null };
  } catch (error) {
    return {
      value: null,
      fault: `This is no JSON: ${error instanceof Error ? error.message : String(error)}`,
    };
  }
}
