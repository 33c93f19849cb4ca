// A run from a checkpoint of a kept thread on, with a state that may be edited first.

import { useState } from "preact/hooks";
import type { Client } from "./client.ts";
import { Form } from "./form.tsx";
import { Asked, Fold, SendForm, Table } from "./parts.tsx";
import type { Run } from "./run.ts";
import { asObject, asText, type Json, shown, spaced } from "./words.ts";

interface Place { checkpoint: Json; next: string[]; values: Json; created_at: string }
const MOST = 200;

export const Forks = (props: { client: Client; run: Run }) => <Fold summary="Fork from a checkpoint">{() => <Places {...props} />}</Fold>;

function Places({ client, run }: { client: Client; run: Run }) {
  const thread = asText(run.started.thread);
  const [chosen, choose] = useState<Place | undefined>();
  const read = async () => {
    const places = await client.post<Place[]>(`/threads/${encodeURIComponent(thread)}/history`, { limit: MOST });
    const schemas = await client.schemas(asText(run.started.graph));
    return { places: places.filter((each) => each.next.length).reverse(), schema: asObject(schemas.state_schema) };
  };
  return (
    <Asked ask={read} about={[client, thread]}>
      {({ places, schema }) => {
        if (chosen) return <StateForm client={client} run={run} thread={thread} place={chosen} schema={schema} onBack={() => choose(undefined)} />;
        if (!places.length) return <p class="quiet">This thread has no checkpoint from which a run could go on.</p>;
        return <Table columns={["!", "", "#"]} lines={places.map((place) => [
          shown(before(place), 100), new Date(place.created_at).toLocaleTimeString(), <button type="button" aria-label={`Fork here, ${shown(before(place), 100)}`} onClick={() => choose(place)}>Fork here</button>,
        ])} />;
      }}
    </Asked>
  );
}

const before = (place: Place): string => `before ${[...new Set(place.next)].map((name) => spaced(name.replaceAll("__", ""))).join(", ")}`;

function StateForm({ client, run, thread, place, schema, onBack }: { client: Client; run: Run; thread: string; place: Place; schema: Json; onBack: () => void }) {
  const [value, setValue] = useState<unknown>(place.values);
  const changed = Object.entries(asObject(value)).filter(([name, field]) => JSON.stringify(field) !== JSON.stringify(place.values[name]));
  const path = `/threads/${encodeURIComponent(thread)}`;
  const fork = async (): Promise<void> => {
    const edited = changed.length ? await client.post<Json>(`${path}/state`, { values: Object.fromEntries(changed), checkpoint: place.checkpoint }) : place;
    await client.post(`${path}/runs`, {
      assistant_id: asText(run.started.graph), input: null, checkpoint: edited.checkpoint, context: run.started.context ?? null, durability: "async", multitask_strategy: "reject",
    });
    await client.lead(thread, asText(run.started.run));
  };
  const word = changed.length ? `Write ${shown(changed.map(([name]) => name).join(", "), 60)} and run` : "Run from here";
  return (
    <SendForm label="fork" word={word} send={fork} beside={<button type="button" onClick={onBack}>Back</button>}>
      {(problem) => (
        <>
          <h3>{shown(before(place), 100)}</h3>
          <p class="quiet">Fields that you change are written into the state first; to a field that adds up, what you write is added. The run goes on from here, in the same thread.</p>
          <Form schema={schema} value={value} problem={problem} onChange={setValue} />
        </>
      )}
    </SendForm>
  );
}
