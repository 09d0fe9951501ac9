/** A token to be made: in whose name, what it may do, how long. */

import { useState } from "preact/hooks";
import type { User } from "../api/contract";
import type { Tokens } from "../api/gateway_contract";
import { post } from "../api/client";
import { ROLE_WORDS } from "../format/look";
import { Dialog, FormFoot, Input } from "../parts/dialog";
import { useDeed } from "../parts/load";

const A_YEAR_DAYS = "365";
const MOST_DAYS = 3650;

interface Props {
  users: User[];
  grantable: Tokens["grantable"];
  onMade: (secret: string) => void;
  onClose: () => void;
}

export function actionWords(action: string): string {
  return action.replaceAll("_", " ");
}

export function NewToken({ users, grantable, onMade, onClose }: Props) {
  const active = users.filter((user) => user.is_active);
  const [name, setName] = useState(active[0]?.name ?? "");
  const [title, setTitle] = useState("");
  const [days, setDays] = useState(A_YEAR_DAYS);
  const [ticked, tick] = useState<ReadonlySet<string>>(new Set());
  const { isBusy, error, run } = useDeed();
  const role = active.find((user) => user.name === name)?.role;
  const offered = (role && grantable[role]) ?? [];
  const actions = offered.filter((action) => ticked.has(action));
  const submit = async (event: Event) => {
    event.preventDefault();
    const given = { user: name, title, actions, days: Number(days) };
    if (await run(() => post<{ token: string }>("/api/tokens", given).then(({ token }) => onMade(token))))
      onClose();
  };
  return (
    <Dialog title="New token" onClose={onClose}>
      <form onSubmit={submit}>
        <Input
          field={{ name: "title", label: "What it is for", hint: "As the name of the other system." }}
          value={title}
          onInput={setTitle}
        />
        <Input
          field={{
            name: "user",
            label: "In the name of",
            kind: "select",
            options: active.map((user) => [
              user.name,
              `${user.name} · ${ROLE_WORDS[user.role] ?? user.role}`,
            ]),
          }}
          value={name}
          onInput={setName}
        />
        <fieldset class="ticks">
          <legend>What it may do</legend>
          {offered.map((action) => (
            <label key={action}>
              <input
                type="checkbox"
                name={action}
                checked={ticked.has(action)}
                onChange={() => tick(toggled(ticked, action))}
              />
              {actionWords(action)}
            </label>
          ))}
        </fieldset>
        <Input
          field={{ name: "days", label: "Days until it runs out", kind: "number", hint: `1 to ${MOST_DAYS}` }}
          value={days}
          onInput={setDays}
        />
        <FormFoot
          error={error}
          onClose={onClose}
          deed="Make the token"
          isReady={!isBusy && actions.length > 0}
        />
      </form>
    </Dialog>
  );
}

function toggled(all: ReadonlySet<string>, one: string): ReadonlySet<string> {
  const rest = [...all].filter((each) => each !== one);
  return new Set(all.has(one) ? rest : [...rest, one]);
}
