// What the signs mean.

const SIGNS: [string, string, string][] = [
  ["bar good", "", "answered"], ["bar bad", "\u2715", "no use"], ["bar good repair", "\u270e", "repair"], ["bar good fallback", "\u21c4", "other model"],
  ["bar good longer", "\u2922", "more room"], ["", "\u21bb", "retry"], ["wait hatch", "", "waits for a call"], ["wait dots", "", "back-off"],
  ["wait dashes", "", "waits for a task"], ["pause", "", "provider's pause"], ["bar person", "?", "a person"], ["", "//", "time left out"],
];

export const Legend = () => (
  <ul class="legend" aria-label="legend">
    {SIGNS.map(([look, sign, word]) => <li key={word}>{look && <span class={look} aria-hidden="true">{look.startsWith("bar") ? sign : ""}</span>}{look ? "" : sign} {word}</li>)}
  </ul>
);
