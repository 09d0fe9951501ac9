import { useState } from "preact/hooks";
import { Refusal } from "../api/client";
import { SIGNED_OUT } from "../api/words";
import type { ServerHealth } from "../api/contract";
import { useDeed, useLoaded } from "../parts/load";
import { isSessionOver } from "../store/screen";
import { signIn } from "../store/session";
import { ChoosePassword } from "./ChoosePassword";

export function Login() {
  const [hasCode, setHasCode] = useState(false);
  return (
    <main class="door">
      {hasCode ? (
        <ChoosePassword onDone={() => setHasCode(false)} />
      ) : (
        <SignIn onCode={() => setHasCode(true)} />
      )}
    </main>
  );
}

function SignIn({ onCode }: { onCode: () => void }) {
  const [needsCode, setNeedsCode] = useState(false);
  const { isBusy, error, run } = useDeed();
  const server = useLoaded<ServerHealth>("/api/health").value;
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const said = new FormData(event.currentTarget as HTMLFormElement);
    const word = (name: string) => String(said.get(name) ?? "");
    void run(async () => {
      try {
        await signIn(word("name"), word("password"), word("code").replace(/\s/g, ""));
      } catch (problem) {
        if (asksForCode(problem) && !needsCode) return setNeedsCode(true);
        throw problem;
      }
    });
  };
  return (
    <form onSubmit={submit} aria-label="Sign in">
      <svg class="door-sign" width="56" height="56" viewBox="0 0 32 32" aria-hidden="true">
        <path class="brand-bench" d="M4 9h7v5h6v5h6v5h5" />
        <circle class="brand-dot" cx="23.5" cy="11" r="3" />
      </svg>
      <h1>Highwall</h1>
      <p class="muted">The mine as it is now.</p>
      {isSessionOver.value && !error && (
        <p class="refused" role="status">
          {SIGNED_OUT}
        </p>
      )}
      <label class="field">
        <span>Name</span>
        <input name="name" autoComplete="username" autoCapitalize="none" required autoFocus />
      </label>
      <label class="field">
        <span>Password</span>
        <input name="password" type="password" autoComplete="current-password" required />
      </label>
      {needsCode && (
        <label class="field">
          <span>Code of your authenticator</span>
          <input
            name="code"
            inputMode="numeric"
            autoComplete="one-time-code"
            pattern="[0-9 ]{6,8}"
            required
            autoFocus
          />
          <small>Six digits; your role asks for a second proof.</small>
        </label>
      )}
      {error && (
        <p class="refused" role="alert">
          {error}
        </p>
      )}
      <button type="submit" class="button main" disabled={isBusy}>
        {isBusy ? "Signing in …" : "Sign in"}
      </button>
      {server?.login_elsewhere && (
        <a class="button" href="/api/oidc/start">
          Sign in with your organisation
        </a>
      )}
      <button type="button" class="button quiet" onClick={onCode}>
        I have a code for a new password
      </button>
    </form>
  );
}

function asksForCode(problem: unknown): boolean {
  if (!(problem instanceof Refusal)) return false;
  return (problem.body as { needs_code?: boolean } | null)?.needs_code === true;
}
