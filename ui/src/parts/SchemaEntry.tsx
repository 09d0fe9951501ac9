/** The one element of a form in which a value stands: a box, a choice, a number or a text. */

import { useState } from "preact/hooks";
import { blank, type Json, type Shape } from "../format/schema";

interface EntryProps {
  id: string;
  path: string;
  value: Json;
  shape: Shape;
  describedBy: string;
  onChange: (value: Json) => void;
}

/** What a value is typed, chosen or switched in. */
export function Entry({ id, path, value, shape, describedBy, onChange }: EntryProps) {
  const { kind, schema, isOptional } = shape;
  const shared = { id, name: path, "aria-describedby": describedBy };
  if (kind === "flag")
    return (
      <input
        {...shared}
        type="checkbox"
        checked={value === true}
        onChange={(event) => onChange(event.currentTarget.checked)}
      />
    );
  if (kind === "choice")
    return (
      <select {...shared} value={String(value)} onChange={(event) => onChange(event.currentTarget.value)}>
        {schema.enum?.map((one) => (
          <option key={one} value={one}>
            {one}
          </option>
        ))}
      </select>
    );
  if (kind === "number" || kind === "integer")
    return <NumberEntry {...shared} value={value} shape={shape} onChange={onChange} />;
  const text = Array.isArray(value) ? value.join(", ") : String(value ?? "");
  return (
    <input
      {...shared}
      autoComplete="off"
      value={text}
      placeholder={kind === "names" ? "one, another" : isOptional ? "none" : ""}
      onChange={(event) => onChange(entered(event.currentTarget.value, shape))}
    />
  );
}

interface NumberEntryProps {
  id: string;
  name: string;
  "aria-describedby": string;
  value: Json;
  shape: Shape;
  onChange: (value: Json) => void;
}

/** A number; while it is typed its text is left alone, for `0.` is on the way to 0.5. */
function NumberEntry({ value, shape, onChange, ...shared }: NumberEntryProps) {
  const [isTyped, setTyped] = useState(false);
  const { kind, schema, isOptional } = shape;
  return (
    <input
      {...shared}
      type="number"
      step={kind === "integer" ? 1 : "any"}
      min={schema.minimum ?? schema.exclusiveMinimum}
      max={schema.maximum ?? schema.exclusiveMaximum}
      value={isTyped ? undefined : typeof value === "number" ? value : ""}
      placeholder={isOptional ? "by default" : ""}
      onInput={(event) => {
        const text = event.currentTarget.value;
        setTyped(true);
        onChange(text === "" ? null : Number(text));
      }}
      onBlur={() => setTyped(false)}
    />
  );
}

function entered(text: string, shape: Shape): Json {
  if (shape.kind === "names")
    return text
      .split(",")
      .map((each) => each.trim())
      .filter(Boolean);
  return text === "" && shape.isOptional ? blank(shape) : text;
}
