/** Making a user, or changing one: role, places in scope by name, and whose asset it is. */

import type { Role, User, UserMade } from "../api/contract";
import { patch, post } from "../api/client";
import { ROLE_WORDS } from "../format/look";
import { Ask, type Field } from "../parts/dialog";
import { CHOSE_ALL, chosenOf, textOfChoice } from "../parts/chosen";
import { locations, world } from "../store/screen";

interface EditUserProps {
  user: User | null;
  onMade: (made: UserMade) => void;
  onClose: () => void;
}

export function EditUser({ user, onMade, onClose }: EditUserProps) {
  return (
    <Ask
      title={user ? `Change ${user.name}` : "New user"}
      {...(user ? { intro: <p class="muted">Open sessions of this person end.</p> } : {})}
      fields={fieldsOf(user)}
      deed={user ? "Change" : "Make the user"}
      onDo={async (said) => {
        const given = {
          role: said["role"] as Role,
          scope: chosenOf(said["scope"] ?? ""),
          asset_id: said["asset_id"] || null,
        };
        if (user) await patch(`/api/users/${encodeURIComponent(user.name)}`, given);
        else onMade(await post<UserMade>("/api/users", { name: said["name"], ...given }));
      }}
      onClose={onClose}
    />
  );
}

function fieldsOf(user: User | null): Field[] {
  return [
    ...(user ? [] : [{ name: "name", label: "Name", hint: "a-z, 0-9 and . _ @ -" }]),
    {
      name: "role",
      label: "Role",
      kind: "select",
      options: Object.entries(ROLE_WORDS),
      value: user?.role ?? "operator",
    },
    {
      name: "scope",
      label: "Scope",
      kind: "many",
      all: "The whole site",
      options: named(locations.value.values(), user?.scope ?? []),
      value: user ? textOfChoice(user.scope) : CHOSE_ALL,
      hint: "An operator sees only what is their own, wherever that is.",
    },
    {
      name: "asset_id",
      label: "Person on the ground",
      kind: "select",
      isOptional: true,
      options: [["", "Nobody"], ...named(people(), user?.asset_id ? [user.asset_id] : [])],
      value: user?.asset_id ?? "",
      hint: "Whose own readings, alarms and place this user sees.",
    },
  ];
}

function people(): { id: string; name: string }[] {
  return [...world.value.assets.values()].filter(({ kind }) => kind === "person");
}

/** Ids with their names, in the order of names; those that are held but not known here keep their id as a name. */
function named(known: Iterable<{ id: string; name: string }>, held: string[]): [string, string][] {
  const names = new Map(held.map((id) => [id, id]));
  for (const { id, name } of known) names.set(id, name);
  return [...names].sort(([, one], [, other]) => one.localeCompare(other, "en", { numeric: true }));
}
