/** The alarm's voice: tones by level while an alarm waits for an answer, and a mute that says that it is muted. */

import { computed, effect, signal } from "@preact/signals";
import { kept } from "./kept";
import { patternOf, type Pattern } from "./pattern";
import { waiting } from "./screen";

export const voice = kept("sound", ["on", "muted"] as const, "on");
/** Browsers let a page sound only after the person has touched it. */
const isAllowed = signal(false);
export const soundState = computed(() =>
  voice.value === "muted" ? "muted" : isAllowed.value ? "on" : "blocked",
);

/** Gravest level that waits for an answer, 0: none. A number: words that do not change it do not begin the tones anew. */
const level = computed(() => waiting.value.reduce((most, alarm) => Math.max(most, alarm.level), 0));

let context: AudioContext | null = null;
let timer: ReturnType<typeof setTimeout> | undefined;

export function toggleSound(): void {
  const was = soundState.value;
  allow();
  if (was !== "blocked") voice.value = voice.value === "on" ? "muted" : "on";
}

/** Listen for the first touch, and sound while alarms wait. */
export function startSound(): void {
  for (const touch of ["pointerdown", "keydown"]) addEventListener(touch, allow, { once: true });
  effect(() => {
    const isHeard = soundState.value === "on" && level.value > 0;
    clearTimeout(timer);
    if (isHeard) repeat(patternOf(level.value));
  });
}

function allow(): void {
  context ??= new AudioContext();
  void context.resume().then(() => (isAllowed.value = context?.state === "running"));
}

function repeat(pattern: Pattern): void {
  play(pattern);
  timer = setTimeout(() => repeat(pattern), pattern.every * 1000);
}

function play({ tones }: Pattern): void {
  if (!context) return;
  for (const { pitch, start, length } of tones) {
    const [oscillator, gain] = [context.createOscillator(), context.createGain()];
    const begin = context.currentTime + start;
    oscillator.type = "triangle";
    oscillator.frequency.value = pitch;
    gain.gain.setValueAtTime(0, begin);
    gain.gain.linearRampToValueAtTime(0.25, begin + 0.015);
    gain.gain.setValueAtTime(0.25, begin + length - 0.03);
    gain.gain.linearRampToValueAtTime(0, begin + length);
    oscillator.connect(gain).connect(context.destination);
    oscillator.start(begin);
    oscillator.stop(begin + length);
  }
}
