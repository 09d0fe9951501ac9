import { afterEach, describe, expect, it, vi } from "vitest";
import { get, post, whenSignedOut, wordsOf } from "../src/api/client";
import { NOT_UNDERSTOOD, refusalWords, sentence, SIGNED_OUT, UNREACHABLE } from "../src/api/words";

const answered = (status: number, body: string) =>
  vi.stubGlobal("fetch", () => Promise.resolve(new Response(body, { status })));
const told = async (asked: Promise<unknown>) => wordsOf(await asked.catch((error: unknown) => error));

afterEach(() => vi.unstubAllGlobals());

describe("what a person is told", () => {
  it("is the server's words as sentences, the cure last", () => {
    const error = { what: "no asset 'x'", cure: "GET /api/assets lists those within your reach." };
    expect(refusalWords(404, error)).toBe("No asset 'x'. GET /api/assets lists those within your reach.");
    expect(sentence("body.why: String should have at least 1 character")).toBe(
      "Why: String should have at least 1 character.",
    );
    expect(sentence("")).toBe("");
  });

  it("never is a status, nor JSON, whatever comes", async () => {
    for (const status of [400, 401, 403, 404, 405, 409, 413, 418, 422, 429, 500, 502, 503, 504, 599]) {
      for (const body of ["", "<html>Bad gateway</html>", '{"detail":[{"loc":1}]}', '{"error":{"what":5}}']) {
        answered(status, body);
        const words = await told(get("/api/x"));
        expect(words, `${status} ${body}`).toMatch(/^[A-Z].+\. .+[.!]$|^[A-Z].+[.!]$/);
        expect(words, `${status} ${body}`).not.toMatch(/\d|[{}<>]|undefined|null/);
      }
    }
  });

  it("of what is not allowed is the page's own, with the server's reason where it has one", () => {
    expect(refusalWords(403, null)).toBe(
      "This is not yours to do or to see. Ask a super manager, who can change your role or your places.",
    );
    expect(
      refusalWords(403, { what: "vera wrote proposal 3", cure: "a second person must decide on it." }),
    ).toBe("This is not yours to do or to see. Vera wrote proposal 3. A second person must decide on it.");
  });

  it("of an ended session is to sign in again; at the door it is why nobody is let in", async () => {
    const error = { what: "name or password is wrong", cure: "try again" };
    expect(refusalWords(401, error)).toBe(SIGNED_OUT);
    expect(refusalWords(401, error, true)).toBe("Name or password is wrong. Try again.");
    let ended = 0;
    whenSignedOut(() => (ended += 1));
    answered(401, JSON.stringify({ error }));
    expect(await told(post("/api/login"))).toContain("password");
    expect(ended).toBe(0);
    expect(await told(get("/api/findings"))).toBe(SIGNED_OUT);
    expect(ended).toBe(1);
  });

  it("of a cut network is that, and what to look at", async () => {
    vi.stubGlobal("fetch", () => Promise.reject(new TypeError("Failed to fetch")));
    expect(await told(get("/api/x"))).toBe(UNREACHABLE);
  });

  it("of an answer that is none is that the page cannot read it", async () => {
    answered(200, "<html>");
    expect(await told(get("/api/x"))).toBe(NOT_UNDERSTOOD);
  });

  it("of a mistake of the page itself is no programmer's language", () => {
    expect(wordsOf(new Error("x is undefined"))).not.toContain("undefined");
  });
});
