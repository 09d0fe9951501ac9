import { useState } from "preact/hooks";
import type { Role, User, UserMade } from "../api/contract";
import { patch, post } from "../api/client";
import { Chip, Head, Loading, Trouble } from "../parts/basics";
import { Ask, Dialog, type Field } from "../parts/dialog";
import { useLoaded } from "../parts/load";
import { ROLE_WORDS } from "../format/look";
import { locations, me, placeName } from "../store/screen";

export function Users() {
  const { value, error, again } = useLoaded<{ users: User[] }>("/api/users");
  const [asked, ask] = useState<User | "new" | null>(null);
  const [made, setMade] = useState<UserMade | null>(null);
  return (
    <section>
      <Head title="Users">
        <button type="button" class="button small main" onClick={() => ask("new")}>
          New user
        </button>
      </Head>
      {error && <Trouble words={error} onRetry={again} />}
      {!value && !error && <Loading what="the users" />}
      {value && <UserTable users={value.users} onEdit={ask} onCode={setMade} onDone={again} />}
      {asked && (
        <EditUser
          user={asked === "new" ? null : asked}
          onMade={setMade}
          onClose={() => {
            ask(null);
            again();
          }}
        />
      )}
      {made && <SetupCode made={made} onClose={() => setMade(null)} />}
    </section>
  );
}

interface UserTableProps {
  users: User[];
  onEdit: (user: User) => void;
  onCode: (made: UserMade) => void;
  onDone: () => void;
}

function UserTable({ users, onEdit, onCode, onDone }: UserTableProps) {
  const [trouble, setTrouble] = useState<string | null>(null);
  const run = (deed: Promise<unknown>) =>
    deed.then(onDone).catch((error: unknown) => setTrouble(String(error)));
  return (
    <div class="table-room">
      {trouble && <Trouble words={trouble} />}
      <table class="stacking">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Role</th>
            <th scope="col">Scope</th>
            <th scope="col">State</th>
            <th scope="col">Deeds</th>
          </tr>
        </thead>
        <tbody>
          {users.map((user) => (
            <tr key={user.name} data-user={user.name}>
              <th scope="row">{user.name}</th>
              <td data-head="Role">{ROLE_WORDS[user.role] ?? user.role}</td>
              <td data-head="Scope">
                {user.scope === null ? "whole site" : user.scope.map(placeName).join(", ")}
              </td>
              <td data-head="State">
                <UserState user={user} />
              </td>
              <td data-head="Deeds">
                <div class="row-deeds">
                  <button type="button" class="button small" onClick={() => onEdit(user)}>
                    Change
                  </button>
                  <button
                    type="button"
                    class="button small quiet"
                    onClick={() =>
                      void run(
                        post<UserMade>(`/api/users/${encodeURIComponent(user.name)}/code`).then(onCode),
                      )
                    }
                  >
                    New code
                  </button>
                  {user.name !== me.value?.name && (
                    <button
                      type="button"
                      class="button small quiet"
                      onClick={() =>
                        void run(
                          patch(`/api/users/${encodeURIComponent(user.name)}`, {
                            is_active: !user.is_active,
                          }),
                        )
                      }
                    >
                      {user.is_active ? "Shut out" : "Let in again"}
                    </button>
                  )}
                </div>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function UserState({ user }: { user: User }) {
  if (!user.is_active) return <Chip tone="bad">Shut out</Chip>;
  if (!user.has_password) return <Chip tone="suspect">Has not chosen a password</Chip>;
  return <Chip tone="good">{user.has_authenticator ? "Active, two proofs" : "Active"}</Chip>;
}

function EditUser({
  user,
  onMade,
  onClose,
}: {
  user: User | null;
  onMade: (made: UserMade) => void;
  onClose: () => void;
}) {
  const roles = Object.entries(ROLE_WORDS);
  const places = [...locations.value.values()].map(({ id, name }): [string, string] => [id, name]);
  const fields: Field[] = [
    ...(user ? [] : [{ name: "name", label: "Name", hint: "a-z, 0-9 and . _ @ -" }]),
    { name: "role", label: "Role", kind: "select", options: roles, value: user?.role ?? "operator" },
    {
      name: "scope",
      label: "Scope",
      kind: "select",
      options: [["", "The whole site"], ...places],
      value: user?.scope?.[0] ?? "",
      hint: "More than one place: through the interface for other systems.",
    },
    {
      name: "asset_id",
      label: "Asset that stands for this person",
      isOptional: true,
      value: user?.asset_id ?? "",
    },
  ];
  return (
    <Ask
      title={user ? `Change ${user.name}` : "New user"}
      {...(user ? { intro: <p class="muted">Open sessions of this person end.</p> } : {})}
      fields={fields}
      deed={user ? "Change" : "Make the user"}
      onDo={async (said) => {
        const scope = said["scope"] ? [said["scope"]] : null;
        const given = {
          role: said["role"] as Role,
          scope: keptScope(user, scope),
          asset_id: said["asset_id"] || null,
        };
        if (user) await patch(`/api/users/${encodeURIComponent(user.name)}`, given);
        else onMade(await post<UserMade>("/api/users", { name: said["name"], ...given }));
      }}
      onClose={onClose}
    />
  );
}

/** A scope of several places, whose first was left as it is, stays whole. */
function keptScope(user: User | null, scope: string[] | null): string[] | null {
  const before = user?.scope ?? null;
  return before && scope && before[0] === scope[0] ? before : scope;
}

function SetupCode({ made, onClose }: { made: UserMade; onClose: () => void }) {
  return (
    <Dialog title={`Code for ${made.user.name}`} onClose={onClose}>
      <p class="code">{made.setup_code}</p>
      <p class="muted">
        With it that person chooses a password, within {made.setup_hours} hours, by “I have a code” at the
        door. It is shown this once.
      </p>
      <div class="deeds">
        <button type="button" class="button main" onClick={onClose}>
          I have it
        </button>
      </div>
    </Dialog>
  );
}
