/** Fields for a content whose schema is known: each with its unit, its bounds and what is wrong with it. */

import { useId, useState } from "preact/hooks";
import {
  boundsOf,
  completed,
  explained,
  faultOf,
  fieldsOf,
  itemOf,
  labelOf,
  unitOf,
  type Content,
  type Json,
  type Schema,
  type Shape,
} from "../format/schema";
import { Entry } from "./SchemaEntry";

interface PartProps {
  value: Content;
  shape: Shape;
  root: Schema;
  path: string;
  onChange: (value: Content) => void;
}

/** The fields of one part, one below the other. */
export function PartFields({ value, shape, root, path, onChange }: PartProps) {
  return (
    <div class="schema-part">
      {fieldsOf(shape.schema, root).map(([name, field]) => (
        <Field
          key={name}
          name={name}
          path={path ? `${path}.${name}` : name}
          value={value[name] ?? null}
          shape={field}
          root={root}
          onChange={(said) => onChange({ ...value, [name]: said })}
        />
      ))}
    </div>
  );
}

interface FieldProps {
  name: string;
  path: string;
  value: Json;
  shape: Shape;
  root: Schema;
  onChange: (value: Json) => void;
}

function Field(props: FieldProps) {
  const { kind } = props.shape;
  if (kind === "kept") return <Kept {...props} />;
  if (kind === "part") return <Group {...props} />;
  if (kind === "list") return <List {...props} />;
  if (kind === "book") return <Book {...props} />;
  return <Line {...props} />;
}

function Kept({ name, path, value, shape }: FieldProps) {
  const n = Array.isArray(value) ? value.length : Object.keys(value ?? {}).length;
  return (
    <p class="schema-kept muted" data-path={path}>
      {labelOf(name)} ({explained(shape.schema)}): {n ? `${n}, kept as they are` : "none"}. They are set
      through the interface for other systems.
    </p>
  );
}

/** A part within a part; one that may be left out has a switch. */
function Group({ name, path, value, shape, root, onChange }: FieldProps) {
  const isOn = value !== null;
  const fresh = () => completed({}, { ...shape, isOptional: false }, root);
  return (
    <details class="schema-group" data-path={path}>
      <summary>
        <b>{labelOf(name)}</b>
        <span class="muted">
          {" "}
          {explained(shape.schema)}
          {!isOn && " · off"}
        </span>
      </summary>
      {shape.isOptional && (
        <label class="schema-switch">
          <input
            type="checkbox"
            name={path}
            checked={isOn}
            onChange={(event) => onChange(event.currentTarget.checked ? fresh() : null)}
          />
          {labelOf(name)} is used
        </label>
      )}
      {isOn && (
        <PartFields value={value as Content} shape={shape} root={root} path={path} onChange={onChange} />
      )}
    </details>
  );
}

function List({ name, path, value, shape, root, onChange }: FieldProps) {
  const item = itemOf(shape, root);
  const rows = Array.isArray(value) ? value : [];
  if (!item) return null;
  const fault = faultOf(value, shape);
  return (
    <details class="schema-group" data-path={path}>
      <summary>
        <b>{labelOf(name)}</b> <span class="muted">{explained(shape.schema)}</span> · {rows.length}
      </summary>
      {rows.map((row, index) => (
        <Item
          key={index}
          title={`${labelOf(name)} ${index + 1}`}
          onRemove={() => onChange(rows.filter((_, other) => other !== index))}
        >
          <Single
            value={row}
            name={name}
            path={`${path}.${index}`}
            shape={item}
            root={root}
            onChange={(said) => onChange(rows.map((each, other) => (other === index ? said : each)))}
          />
        </Item>
      ))}
      {fault && <p class="refused">{fault}</p>}
      <button
        type="button"
        class="button small"
        onClick={() => onChange([...rows, completed(undefined, item, root)])}
      >
        Add one
      </button>
    </details>
  );
}

/** Things by name. */
function Book({ name, path, value, shape, root, onChange }: FieldProps) {
  const [key, setKey] = useState("");
  const item = itemOf(shape, root);
  const rows = Object.entries((value ?? {}) as Content);
  if (!item) return null;
  const keyed = (pairs: [string, Json][]) => onChange(Object.fromEntries(pairs));
  return (
    <details class="schema-group" data-path={path}>
      <summary>
        <b>{labelOf(name)}</b> <span class="muted">{explained(shape.schema)}</span> · {rows.length}
      </summary>
      {rows.map(([one, said]) => (
        <Item key={one} title={one} onRemove={() => keyed(rows.filter(([other]) => other !== one))}>
          <Single
            value={said}
            name={one}
            unit={unitOf(name, shape.schema)}
            path={`${path}.${one}`}
            shape={item}
            root={root}
            onChange={(next) => keyed(rows.map(([other, was]) => [other, other === one ? next : was]))}
          />
        </Item>
      ))}
      <div class="schema-add">
        <input
          aria-label={`Name of a new one in ${labelOf(name)}`}
          placeholder="name"
          value={key}
          onInput={(event) => setKey(event.currentTarget.value)}
        />
        <button
          type="button"
          class="button small"
          disabled={!key.trim() || rows.some(([one]) => one === key.trim())}
          onClick={() => {
            keyed([...rows, [key.trim(), completed(undefined, item, root)]]);
            setKey("");
          }}
        >
          Add
        </button>
      </div>
    </details>
  );
}

function Item({
  title,
  children,
  onRemove,
}: {
  title: string;
  children: preact.ComponentChildren;
  onRemove: () => void;
}) {
  return (
    <fieldset class="schema-item">
      <legend>{title}</legend>
      {children}
      <button type="button" class="button small quiet" onClick={onRemove}>
        Take {title} away
      </button>
    </fieldset>
  );
}

/** One thing of a list or a book. */
function Single(props: FieldProps & { unit?: string }) {
  if (props.shape.kind !== "part") return <Line {...props} />;
  const { value, shape, root, path, onChange } = props;
  return (
    <PartFields value={(value ?? {}) as Content} shape={shape} root={root} path={path} onChange={onChange} />
  );
}

/** A value in one line. */
function Line({ name, path, value, shape, unit, onChange }: FieldProps & { unit?: string }) {
  const id = useId();
  const { schema } = shape;
  const fault = faultOf(value, shape);
  const hint = [explained(schema), boundsOf(schema)].filter(Boolean).join(" · ");
  const said = unit ?? unitOf(name, schema);
  return (
    <div class={`schema-line ${fault ? "is-wrong" : ""}`}>
      <label for={id}>{labelOf(name)}</label>
      <span class="schema-value">
        <Entry
          id={id}
          path={path}
          value={value}
          shape={shape}
          describedBy={`${id}-hint`}
          onChange={onChange}
        />
        {said && <span class="schema-unit">{said}</span>}
      </span>
      <small id={`${id}-hint`}>
        {hint}
        {fault && <span class="refused"> {fault}</span>}
      </small>
    </div>
  );
}
