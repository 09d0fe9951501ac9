import { describe, expect, it } from "vitest";
import type { GatewayCommand } from "../src/api/contract";
import { COMMAND, orderOf, outcomeOf } from "../src/format/commands";
import { shelfSpans } from "../src/format/shelf";

describe("an alarm is shelved", () => {
  const spans = (longestS: number) => shelfSpans(longestS).map(([, words]) => words);

  it("for what is usual and fits, or for the longest that its level allows", () => {
    expect(spans(300)).toEqual(["5 minutes"]);
    expect(spans(900)).toEqual(["15 minutes"]);
    expect(spans(8 * 3600)).toEqual(["15 minutes", "1 hour", "4 hours", "8 hours"]);
    expect(spans(3 * 86_400).slice(-2)).toEqual(["1 day", "3 days"]);
  });

  it("never for longer, and each span has words of its own", () => {
    for (const longestS of [0.5, 90, 900, 1200, 5400, 36 * 3600, 30 * 86_400]) {
      const offered = shelfSpans(longestS);
      expect(Math.max(...offered.map(([seconds]) => Number(seconds)))).toBe(longestS);
      expect(new Set(offered.map(([, words]) => words)).size).toBe(offered.length);
    }
    expect(spans(90)).toEqual(["90 seconds"]);
    expect(spans(36 * 3600).at(-1)).toBe("36 hours");
  });
});

describe("a command to a gateway", () => {
  const asked = (verb: string) =>
    COMMAND.filter(({ isAsked }) => isAsked?.({ verb }) ?? true).map(({ name }) => name);
  const command = (result: GatewayCommand["result"], done: string | null = "2026-11-21T14:00:00Z") =>
    outcomeOf({ id: "c-1", verb: "calibrate", who: "vera", at: "2026-11-21T13:00:00Z", result, done });

  it("asks for a sensor and its reference only to calibrate", () => {
    expect(asked("scan")).toEqual(["verb"]);
    expect(asked("calibrate")).toEqual(["verb", "datastream", "reference"]);
  });

  it("is sent with what its verb takes", () => {
    const said = { verb: "calibrate", datastream: "s-7/tilt", reference: "-1.5e-3" };
    expect(orderOf(said)).toEqual({
      verb: "calibrate",
      arguments: { datastream: "s-7/tilt", reference: -0.0015 },
    });
    expect(orderOf({ ...said, verb: "scan" })).toEqual({ verb: "scan", arguments: {} });
  });

  it("tells what came of it, not only that an answer came", () => {
    expect(command(null, null).outcome).toBe("waiting");
    expect(command({ verb: "calibrate", outcome: "refused", reason: "too few readings" })).toEqual({
      outcome: "refused: too few readings",
      details: "",
    });
    expect(command({ verb: "calibrate", outcome: "done", offset: 0.5 })).toEqual({
      outcome: "done",
      details: '{"offset":0.5}',
    });
    expect(command({})).toEqual({ outcome: "answered", details: "" });
  });
});
