// Contents of a log: a text by its hash, read when it is opened, and shown as text alone.

import { useEffect, useState } from "preact/hooks";
import { count } from "./words.ts";
import { shown } from "./values.ts";

export interface Contents { get(hash: string): Promise<string | undefined> }

const SHORT = 8000;

export function Content({ contents, hash, label }: { contents: Contents; hash: string; label: string }) {
  const [text, setText] = useState<string | null | undefined>(null);
  useEffect(() => {
    let isHere = true;
    setText(null);
    void contents.get(hash).catch(() => undefined).then((found) => isHere && setText(found));
    return () => { isHere = false; };
  }, [contents, hash]);
  if (text === null) return <p class="quiet">reading...</p>;
  return text === undefined ? <p class="quiet">not kept in this log</p> : <LongText text={text} label={label} />;
}

export function LongText({ text, label }: { text: string; label: string }) {
  const [isWhole, setWhole] = useState(false);
  const pre = <pre tabIndex={0} role="region" aria-label={label}>{shown(text, isWhole ? Infinity : SHORT)}</pre>;
  if (text.length <= SHORT || isWhole) return pre;
  return <>{pre}<button type="button" onClick={() => setWhole(true)}>Show all {count(text.length)} characters</button></>;
}
