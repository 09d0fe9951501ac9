import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { LiveMessage } from "../src/api/contract";
import { DUMB_AFTER_MS, Link, waitBefore, type LinkState, type Wire } from "../src/live/link";

class FakeWire implements Wire {
  onopen: Wire["onopen"] = null;
  onmessage: Wire["onmessage"] = null;
  onclose: Wire["onclose"] = null;
  isClosed = false;

  constructor(readonly path: string) {}

  close(): void {
    this.isClosed = true;
  }

  say(message: unknown): void {
    this.onmessage?.({ data: typeof message === "string" ? message : JSON.stringify(message) });
  }
}

let wires: FakeWire[];
let heard: LiveMessage[];
let states: LinkState[];
let lost: number;

function link(): Link {
  return new Link({
    open: (path) => {
      const wire = new FakeWire(path);
      wires.push(wire);
      return wire;
    },
    lastId: () => heard.at(-1)?.id ?? 0,
    onMessage: (message) => heard.push(message),
    onState: (state) => states.push(state),
    onLost: () => (lost += 1),
    random: () => 1,
  });
}

beforeEach(() => {
  vi.useFakeTimers();
  [wires, heard, states, lost] = [[], [], [], 0];
});
afterEach(() => vi.useRealTimers());

describe("the live link", () => {
  it("resumes after the last word when its connection ends", () => {
    link().start();
    wires[0]?.onopen?.({} as never);
    wires[0]?.say({ id: 41, at: "" });
    wires[0]?.onclose?.({ code: 1006 });
    expect(lost).toBe(1);
    vi.advanceTimersByTime(499);
    expect(wires).toHaveLength(1);
    vi.advanceTimersByTime(1);
    expect(wires.map(({ path }) => path)).toEqual(["/api/live", "/api/live?after=41"]);
    expect(states).toEqual(["connecting", "open", "lost", "connecting"]);
  });

  it("gives up a socket that is open but dumb, and does not listen to it any more", () => {
    link().start();
    wires[0]?.say({ id: 1, at: "" });
    vi.advanceTimersByTime(DUMB_AFTER_MS - 1);
    expect(wires[0]?.isClosed).toBe(false);
    vi.advanceTimersByTime(1);
    expect(wires[0]?.isClosed).toBe(true);
    wires[0]?.say({ id: 2, at: "" });
    expect(heard.map(({ id }) => id)).toEqual([1]);
  });

  it("keeps a socket that beats", () => {
    link().start();
    for (let id = 1; id <= 10; id++) {
      vi.advanceTimersByTime(2000);
      wires[0]?.say({ id, at: "" });
    }
    expect(wires).toHaveLength(1);
    expect(heard).toHaveLength(10);
  });

  it("waits longer after each failure, and starts short again after a word", () => {
    link().start();
    for (const wait of [500, 1000, 2000, 4000, 8000, 8000]) {
      wires.at(-1)?.onclose?.({ code: 1006 });
      const n = wires.length;
      vi.advanceTimersByTime(wait - 1);
      expect(wires).toHaveLength(n);
      vi.advanceTimersByTime(1);
      expect(wires).toHaveLength(n + 1);
    }
    wires.at(-1)?.say({ id: 1, at: "" });
    wires.at(-1)?.onclose?.({ code: 1006 });
    vi.advanceTimersByTime(500);
    expect(wires).toHaveLength(8);
  });

  it("tries at once when the network is back, but not twice", () => {
    const one = link();
    one.start();
    wires[0]?.onclose?.({ code: 1006 });
    one.hurry();
    one.hurry();
    expect(wires).toHaveLength(2);
    vi.advanceTimersByTime(1000);
    expect(wires).toHaveLength(2);
  });

  it.each(['{"id": 8, "latest": [{"value": Infinity}]}', '{"at": "no id"}'])(
    "does not pass over a word that it cannot read: %s",
    (word) => {
      link().start();
      wires[0]?.say({ id: 7, at: "" });
      wires[0]?.say(word);
      expect(wires[0]?.isClosed).toBe(true);
      expect(lost).toBe(1);
      wires[0]?.say({ id: 9, at: "" });
      vi.advanceTimersByTime(500);
      expect(wires.at(-1)?.path).toBe("/api/live?after=7");
      expect(heard.map(({ id }) => id)).toEqual([7]);
    },
  );

  it("asks for a word that stays unreadable at ever longer waits", () => {
    link().start();
    for (const wait of [500, 1000, 2000]) {
      wires.at(-1)?.say("not json");
      const n = wires.length;
      vi.advanceTimersByTime(wait - 1);
      expect(wires).toHaveLength(n);
      vi.advanceTimersByTime(1);
      expect(wires).toHaveLength(n + 1);
    }
  });

  it("stays away once it is stopped", () => {
    const one = link();
    one.start();
    one.stop();
    wires[0]?.onclose?.({ code: 1000 });
    vi.advanceTimersByTime(60_000);
    expect(wires).toHaveLength(1);
  });
});

it("screens do not come back all at once", () => {
  expect(waitBefore(3, () => 0)).toBe(2000);
  expect(waitBefore(3, () => 1)).toBe(4000);
});
