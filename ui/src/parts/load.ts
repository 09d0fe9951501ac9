/** Reading something from the server for as long as a part of the page is shown. */

import { useCallback, useEffect, useState } from "preact/hooks";
import { get, wordsOf } from "../api/client";

export interface Loaded<T> {
  value: T | null;
  error: string | null;
  /** Answers and refusals that came: whoever asks every so often waits for one, or a slow link never brings any. */
  nAnswers: number;
  again: () => void;
}

/** The answer of a path, read anew when the path changes, when asked, and so long after each answer. */
export function useLoaded<T>(path: string | null, everyMs?: number): Loaded<T> {
  const [answer, setAnswer] = useState<{ path: string | null; value: T } | null>(null);
  const [error, setError] = useState<string | null>(null);
  const [nAnswers, setCount] = useState(0);
  const [turn, setTurn] = useState(0);
  const again = useCallback(() => setTurn((n) => n + 1), []);

  useEffect(() => {
    if (path === null) return;
    const stop = new AbortController();
    get<T>(path, stop.signal)
      .then((value) => {
        setAnswer({ path, value });
        setError(null);
      })
      .catch((problem: unknown) => {
        if (!stop.signal.aborted) setError(wordsOf(problem));
      })
      .finally(() => {
        if (!stop.signal.aborted) setCount((n) => n + 1);
      });
    return () => stop.abort();
  }, [path, turn]);

  useEffect(() => {
    if (!everyMs || nAnswers === 0) return;
    const timer = setTimeout(again, everyMs);
    return () => clearTimeout(timer);
  }, [everyMs, nAnswers, again]);

  return { value: answer && answer.path === path ? answer.value : null, error, nAnswers, again };
}

/** What a function brings once, and again when asked; for what is more than one request. */
export function useFetched<T>(fetched: () => Promise<T>): Omit<Loaded<T>, "nAnswers"> {
  const [value, setValue] = useState<T | null>(null);
  const [error, setError] = useState<string | null>(null);
  const again = useCallback(() => {
    fetched().then(
      (rows) => {
        setValue(rows);
        setError(null);
      },
      (problem: unknown) => setError(wordsOf(problem)),
    );
  }, []);
  useEffect(again, [again]);
  return { value, error, again };
}

/** Something that a person does: busy while it runs, and what was refused. */
export function useDeed(): {
  isBusy: boolean;
  error: string | null;
  run: (deed: () => Promise<unknown>) => Promise<boolean>;
} {
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const run = useCallback(async (deed: () => Promise<unknown>) => {
    setBusy(true);
    setError(null);
    try {
      await deed();
      return true;
    } catch (problem) {
      setError(wordsOf(problem));
      return false;
    } finally {
      setBusy(false);
    }
  }, []);
  return { isBusy, error, run };
}
