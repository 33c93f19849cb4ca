// What the page asks the server that it came from; the key stays in memory, and in the tab if somebody says so.

import type { Contents } from "./parts.tsx";
import type { LogEvent } from "./run.ts";
import { eventsOf } from "./unpack.ts";
import { asObject, asText, parsed, type Json } from "./words.ts";

export interface Summary {
  run: string; graph: string; thread: string; owner: string; status: string; started: number; changed: number;
  planned: number; outcomes: Record<string, number>; cost_usd: number | null; lost_usd: number; waiting: string[]; error: string;
}

const KEPT = "fanloom-key";
const AGAIN_MS = 1000, SOON_MS = 250, SLOWEST_MS = 15_000, TIMEOUT_MS = 20_000;

export class Refused extends Error { constructor(readonly status: number, said: string) { super(said); } }

export class Client {
  private key = sessionStorage.getItem(KEPT) ?? "";

  use(key: string, isKept: boolean): void { this.key = key; if (isKept) sessionStorage.setItem(KEPT, key); }

  async get<T>(path: string): Promise<T> { return (await this.ask(path)).json() as Promise<T>; }

  async text(path: string): Promise<string> { return (await this.ask(path)).text(); }

  async post<T>(path: string, body: unknown): Promise<T> {
    const sent = { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json" } };
    return (await this.ask(path, sent)).json() as Promise<T>;
  }

  contents(run: string): Contents { return { get: (hash) => this.text(`/studio/api/runs/${run}/blocks/${encodeURIComponent(hash)}`) }; }

  // The schemas of a graph's input, state and context.
  async schemas(graph: string): Promise<Json> {
    const [found] = await this.post<{ assistant_id: string }[]>("/assistants/search", { graph_id: graph, limit: 1 });
    if (!found) throw new Error(`this server has no graph ${graph}`);
    return this.get<Json>(`/assistants/${found.assistant_id}/schemas`);
  }

  // Turns to the newest run of a thread, once it is another than before; one that has just begun is not in the log at once.
  async lead(thread: string, before = "", tries = 40): Promise<void> {
    for (let left = tries; left > 0; left--) {
      const [found] = await this.get<Summary[]>(`/studio/api/runs?thread=${encodeURIComponent(thread)}&limit=1`);
      if (found && found.run !== before) return location.assign(`/studio/runs/${encodeURIComponent(found.run)}`);
      await new Promise((go) => setTimeout(go, SOON_MS));
    }
    throw new Error("this run is not logged; FANLOOM_RUN_LOG=all, where it runs, has it logged");
  }

  // Follows a run's log, and takes it up again where it broke, until it ends or the page turns to something else.
  async follow(run: string, take: (events: LogEvent[]) => void, stop: AbortSignal): Promise<void> {
    let after = 0;
    for (let pause = AGAIN_MS; !stop.aborted; pause = Math.min(SLOWEST_MS, pause * 2)) {
      try {
        const answer = await this.ask(`/studio/api/runs/${run}/events?after=${after}`, { headers: { accept: "text/event-stream" }, signal: stop });
        const taken = (events: LogEvent[]): void => {
          pause = AGAIN_MS;
          after = events.at(-1)?.seq ?? after;
          take(events);
        };
        if (await messages(answer, taken)) return;
      } catch (error) { if (error instanceof Refused && error.status < 500) throw error; }
      await new Promise((go) => setTimeout(go, pause));
    }
  }

  private async ask(path: string, how: RequestInit = {}): Promise<Response> {
    const headers = { ...(how.headers as Record<string, string>), ...(this.key ? { "x-api-key": this.key } : {}) };
    const answer = await fetch(path, { ...how, headers, cache: "no-store", signal: how.signal ?? AbortSignal.timeout(TIMEOUT_MS) });
    if (answer.ok) return answer;
    const { detail, message } = asObject(parsed(await answer.text()));
    throw new Refused(answer.status, asText(detail ?? message).slice(0, 1000) || `the server answered ${answer.status}`);
  }
}

// Reads server-sent events; says whether the log has come to its end.
export async function messages(answer: Response, take: (events: LogEvent[]) => void): Promise<boolean> {
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  let held = "";
  for (let next = await reader?.read(); next && !next.done; next = await reader?.read()) {
    const parts = (held + next.value).split("\n\n");
    held = parts.pop() ?? "";
    for (const part of parts) {
      if (part.startsWith("event: end")) return true;
      take(eventsOf(part.replaceAll(/^data: /gm, "")));
    }
  }
  return false;
}
