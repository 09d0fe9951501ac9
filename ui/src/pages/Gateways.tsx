import { useEffect, useState } from "preact/hooks";
import type { Gateway } from "../api/contract";
import { post } from "../api/client";
import { Ago, Chip, Empty, Facts, Head } from "../parts/basics";
import { Ask, Dialog } from "../parts/dialog";
import { COMMAND, orderOf, outcomeOf } from "../format/commands";
import { numeral } from "../format/value";
import { locations, may, me, placeName, world } from "../store/screen";
import { href } from "../store/route";
import { readGateways } from "../store/session";

/** A buffer that holds less than this [day] is drawn as a worry. */
const THIN_BUFFER_DAYS = 2;

export function Gateways() {
  const [isClaiming, claim] = useState(false);
  const [code, setCode] = useState<string | null>(null);
  const gateways = [...world.value.gateways.values()].sort((one, other) =>
    one.name.localeCompare(other.name),
  );
  useEffect(() => void readGateways().catch(() => undefined), []);
  return (
    <section>
      <Head title="Gateways">
        <span class="muted">
          {gateways.filter((gateway) => gateway.state === "online").length} of {gateways.length} on line
        </span>
        {may("manage_gateways") && (
          <button type="button" class="button small main" onClick={() => claim(true)}>
            New gateway
          </button>
        )}
      </Head>
      {gateways.length === 0 && (
        <Empty title="No gateway has been claimed.">A one-time code lets one in.</Empty>
      )}
      <ul class="cards">
        {gateways.map((gateway) => (
          <GatewayCard key={gateway.id} gateway={gateway} onCode={setCode} />
        ))}
      </ul>
      {isClaiming && (
        <Ask
          title="New gateway"
          intro={<p class="muted">A code is made, good once; whoever types it at the gateway lets it in.</p>}
          fields={[
            { name: "name", label: "Name", hint: "a-z, 0-9, - and _" },
            {
              name: "location_id",
              label: "Where it will stand",
              kind: "select",
              options: placesToStand(),
              isOptional: true,
            },
          ]}
          deed="Make a code"
          onDo={async (said) => {
            const made = await post<{ code: string }>("/api/gateways/claims", {
              ...said,
              location_id: said["location_id"] || null,
            });
            setCode(made.code);
          }}
          onClose={() => claim(false)}
        />
      )}
      {code && (
        <Dialog title="Code for the gateway" onClose={() => setCode(null)}>
          <p class="code">{code}</p>
          <p class="muted">It is shown this once, and good once.</p>
          <div class="deeds">
            <button type="button" class="button main" onClick={() => setCode(null)}>
              I have it
            </button>
          </div>
        </Dialog>
      )}
    </section>
  );
}

/** Nowhere yet, for whoever has the whole site in scope, and every place. */
function placesToStand(): [string, string][] {
  const places = [...locations.value.values()].map(({ id, name }): [string, string] => [id, name]);
  return me.value?.scope ? places : [["", "Nowhere yet"], ...places];
}

function GatewayCard({ gateway, onCode }: { gateway: Gateway; onCode: (code: string) => void }) {
  const [asked, ask] = useState<"command" | "revoke" | "claim" | null>(null);
  const path = `/api/gateways/${encodeURIComponent(gateway.id)}`;
  return (
    <li class="card gateway" data-gateway={gateway.id}>
      <div class="card-body">
        <p class="card-title">
          {may("manage_gateways") ? <a href={href("gateways", gateway.id)}>{gateway.name}</a> : gateway.name}{" "}
          <Word gateway={gateway} />
        </p>
        <Facts
          rows={[
            ["At", placeName(gateway.location_id)],
            ["Last word", <Ago at={gateway.last_heard} />],
            ["Waiting there", <Waiting gateway={gateway} />],
            ["Buffer lasts", <Buffer days={gateway.buffer_days} />],
            ["Configuration", gateway.config_hash ? <code>{gateway.config_hash.slice(0, 12)}</code> : "—"],
            ["Software", gateway.version || "—"],
          ]}
        />
        <Commands gateway={gateway} />
      </div>
      <div class="row-deeds">
        {gateway.state !== "revoked" && may("command_gateway") && (
          <button type="button" class="button small" onClick={() => ask("command")}>
            Command
          </button>
        )}
        {may("manage_gateways") && (
          <button type="button" class="button small quiet" onClick={() => ask("claim")}>
            New code
          </button>
        )}
        {gateway.state !== "revoked" && may("manage_gateways") && (
          <button type="button" class="button small bad" onClick={() => ask("revoke")}>
            Revoke
          </button>
        )}
      </div>
      {asked === "claim" && (
        <Ask
          title={`New code for ${gateway.name}`}
          intro={
            <p>
              For hardware that takes its place, or after its certificate ran out. What it has now counts
              until the code is used.
            </p>
          }
          fields={[]}
          deed="Make a code"
          onDo={async () => {
            const { id, name, location_id } = gateway;
            const made = await post<{ code: string }>("/api/gateways/claims", { id, name, location_id });
            onCode(made.code);
          }}
          onClose={() => ask(null)}
        />
      )}
      {asked === "command" && (
        <Ask
          title={`Command ${gateway.name}`}
          fields={COMMAND}
          deed="Send"
          onDo={async (said) => {
            await post(`${path}/commands`, orderOf(said));
            await readGateways();
          }}
          onClose={() => ask(null)}
        />
      )}
      {asked === "revoke" && (
        <Ask
          title={`Revoke ${gateway.name}`}
          intro={<p>It can send nothing more, and must be claimed anew. What it still holds stays in it.</p>}
          fields={[]}
          deed="Revoke it"
          tone="bad"
          onDo={async () => {
            await post(`${path}/revoke`);
            await readGateways();
          }}
          onClose={() => ask(null)}
        />
      )}
    </li>
  );
}

const STATES: Record<Gateway["state"], { tone: string; word: string }> = {
  waiting: { tone: "plain", word: "Not claimed yet" },
  online: { tone: "good", word: "On line" },
  offline: { tone: "loud", word: "Silent" },
  revoked: { tone: "bad", word: "Revoked" },
};

function Word({ gateway }: { gateway: Gateway }) {
  const { tone, word } = STATES[gateway.state];
  return <Chip tone={tone}>{word}</Chip>;
}

function Waiting({ gateway }: { gateway: Gateway }) {
  const rows = Object.entries(gateway.waiting).filter(([, n]) => n > 0);
  if (rows.length === 0) return <>nothing</>;
  return <>{rows.map(([name, n]) => `${numeral(n)} ${name}`).join(", ")}</>;
}

function Buffer({ days }: { days: number | null }) {
  if (days === null) return <span class="muted">not told</span>;
  return (
    <span class={days < THIN_BUFFER_DAYS ? "late" : ""}>{numeral(Number(days.toPrecision(2)))} days</span>
  );
}

function Commands({ gateway }: { gateway: Gateway }) {
  if (!gateway.commands?.length) return null;
  return (
    <details>
      <summary>Commands</summary>
      <ul class="plain">
        {gateway.commands.map((command) => {
          const { outcome, details } = outcomeOf(command);
          return (
            <li key={command.id} data-command={command.verb}>
              <b>{command.verb}</b> · <Ago at={command.at} /> · {outcome}
              {details && <code> {details}</code>}
            </li>
          );
        })}
      </ul>
    </details>
  );
}
