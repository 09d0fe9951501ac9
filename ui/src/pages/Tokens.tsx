/** Tokens with which other systems speak to this one: who made which, what it may do, until when. */

import { useState } from "preact/hooks";
import type { User } from "../api/contract";
import type { Token, Tokens as Told } from "../api/gateway_contract";
import { remove } from "../api/client";
import { Chip, Empty, Head, Loading, Trouble, When } from "../parts/basics";
import { Ask, Dialog } from "../parts/dialog";
import { useLoaded } from "../parts/load";
import { href } from "../store/route";
import { may, now } from "../store/screen";
import { actionWords, NewToken } from "./NewToken";

export function Tokens() {
  const { value, error, again } = useLoaded<Told>("/api/tokens");
  const { value: people } = useLoaded<{ users: User[] }>("/api/users");
  const [isMaking, make] = useState(false);
  const [secret, setSecret] = useState<string | null>(null);
  return (
    <section>
      <Head title="Tokens">
        {may("read_audit") && <a href={href("audit")}>Audit</a>}
        <button type="button" class="button small main" disabled={!people} onClick={() => make(true)}>
          New token
        </button>
      </Head>
      <p class="muted">
        With a token another system speaks in the name of a user: no more than that user may, and no more than
        is ticked. Making and ending one stands in the audit log.
      </p>
      {error && <Trouble words={error} onRetry={again} />}
      {!value && !error && <Loading what="the tokens" />}
      {value?.tokens.length === 0 && <Empty title="There is no token." />}
      {value && value.tokens.length > 0 && <TokenTable tokens={value.tokens} onDone={again} />}
      {isMaking && people && value && (
        <NewToken
          users={people.users}
          grantable={value.grantable}
          onMade={(made) => {
            setSecret(made);
            again();
          }}
          onClose={() => make(false)}
        />
      )}
      {secret && (
        <Dialog title="The new token" onClose={() => setSecret(null)}>
          <p class="code token-secret">{secret}</p>
          <p class="muted">It is shown this once. Whoever has it acts with it; keep it as a password.</p>
          <div class="deeds">
            <button type="button" class="button main" onClick={() => setSecret(null)}>
              I have it
            </button>
          </div>
        </Dialog>
      )}
    </section>
  );
}

function TokenTable({ tokens, onDone }: { tokens: Token[]; onDone: () => void }) {
  const [asked, ask] = useState<Token | null>(null);
  return (
    <div class="table-room">
      <table class="stacking">
        <thead>
          <tr>
            <th scope="col">Token</th>
            <th scope="col">In the name of</th>
            <th scope="col">May</th>
            <th scope="col">Until</th>
            <th scope="col">State</th>
            <th scope="col">Deeds</th>
          </tr>
        </thead>
        <tbody>
          {tokens.map((token) => (
            <tr key={token.id} data-token={token.id}>
              <th scope="row">{token.title}</th>
              <td data-head="In the name of">{token.user}</td>
              <td data-head="May">{token.actions.map(actionWords).join(", ")}</td>
              <td data-head="Until">
                <When at={token.until} />
              </td>
              <td data-head="State">
                <TokenState token={token} />
              </td>
              <td data-head="Deeds">
                {isGood(token) && (
                  <button type="button" class="button small bad" onClick={() => ask(token)}>
                    End it
                  </button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {asked && (
        <Ask
          title={`End ${asked.title}`}
          intro={<p>Whatever uses it is turned away from now on.</p>}
          fields={[]}
          deed="End it"
          tone="bad"
          onDo={async () => {
            await remove(`/api/tokens/${asked.id}`);
            onDone();
          }}
          onClose={() => ask(null)}
        />
      )}
    </div>
  );
}

function isGood(token: Token): boolean {
  return !token.is_revoked && Date.parse(token.until) > now.value;
}

function TokenState({ token }: { token: Token }) {
  if (token.is_revoked) return <Chip tone="bad">Ended</Chip>;
  return isGood(token) ? <Chip tone="good">Good</Chip> : <Chip tone="plain">Run out</Chip>;
}
