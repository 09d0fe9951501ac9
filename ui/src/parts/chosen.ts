/** Several ids as one text of a form: none chosen is not the same as all. Pure. */

/** All of them, now and later; no id can be this. */
export const CHOSE_ALL = "*";

/** The chosen ids; null: all. */
export function chosenOf(text: string): string[] | null {
  return text === CHOSE_ALL ? null : text.split(" ").filter(Boolean);
}

export function textOfChoice(chosen: string[] | null): string {
  return chosen === null ? CHOSE_ALL : chosen.join(" ");
}
