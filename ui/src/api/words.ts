/** What a person is told when the server refuses or is not there: what is wrong, and what helps. Pure. */

interface Said {
  what?: unknown;
  cure?: unknown;
}

export const UNREACHABLE =
  "The server cannot be reached. What you see may be old; check this device's network, then try again.";
export const SIGNED_OUT = "Your session has ended. Sign in again to go on.";
export const NOT_UNDERSTOOD =
  "The server's answer cannot be read. Load this page again; if that does not help, tell who runs the server.";
export const PAGE_FAILED =
  "This page made a mistake. Load it again; if that does not help, tell who runs the server.";
const NOT_ALLOWED = "This is not yours to do or to see.";
const ASK_FOR_MORE = "Ask a super manager, who can change your role or your places.";

/** What stands where the server, or something before it, gives no words of its own. */
const OTHERWISE: Record<number, string> = {
  404: "This is not there any more. Go back to the list and choose again.",
  409: "Somebody else was faster. Load this page again and look at what holds now.",
  413: "That is too much at a time. Send less.",
  429: "Too many tries in a short time. Wait a minute, then try again.",
  502: "The server is not running or is just starting. Wait a minute, then try again.",
  503: "The server cannot work at the moment. Wait a minute, then try again.",
  504: "The server takes too long. Wait a minute, then try again.",
};

/** Words for an answer that is a refusal; `isDoor`: the person is just signing in. */
export function refusalWords(status: number, error: Said | null, isDoor = false): string {
  const [what, cure] = [sentence(error?.what), sentence(error?.cure)];
  if (status === 401 && !isDoor) return SIGNED_OUT;
  if (status === 403) return [NOT_ALLOWED, what, cure || ASK_FOR_MORE].filter(Boolean).join(" ");
  if (what) return [what, cure].filter(Boolean).join(" ");
  return OTHERWISE[status] ?? (status >= 500 ? (OTHERWISE[503] ?? "") : NOT_UNDERSTOOD);
}

/** Places where a request's field stands, which only programs care for. */
const FIELD = /\b(?:body|query|path)\.((?:[\w-]+\.)*[\w-]+):/g;

/** Text as a sentence: it begins with a capital and ends with a stop; fields of a request are named as words. */
export function sentence(text: unknown): string {
  if (typeof text !== "string") return "";
  const plain = text.replace(FIELD, (_, field: string) => `${field.replace(/[._]/g, " ")}:`).trim();
  if (!plain) return "";
  const begun = plain.charAt(0).toUpperCase() + plain.slice(1);
  return /[.!?…]$/.test(begun) ? begun : `${begun}.`;
}
