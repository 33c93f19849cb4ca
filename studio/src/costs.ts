// What a run cost, by step and model: with a fallback one step has two.

export interface CostRow { step: string; model: string; calls: number; input: number; output: number; cost: number; unknown: boolean; lost: number }

export function costRow(costs: Map<string, CostRow>, step: string, model: string): CostRow {
  const key = JSON.stringify([step, model]);
  let found = costs.get(key);
  if (!found) costs.set(key, (found = { step, model, calls: 0, input: 0, output: 0, cost: 0, unknown: false, lost: 0 }));
  return found;
}
