/** The live socket: it comes back by itself, resumes where it stopped, and tells how old its last word is. */

import type { LiveMessage } from "../api/contract";

export interface Wire {
  close(): void;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number }) => void) | null;
}

export type LinkState = "connecting" | "open" | "lost";

export interface LinkOptions {
  open: (path: string) => Wire;
  lastId: () => number;
  onMessage: (message: LiveMessage) => void;
  onState: (state: LinkState) => void;
  /** Called after a connection ended, before the next attempt. */
  onLost?: () => void;
  random?: () => number;
}

/** A screen older than this [ms] says so. */
export const STALE_AFTER_MS = 6_000;
/** A socket that is open but has been dumb this long [ms] is given up: its other end may be gone. */
export const DUMB_AFTER_MS = 8_000;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 8_000;

/** How long to wait [ms] before an attempt, after so many failed ones; spread so that screens do not come back at once. */
export function waitBefore(nFailed: number, random: () => number): number {
  const whole = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** nFailed);
  return whole * (0.5 + random() / 2);
}

export class Link {
  private wire: Wire | null = null;
  private nFailed = 0;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private watch: ReturnType<typeof setTimeout> | undefined;
  private ended = false;

  constructor(private readonly options: LinkOptions) {}

  start(): void {
    this.ended = false;
    this.connect();
  }

  /** Try at once, as when the browser says that the network is back. */
  hurry(): void {
    if (this.ended || this.wire) return;
    clearTimeout(this.retry);
    this.connect();
  }

  stop(): void {
    this.ended = true;
    clearTimeout(this.retry);
    clearTimeout(this.watch);
    this.wire?.close();
    this.wire = null;
  }

  private connect(): void {
    this.options.onState("connecting");
    const lastId = this.options.lastId();
    const wire = this.options.open(lastId > 0 ? `/api/live?after=${lastId}` : "/api/live");
    this.wire = wire;
    this.listen(wire);
    this.expectWord(wire);
  }

  private listen(wire: Wire): void {
    wire.onopen = () => {
      if (wire === this.wire) this.options.onState("open");
    };
    wire.onmessage = ({ data }) => {
      if (wire !== this.wire) return;
      const message = parsed(data);
      if (!message) return this.giveUp(wire);
      this.nFailed = 0;
      this.expectWord(wire);
      this.options.onMessage(message);
    };
    wire.onclose = () => this.lost(wire);
  }

  private lost(wire: Wire): void {
    if (wire !== this.wire || this.ended) return;
    this.wire = null;
    clearTimeout(this.watch);
    this.options.onState("lost");
    this.options.onLost?.();
    this.retry = setTimeout(
      () => this.connect(),
      waitBefore(this.nFailed++, this.options.random ?? Math.random),
    );
  }

  private expectWord(wire: Wire): void {
    clearTimeout(this.watch);
    this.watch = setTimeout(() => this.giveUp(wire), DUMB_AFTER_MS);
  }

  /** Leave a socket that is dumb, or whose word cannot be read: there may have been an alarm in it, so ask again. */
  private giveUp(wire: Wire): void {
    wire.close();
    this.lost(wire); // the browser may take minutes to notice by itself
  }
}

function parsed(data: unknown): LiveMessage | null {
  if (typeof data !== "string") return null;
  try {
    const message = JSON.parse(data) as LiveMessage;
    return typeof message.id === "number" ? message : null;
  } catch {
    return null;
  }
}
