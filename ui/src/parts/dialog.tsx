/** A question put before a deed: what it does, what must be said, and what the server refused. */

import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Choice } from "./choice";
import { useDeed } from "./load";

interface DialogProps {
  title: string;
  children: ComponentChildren;
  onClose: () => void;
}

export function Dialog({ title, children, onClose }: DialogProps) {
  const box = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const from = document.activeElement;
    box.current?.showModal();
    return () => (from instanceof HTMLElement ? from.focus() : undefined);
  }, []);
  return (
    <dialog ref={box} class="dialog" aria-label={title} onClose={onClose}>
      <h2>{title}</h2>
      {children}
    </dialog>
  );
}

export interface Field {
  name: string;
  label: string;
  kind?: "text" | "area" | "password" | "select" | "number" | "many";
  options?: [string, string][];
  /** Of many: the word for all of them. */
  all?: string;
  value?: string;
  isOptional?: boolean;
  hint?: string;
  /** Whether it is asked for at all, by what the other fields say. */
  isAsked?: (said: Record<string, string>) => boolean;
}

interface AskProps {
  title: string;
  intro?: ComponentChildren;
  fields: Field[];
  deed: string;
  tone?: "plain" | "bad";
  onDo: (said: Record<string, string>) => Promise<unknown>;
  onClose: () => void;
}

/** A dialog of a few fields and one deed. */
export function Ask({ title, intro, fields, deed, tone = "plain", onDo, onClose }: AskProps) {
  const [said, setSaid] = useState<Record<string, string>>(() =>
    Object.fromEntries(fields.map((field) => [field.name, field.value ?? field.options?.[0]?.[0] ?? ""])),
  );
  const { isBusy, error, run } = useDeed();
  const submit = async (event: Event) => {
    event.preventDefault();
    if (await run(() => onDo(said))) onClose();
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <form onSubmit={submit}>
        {intro && <div class="intro">{intro}</div>}
        {fields
          .filter(({ isAsked }) => isAsked?.(said) ?? true)
          .map((field) => (
            <Input
              key={field.name}
              field={field}
              value={said[field.name] ?? ""}
              onInput={(value) => setSaid((all) => ({ ...all, [field.name]: value }))}
            />
          ))}
        <FormFoot error={error} onClose={onClose} deed={deed} tone={tone} isReady={!isBusy} />
      </form>
    </Dialog>
  );
}

export function Input({
  field,
  value,
  onInput,
}: {
  field: Field;
  value: string;
  onInput: (value: string) => void;
}) {
  const shared = {
    name: field.name,
    value,
    required: !field.isOptional,
    onInput: (event: Event) => onInput((event.currentTarget as HTMLInputElement).value),
  };
  if (field.kind === "many") {
    const { label, all = "All", options = [], hint } = field;
    return <Choice {...{ label, all, options, value, hint, onInput }} />;
  }
  return (
    <label class="field">
      <span>
        {field.label}
        {field.isOptional && field.kind !== "select" && <em> if there is one</em>}
      </span>
      {field.kind === "area" && <textarea rows={3} {...shared} />}
      {field.kind === "select" && (
        <select {...shared}>
          {field.options?.map(([key, word]) => (
            <option key={key} value={key}>
              {word}
            </option>
          ))}
        </select>
      )}
      {field.kind !== "area" && field.kind !== "select" && (
        <input type={field.kind ?? "text"} step="any" autoComplete="off" {...shared} />
      )}
      {field.hint && <small>{field.hint}</small>}
    </label>
  );
}

interface FormFootProps {
  error: string | null;
  onClose: () => void;
  deed: string;
  isReady: boolean;
  tone?: "plain" | "bad";
}

/** End of every form: what was refused, the way out, and the deed. */
export function FormFoot({ error, onClose, deed, isReady, tone = "plain" }: FormFootProps) {
  return (
    <>
      {error && (
        <p class="refused" role="alert">
          {error}
        </p>
      )}
      <div class="deeds">
        <button type="button" class="button quiet" onClick={onClose}>
          Leave it
        </button>
        <button type="submit" class={`button ${tone === "bad" ? "bad" : "main"}`} disabled={!isReady}>
          {deed}
        </button>
      </div>
    </>
  );
}
