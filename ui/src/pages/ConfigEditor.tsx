/** A draft of a gateway's configuration: its fields, how it differs from what is in force, and what was before. */

import { useMemo, useState } from "preact/hooks";
import type { Configurations, ConfigurationVersion } from "../api/gateway_contract";
import { post } from "../api/client";
import { Ago, Chip } from "../parts/basics";
import { Ask } from "../parts/dialog";
import { PartFields } from "../parts/SchemaForm";
import {
  completed,
  differences,
  faultsOf,
  labelOf,
  needed,
  shapeOf,
  told,
  type Content,
  type Difference,
  type Schema,
} from "../format/schema";

interface Props {
  id: string;
  known: Configurations;
  onSent: () => void;
}

export function ConfigEditor({ id, known, onSent }: Props) {
  const root = known.content_schema;
  const shape = useMemo(() => shapeOf(root, root), [root]);
  const base = useMemo(() => contentOf(baseOf(known), root), [known]);
  const [draft, setDraft] = useState<Content>(base);
  const [isAsking, ask] = useState(false);
  const faults = faultsOf(draft, shape, root);
  const changes = differences(base, draft);
  const next = (known.versions[0]?.version ?? 0) + 1;
  return (
    <div class="config">
      <form class="config-form" aria-label="Configuration" onSubmit={(event) => event.preventDefault()}>
        <PartFields value={draft} shape={shape} root={root} path="" onChange={setDraft} />
      </form>
      <aside class="config-side">
        <h2>Difference to what is in force</h2>
        <Differences rows={changes} />
        {faults.length > 0 && (
          <ul class="plain" role="alert">
            {faults.map(([path, fault]) => (
              <li key={path} class="refused">
                {pathWords(path)}: {fault}
              </li>
            ))}
          </ul>
        )}
        <div class="deeds">
          <button
            type="button"
            class="button quiet"
            disabled={changes.length === 0}
            onClick={() => setDraft(base)}
          >
            Undo all
          </button>
          <button
            type="button"
            class="button main"
            disabled={changes.length === 0 || faults.length > 0}
            onClick={() => ask(true)}
          >
            Send version {next}
          </button>
        </div>
        <h2>Versions</h2>
        <Versions known={known} onTake={(version) => setDraft(contentOf(version, root))} />
      </aside>
      {isAsking && (
        <Ask
          title={`Send version ${next}`}
          intro={
            <>
              <p>It is tried, and taken back by itself if the gateway does not reach the server under it.</p>
              <Differences rows={changes} />
            </>
          }
          fields={[{ name: "why", label: "Why" }]}
          deed="Sign and send"
          onDo={async ({ why }) => {
            const content = needed(draft, shape, root);
            await post(`/api/gateways/${encodeURIComponent(id)}/configurations`, { content, why });
            onSent();
          }}
          onClose={() => ask(false)}
        />
      )}
    </div>
  );
}

/** What a draft begins with: the version in force; where the gateway never spoke, the newest. */
function baseOf({ versions, in_force, reported_hash }: Configurations): ConfigurationVersion | undefined {
  if (in_force === null) return reported_hash ? undefined : versions[0];
  return versions.find(({ version }) => version === in_force);
}

function contentOf(version: ConfigurationVersion | undefined, root: Schema): Content {
  const said = version ? (JSON.parse(version.content) as Content) : {};
  return completed(said, shapeOf(root, root), root) as Content;
}

function Differences({ rows }: { rows: Difference[] }) {
  if (rows.length === 0) return <p class="muted">None.</p>;
  return (
    <dl class="differences">
      {rows.map(({ path, before, after }) => (
        <div key={path} data-difference={path}>
          <dt>{pathWords(path)}</dt>
          <dd>
            <del>{told(before)}</del> → <ins>{told(after)}</ins>
          </dd>
        </div>
      ))}
    </dl>
  );
}

function pathWords(path: string): string {
  return path.split(".").map(labelOf).join(" › ");
}

const OUTCOMES: Record<string, [string, string]> = {
  applied: ["good", "Applied"],
  refused: ["bad", "Refused"],
  rolled_back: ["loud", "Rolled back"],
};

function Versions({
  known,
  onTake,
}: {
  known: Configurations;
  onTake: (version: ConfigurationVersion | undefined) => void;
}) {
  return (
    <ul class="plain versions">
      {known.versions.map((version) => {
        const [tone, word] = OUTCOMES[version.outcome ?? ""] ?? ["plain", "Not reported"];
        const isInForce = version.version === known.in_force;
        return (
          <li key={version.version} data-version={version.version}>
            <span>
              <b>{version.version}</b> · {version.who} · <Ago at={version.at} />{" "}
              <Chip tone={isInForce ? "good" : tone}>{isInForce ? "In force" : word}</Chip>
            </span>
            <button type="button" class="button small" onClick={() => onTake(version)}>
              {isInForce ? "Begin from it" : "Roll back to it"}
            </button>
          </li>
        );
      })}
      <li data-version={0}>
        <span>
          <b>0</b> · what every gateway begins with
        </span>
        <button type="button" class="button small" onClick={() => onTake(undefined)}>
          {known.versions.length ? "Roll back to it" : "Begin from it"}
        </button>
      </li>
    </ul>
  );
}
