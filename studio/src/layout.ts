// Where the boxes of a graph stand: as the log says, else in layers by the longest way to each.

import type { Json } from "./values.ts";
import { asList, asObject, asText } from "./values.ts";

export interface Box { name: string; x: number; y: number }
export interface Arrow { source: Box; target: Box; conditional: boolean }
const MOST_BOXES = 120;

// Boxes at 0 to 1 in both directions, with the most that stand in one column.
export function laidOut(started: Json): { boxes: Box[]; arrows: Arrow[]; tallest: number; columns: number } {
  const nodes = asList(started.nodes).map(asObject).slice(0, MOST_BOXES);
  const edges = asList(started.edges).map(asObject).slice(0, MOST_BOXES * 4);
  const names = nodes.map((node) => asText(node.name));
  const isPlaced = nodes.every((node) => typeof node.x === "number" && typeof node.y === "number");
  const boxes = isPlaced ? nodes.map((node) => ({ name: asText(node.name), x: Number(node.x), y: Number(node.y) })) : inLayers(names, edges);
  const known = new Map(boxes.map((box) => [box.name, box]));
  const columns = [...new Set(boxes.map((box) => box.x))].sort((a, b) => a - b);
  const tallest = Math.max(1, ...columns.map((x) => boxes.filter((box) => box.x === x).length));
  for (const x of columns) spread(boxes.filter((box) => box.x === x));
  for (const box of boxes) box.x = columns.length > 1 ? columns.indexOf(box.x) / (columns.length - 1) : 0.5;
  const arrows = edges.flatMap((edge) => {
    const source = known.get(asText(edge.source));
    const target = known.get(asText(edge.target));
    return source && target ? [{ source, target, conditional: edge.conditional === true }] : [];
  });
  return { boxes, arrows, tallest, columns: columns.length };
}

function spread(column: Box[]): void { column.sort((a, b) => a.y - b.y).forEach((box, place) => { box.y = (place + 0.5) / column.length; }); }

function inLayers(names: string[], edges: Json[]): Box[] {
  const layer = new Map(names.map((name) => [name, 0]));
  const ahead = forward(names, edges.map((edge) => [asText(edge.source), asText(edge.target)]));
  for (let round = 0; round < names.length; round++) {
    for (const [source, target] of ahead) layer.set(target, Math.max(layer.get(target) ?? 0, (layer.get(source) ?? 0) + 1));
  }
  return names.map((name, place) => ({ name, x: layer.get(name) ?? 0, y: place }));
}

// The edges that lead back to no node on the way to their source.
function forward(names: string[], edges: [string, string][]): [string, string][] {
  const found: [string, string][] = [];
  const [seen, way] = [new Set<string>(), new Set<string>()];
  const enter = (name: string): void => {
    seen.add(name);
    way.add(name);
    for (const edge of edges.filter(([source, target]) => source === name && !way.has(target))) {
      found.push(edge);
      if (!seen.has(edge[1])) enter(edge[1]);
    }
    way.delete(name);
  };
  for (const name of names) if (!seen.has(name)) enter(name);
  return found.filter(([, target]) => names.includes(target));
}
