/** The kinds of findings, found in viewer/kinds: a new kind is one file there, and one on the server. */
import type { DrawnKind, FindingKind } from "../geometry/content";
import type { Kind, ShapeKind } from "./kind";

const files = import.meta.glob<Kind>("./kinds/*.ts", { eager: true, import: "kind" });

const isShape = (kind: Kind): kind is ShapeKind => "hand" in kind;

const all = Object.values(files);

/** The kinds that are drawn with points, in the order of the tools. */
export const shapes: readonly ShapeKind[] = all.filter(isShape).sort((a, b) => a.place - b.place);

const byName = new Map(all.map((kind) => [kind.name, kind]));

export function kindOf(name: FindingKind): Kind {
  const kind = byName.get(name);
  if (!kind) {
    throw new Error(`no file in viewer/kinds draws "${name}"`);
  }
  return kind;
}

export function shapeOf(name: DrawnKind): ShapeKind {
  const kind = kindOf(name);
  if (!isShape(kind)) {
    throw new Error(`"${name}" is not drawn with points`);
  }
  return kind;
}

export const isDrawn = (name: FindingKind): name is DrawnKind => isShape(kindOf(name));

/** The shape that a tool draws; undefined for a tool that draws none. */
export const shapeOfTool = (tool: string): ShapeKind | undefined =>
  shapes.find((shape) => shape.name === tool);
