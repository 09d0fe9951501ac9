/** Small choices that this browser keeps, where it lets us. */

import { signal, type Signal } from "@preact/signals";

/** A signal whose value, one of a few words, outlives the page. */
export function kept<T extends string>(name: string, words: readonly T[], otherwise: T): Signal<T> {
  const choice = signal<T>(read(name, words) ?? otherwise);
  choice.subscribe((value) => keep(name, value));
  return choice;
}

function read<T extends string>(name: string, words: readonly T[]): T | undefined {
  const word = recall(name);
  return words.find((each) => each === word);
}

/** A text that this browser keeps under a name; null where it keeps none, or may not. */
export function recall(name: string): string | null {
  try {
    return localStorage.getItem(`highwall.${name}`);
  } catch {
    return null; // storage is forbidden: the choice lasts as long as the page
  }
}

/** Have this browser keep a text; null: have it forget. */
export function keep(name: string, text: string | null): void {
  try {
    if (text === null) localStorage.removeItem(`highwall.${name}`);
    else localStorage.setItem(`highwall.${name}`, text);
  } catch {
    /* as above */
  }
}
