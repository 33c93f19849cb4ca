// Single keys that act on a run, for as long as they are switched on and nobody types.

import { useEffect } from "preact/hooks";

export type Actions = Map<string, () => void>;

export function useKeys(isOn: boolean, actions: Actions): void {
  useEffect(() => {
    if (!isOn) return;
    const press = (event: KeyboardEvent): void => {
      const target = event.target as HTMLElement;
      const isTyping = target.matches("input:not([type=range]), textarea, select");
      if (event.ctrlKey || event.metaKey || event.altKey || (isTyping && event.key !== "Escape")) return;
      const act = actions.get(event.key);
      if (!act) return;
      event.preventDefault();
      act();
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  });
}
