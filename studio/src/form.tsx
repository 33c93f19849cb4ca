// A form from a JSON Schema: what it has no field for is asked as JSON.

import type { ComponentChildren } from "preact";
import { useId, useState } from "preact/hooks";
import { Problem } from "./parts.tsx";
import { asList, asObject, asText, type Json, parsed, shown, spaced } from "./words.ts";

const DEEPEST = 4;
const MOST_FIELDS = 60;
interface FieldProps { schema: Json; root: Json; name: string; value: unknown; needed: boolean; problem: string; deep: number; onChange: (value: unknown) => void }

// The schema that a reference, or a choice between one and null, stands for.
export function resolved(schema: Json, root: Json): Json {
  let found = schema;
  for (let step = 0; step < 8; step++) {
    const reference = asText(found.$ref);
    if (reference.startsWith("#/")) {
      const { $ref: _, ...own } = found;
      found = { ...asObject(reference.slice(2).split("/").reduce<unknown>((at, name) => asObject(at)[name], root)), ...own };
    }
    const choices = asList(found.anyOf ?? found.oneOf).map(asObject).filter((each) => each.type !== "null");
    if (choices.length !== 1 || !choices[0]) break;
    const { anyOf: _any, oneOf: _one, ...own } = found;
    found = { ...choices[0], ...own };
  }
  const all = asList(found.allOf).map(asObject);
  return all.length === 1 && all[0] ? resolved({ ...all[0], ...found, allOf: undefined }, root) : found;
}

export const startOf = (schema: Json): unknown =>
  Object.hasOwn(schema, "default") ? schema.default : schema.type === "object" && schema.properties ? {} : undefined;

// A problem that the server names a field by stands beside that field.
export const Form = ({ schema, ...given }: { schema: Json; value: unknown; problem: string; onChange: (value: unknown) => void }) => (
  <Field {...given} schema={schema} root={schema} name="" needed deep={0} />
);

function Field(props: FieldProps) {
  const schema = resolved(props.schema, props.root);
  const id = useId();
  const properties = Object.entries(asObject(schema.properties)).slice(0, MOST_FIELDS);
  const isNested = properties.length > 0 && props.deep < DEEPEST;
  const label = <>{shown(spaced(asText(schema.title) || props.name), 100)}{props.needed && <abbr title="required"> *</abbr>}</>;
  const told = <>{asText(schema.description) && <p class="quiet" id={`${id}-about`}>{shown(schema.description, 600)}</p>}<Problem said={isNested ? "" : props.problem} /></>;
  const parts = { ...props, schema, id, label, told };
  if (isNested) return <Nested {...parts} properties={properties} />;
  const choices = schema.const === undefined ? asList(schema.enum) : [schema.const];
  if (choices.length || schema.type === "boolean") return <Choice {...parts} choices={choices.length ? choices : [true, false]} />;
  return <div class="field"><label for={id}>{label}</label><Entry {...parts} />{told}</div>;
}

type Parts = FieldProps & { id: string; label: ComponentChildren; told: ComponentChildren };

function Nested({ root, value, deep, onChange, label, told, properties, schema, name, problem }: Parts & { properties: [string, unknown][] }) {
  const [held, needed] = [asObject(value), asList(schema.required)];
  const fields = properties.map(([key, inner]) => (
    <Field key={key} schema={asObject(inner)} root={root} name={key} needed={needed.includes(key)} problem={problem.includes(`'${key}'`) ? problem : ""} deep={deep + 1}
      value={Object.hasOwn(held, key) ? held[key] : undefined} onChange={(given) => onChange(withField(held, key, given))} />
  ));
  return name ? <fieldset><legend>{label}</legend>{told}{fields}</fieldset> : <>{told}{fields}</>;
}

function withField(held: Json, key: string, given: unknown): Json {
  const rest = Object.entries(held).filter(([name]) => name !== key);
  return Object.fromEntries(given === undefined ? rest : [...rest, [key, given]]);
}

function Choice({ id, choices, label, told, value, onChange, needed }: Parts & { choices: unknown[] }) {
  const word = (choice: unknown): string => (choice === true ? "yes" : choice === false ? "no" : shown(choice, 100));
  if (choices.length > 6) {
    const place = choices.indexOf(value);
    return (
      <div class="field"><label for={id}>{label}</label>
        <select id={id} value={String(place)} onChange={(event) => onChange(choices[Number(event.currentTarget.value)])}>
          <option value="-1" />{choices.slice(0, 500).map((choice, key) => <option key={key} value={String(key)}>{word(choice)}</option>)}
        </select>{told}
      </div>
    );
  }
  return (
    <fieldset class="choice"><legend>{label}</legend>
      {choices.map((choice, key) => (
        <label key={key}><input type="radio" name={id} required={needed} checked={value === choice} onChange={() => onChange(choice)} /> {word(choice)}</label>
      ))}{told}
    </fieldset>
  );
}

function Entry({ id, schema, value, needed, onChange }: Parts) {
  const isNumber = schema.type === "number" || schema.type === "integer";
  const isList = schema.type === "array" && asObject(schema.items).type === "string";
  const [raw, setRaw] = useState(value === undefined ? "" : schema.type === "string" || isNumber ? asText(value) : isList ? asList(value).join("\n") : JSON.stringify(value, null, 2));
  const read = (text: string): unknown => {
    if (schema.type === "string") return text || undefined;
    if (isNumber) return text === "" ? undefined : Number(text);
    if (isList) return text.split("\n").filter(Boolean);
    return text.trim() ? (parsed(text) ?? text) : undefined;
  };
  const take = (text: string): void => { setRaw(text); onChange(read(text)); };
  const shared = { id, required: needed, value: raw, "aria-describedby": `${id}-about` };
  if (isNumber) return <input {...shared} type="number" step={schema.type === "integer" ? 1 : "any"} onInput={(event) => take(event.currentTarget.value)} />;
  const hint = schema.type === "string" ? undefined : isList ? "one a line" : "JSON";
  return <textarea {...shared} rows={schema.type === "string" ? 2 : 4} placeholder={hint} onInput={(event) => take(event.currentTarget.value)} />;
}
