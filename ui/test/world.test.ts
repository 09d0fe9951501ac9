import { describe, expect, it } from "vitest";
import type { Alarm, Asset, AssetState, Gateway } from "../src/api/contract";
import {
  apply,
  byUrgency,
  EMPTY_WORLD,
  openAlarms,
  unanswered,
  withAlarms,
  withAssets,
} from "../src/live/world";

const STATE: AssetState = {
  position: null,
  motion: "idle",
  health: "ok",
  battery_v: 3.9,
  last_heard: null,
  silent: false,
};

function asset(id: string): Asset {
  return { id, kind: "person", name: id, location_id: null, tag_id: null, external_id: null, state: STATE };
}

function alarm(id: number, more: Partial<Alarm> = {}): Alarm {
  return {
    id,
    level: 2,
    criterion: "man-down",
    title: "A person is down",
    subject: { kind: "asset", id: "p-1", name: "Ana" },
    raised: "2026-11-21T14:00:00Z",
    state: "raised",
    owner_role: "manager",
    answer_by: null,
    escalated: 0,
    is_blind: false,
    is_active: true,
    cancel_until: null,
    shelved_until: null,
    longest_shelf_s: null,
    actions: [],
    evidence: [],
    transitions: [],
    rights: [],
    ...more,
  };
}

describe("a live message", () => {
  const known = withAssets(EMPTY_WORLD, [asset("p-1"), asset("p-2")]);

  it("changes the state of an asset and keeps what the listing said of it", () => {
    const moved = { ...STATE, motion: "moving" as const };
    const after = apply(known, {
      id: 7,
      at: "",
      assets: [{ id: "p-1", location_id: "north", state: moved }],
    });
    expect(after.assets.get("p-1")).toEqual({ ...asset("p-1"), location_id: "north", state: moved });
    expect(after.assets.get("p-2")).toBe(known.assets.get("p-2"));
    expect(after.lastId).toBe(7);
  });

  it("leaves what it does not touch the same object, so that nothing is drawn for nothing", () => {
    const after = apply(known, { id: 8, at: "" });
    expect(after.assets).toBe(known.assets);
    expect(after.alarms).toBe(known.alarms);
  });

  it("of an asset that the listing did not have is remembered until the listing is read again", () => {
    const after = apply(known, { id: 9, at: "", assets: [{ id: "p-9", location_id: null, state: STATE }] });
    expect([...after.strangers]).toEqual(["p-9"]);
    expect(withAssets(after, [asset("p-9")]).strangers.size).toBe(0);
  });

  it("of an asset that was taken out of use takes it off the map, known or not", () => {
    const asked = apply(known, { id: 9, at: "", assets: [{ id: "p-9", location_id: null, state: STATE }] });
    const gone = ["p-9", ...known.assets.keys()].map((id) => ({ id, state: null }));
    const after = apply(asked, { id: 10, at: "", assets: gone });
    expect([after.assets.size, after.strangers.size]).toEqual([0, 0]);
  });

  it("of an alarm or a gateway that one may see no more takes it away", () => {
    const gateway = { id: "g-1", name: "Gate", state: "online" } as Gateway;
    const before = apply(known, { id: 9, at: "", alarms: [alarm(1), alarm(2)], gateways: [gateway] });
    const after = apply(before, {
      id: 10,
      at: "",
      alarms: [{ id: 1, state: null }],
      gateways: [{ id: "g-1", state: null }],
    });
    expect([[...after.alarms.keys()], after.gateways.size]).toEqual([[2], 0]);
  });

  it("that is older than what is known is ignored, unless the server began anew", () => {
    const now = apply(known, { id: 20, at: "", alarms: [alarm(1)] });
    expect(apply(now, { id: 19, at: "", alarms: [alarm(2)] })).toBe(now);
    const anew = apply(now, { id: 3, at: "", reset: true, alarms: [alarm(2)] });
    expect([...anew.alarms.keys()]).toEqual([2]);
    expect(anew.lastId).toBe(3);
    expect(anew.assets.size).toBe(2);
  });

  it("twice is as good as once", () => {
    const message = {
      id: 5,
      at: "",
      alarms: [alarm(1)],
      latest: [{ datastream_id: 4, value: 1, at: "", flag: 1 }],
    };
    expect(apply(apply(known, message), message)).toEqual(apply(known, message));
  });
});

describe("alarms", () => {
  it("stand with the unanswered first, then by level, then the newest", () => {
    const rows = [
      alarm(1, { state: "acknowledged", level: 4 }),
      alarm(2, { level: 1 }),
      alarm(3, { level: 4, raised: "2026-11-21T13:00:00Z" }),
      alarm(4, { level: 4 }),
      alarm(5, { state: "shelved", level: 4 }),
    ];
    expect(rows.sort(byUrgency).map(({ id }) => id)).toEqual([4, 3, 2, 1, 5]);
  });

  it("that are cleared or cancelled are no longer open", () => {
    const world = withAlarms(EMPTY_WORLD, [
      alarm(1),
      alarm(2, { state: "cleared" }),
      alarm(3, { state: "cancelled" }),
    ]);
    expect(openAlarms(world).map(({ id }) => id)).toEqual([1]);
  });

  it("that their subject may still cancel call for nobody else", () => {
    const world = withAlarms(EMPTY_WORLD, [alarm(1, { cancel_until: "2026-11-21T14:00:20Z" }), alarm(2)]);
    expect(unanswered(world, null).map(({ id }) => id)).toEqual([2]);
    expect(unanswered(world, "p-1").map(({ id }) => id)).toEqual([2, 1]);
  });
});
