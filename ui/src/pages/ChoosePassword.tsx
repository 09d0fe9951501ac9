/** With a one-time code a person chooses a password, and pairs an authenticator where the role asks for one. */

import { useState } from "preact/hooks";
import type { SetUp } from "../api/contract";
import { post } from "../api/client";
import { useDeed } from "../parts/load";

const LEAST_LENGTH = 12;

export function ChoosePassword({ onDone }: { onDone: () => void }) {
  const [made, setMade] = useState<SetUp | null>(null);
  const { isBusy, error, run } = useDeed();
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const said = new FormData(event.currentTarget as HTMLFormElement);
    const body = {
      code: String(said.get("setup") ?? "").trim(),
      password: String(said.get("password") ?? ""),
    };
    void run(async () => {
      const answer = await post<SetUp>("/api/setup", body);
      if (answer.totp_secret) setMade(answer);
      else onDone();
    });
  };
  if (made) return <Pair made={made} onDone={onDone} />;
  return (
    <form onSubmit={submit} aria-label="Choose a password">
      <h1>Choose a password</h1>
      <label class="field">
        <span>One-time code</span>
        <input name="setup" autoComplete="off" autoCapitalize="none" required autoFocus />
      </label>
      <label class="field">
        <span>New password</span>
        <input
          name="password"
          type="password"
          autoComplete="new-password"
          minLength={LEAST_LENGTH}
          required
        />
        <small>At least {LEAST_LENGTH} characters; a few words are easier than signs.</small>
      </label>
      {error && (
        <p class="refused" role="alert">
          {error}
        </p>
      )}
      <button type="submit" class="button main" disabled={isBusy}>
        Choose it
      </button>
      <button type="button" class="button quiet" onClick={onDone}>
        Back
      </button>
    </form>
  );
}

function Pair({ made, onDone }: { made: SetUp; onDone: () => void }) {
  return (
    <section class="pair" aria-label="Pair an authenticator">
      <h1>Pair your authenticator</h1>
      <p class="muted">
        Your role asks for a second proof. Scan this, or type the key; it is shown this once.
      </p>
      {made.totp_qr && (
        <img
          class="qr"
          alt="Key of the authenticator"
          src={`data:image/svg+xml;base64,${btoa(made.totp_qr)}`}
        />
      )}
      <p class="code">{made.totp_secret}</p>
      <button type="button" class="button main" onClick={onDone}>
        I have it
      </button>
    </section>
  );
}
