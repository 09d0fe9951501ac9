/** Small choices that this browser keeps, where it lets us. */

import { signal, type Signal } from "@preact/signals";

/** A signal whose value, one of a few words, outlives the page. */
export function kept<T extends string>(name: string, words: readonly T[], otherwise: T): Signal<T> {
  const choice = signal<T>(read(name, words) ?? otherwise);
  choice.subscribe((value) => write(name, value));
  return choice;
}

function read<T extends string>(name: string, words: readonly T[]): T | undefined {
  try {
    const word = localStorage.getItem(`highwall.${name}`);
    return words.find((each) => each === word);
  } catch {
    return undefined; // storage is forbidden: the choice lasts as long as the page
  }
}

function write(name: string, value: string): void {
  try {
    localStorage.setItem(`highwall.${name}`, value);
  } catch {
    /* as above */
  }
}
