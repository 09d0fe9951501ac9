import { useState } from "preact/hooks";
import type { User, UserMade } from "../api/contract";
import { patch, post, wordsOf } from "../api/client";
import { Chip, Head, Loading, Trouble } from "../parts/basics";
import { Dialog } from "../parts/dialog";
import { useLoaded } from "../parts/load";
import { ROLE_WORDS } from "../format/look";
import { me, placeName, world } from "../store/screen";
import { EditUser } from "./EditUser";

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
    deed
      .then(() => {
        setTrouble(null);
        onDone();
      })
      .catch((error: unknown) => setTrouble(wordsOf(error)));
  return (
    <div class="table-room">
      {trouble && <Trouble words={trouble} />}
      <table class="stacking">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Role</th>
            <th scope="col">Scope</th>
            <th scope="col">On the ground</th>
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
                {user.scope === null ? "whole site" : user.scope.map(placeName).sort().join(", ")}
              </td>
              <td data-head="On the ground">{personName(user)}</td>
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

function personName({ asset_id }: User): string {
  return asset_id ? (world.value.assets.get(asset_id)?.name ?? asset_id) : "—";
}

function UserState({ user }: { user: User }) {
  if (!user.is_active) return <Chip tone="bad">Shut out</Chip>;
  if (!user.has_password) return <Chip tone="suspect">Has not chosen a password</Chip>;
  return <Chip tone="good">{user.has_authenticator ? "Active, two proofs" : "Active"}</Chip>;
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
