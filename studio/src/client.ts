// What the page asks the server that it came from; the key stays in memory, and in the tab if somebody says so.

import type { LogEvent } from "./run.ts";
import { isEvent } from "./unpack.ts";
import { asObject, asText, parsed } from "./values.ts";

export interface Summary {
  run: string; graph: string; thread: string; owner: string; status: string; started: number; changed: number;
  planned: number; outcomes: Record<string, number>; cost_usd: number | null; lost_usd: number; waiting: string[]; error: string;
}

const KEPT = "fanloom-key";
const AGAIN_MS = 1000;
const SLOWEST_MS = 15_000;
const TIMEOUT_MS = 20_000;

export class Refused extends Error {
  constructor(readonly status: number, said: string) { super(said); }
}

export class Client {
  private key = sessionStorage.getItem(KEPT) ?? "";

  use(key: string, isKept: boolean): void { this.key = key; if (isKept) sessionStorage.setItem(KEPT, key); }

  async get<T>(path: string): Promise<T> { return (await this.ask(path)).json() as Promise<T>; }

  async text(path: string): Promise<string> { return (await this.ask(path)).text(); }

  async post<T>(path: string, body: unknown): Promise<T> {
    const sent = { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json" } };
    return (await this.ask(path, sent)).json() as Promise<T>;
  }

  // Follows a run's log, and takes it up again where it broke, until it ends or the page turns to something else.
  async follow(run: string, take: (events: LogEvent[]) => void, stop: AbortSignal): Promise<void> {
    let after = 0;
    for (let pause = AGAIN_MS; !stop.aborted; pause = Math.min(SLOWEST_MS, pause * 2)) {
      try {
        const answer = await this.ask(`/studio/api/runs/${run}/events?after=${after}`, { headers: { accept: "text/event-stream" }, signal: stop });
        const isOver = await messages(answer, (events) => {
          pause = AGAIN_MS;
          after = events.at(-1)?.seq ?? after;
          take(events);
        });
        if (isOver) return;
      } catch (error) { if (stop.aborted) return; if (error instanceof Refused && error.status < 500) throw error; }
      await new Promise((go) => setTimeout(go, pause));
    }
  }

  private async ask(path: string, how: RequestInit = {}): Promise<Response> {
    const headers = { ...(how.headers as Record<string, string>), ...(this.key ? { "x-api-key": this.key } : {}) };
    const answer = await fetch(path, { ...how, headers, cache: "no-store", signal: how.signal ?? AbortSignal.timeout(TIMEOUT_MS) });
    if (!answer.ok) throw new Refused(answer.status, problemOf(await answer.text(), answer.status));
    return answer;
  }
}

function problemOf(body: string, status: number): string {
  const told = asObject(parsed(body));
  return asText(told.detail ?? told.message).slice(0, 1000) || `the server answered ${status}`;
}

// Reads server-sent events; says whether the log has come to its end.
export async function messages(answer: Response, take: (events: LogEvent[]) => void): Promise<boolean> {
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  let held = "";
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
    if (done) return false;
    held += value;
    const parts = held.split("\n\n");
    held = parts.pop() ?? "";
    for (const part of parts) {
      if (part.startsWith("event: end")) return true;
      const lines = part.split("\n").filter((line) => line.startsWith("data: "));
      const events = lines.map((line) => asObject(parsed(line.slice(6)))).filter(isEvent);
      if (events.length) take(events);
    }
  }
}
