/** Keys: g and a letter goes to a page, x silences, ? shows this list. They rest while a person writes. */

import { toggleSound } from "../store/sound";
import { go } from "../store/route";
import { myPages } from "./places";

const SECOND_KEY_WITHIN_MS = 1500;

export function listenToKeys(showHelp: () => void): () => void {
  let wentAt = -Infinity;
  const onKey = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isWriting(event.target)) return;
    const isSecond = event.timeStamp - wentAt < SECOND_KEY_WITHIN_MS;
    wentAt = -Infinity;
    if (isSecond) {
      const place = myPages().find((each) => each.letter === event.key);
      if (place) go(place.key);
    } else if (event.key === "g") wentAt = event.timeStamp;
    else if (event.key === "x") toggleSound();
    else if (event.key === "?") showHelp();
    else return;
    event.preventDefault();
  };
  addEventListener("keydown", onKey);
  return () => removeEventListener("keydown", onKey);
}

function isWriting(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.closest("dialog") !== null || /^(INPUT|TEXTAREA|SELECT|CANVAS)$/.test(target.tagName))
  );
}
