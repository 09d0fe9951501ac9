/** Several of many, or all of them: a list of boxes whose first stands for all. */

import { chosenOf, textOfChoice } from "./chosen";

interface ChoiceProps {
  label: string;
  all: string;
  options: [string, string][];
  value: string;
  hint?: string | undefined;
  onInput: (value: string) => void;
}

export function Choice({ label, all, options, value, hint, onInput }: ChoiceProps) {
  const chosen = chosenOf(value);
  const isEmpty = chosen?.length === 0;
  const toggle = (key: string) => {
    const kept = chosen ?? [];
    onInput(textOfChoice(kept.includes(key) ? kept.filter((each) => each !== key) : [...kept, key]));
  };
  return (
    <fieldset class="field choice">
      <legend>{label}</legend>
      <label class="check">
        <input
          type="checkbox"
          checked={chosen === null}
          required={isEmpty}
          ref={(box) => box?.setCustomValidity(isEmpty ? `Tick “${all}”, or at least one place.` : "")}
          onChange={() => onInput(textOfChoice(chosen === null ? [] : null))}
        />
        {all}
      </label>
      <div class="choice-list">
        {options.map(([key, word]) => (
          <label key={key} class="check" title={key}>
            <input type="checkbox" checked={chosen?.includes(key) ?? false} onChange={() => toggle(key)} />
            {word}
          </label>
        ))}
      </div>
      {hint && <small>{hint}</small>}
    </fieldset>
  );
}
