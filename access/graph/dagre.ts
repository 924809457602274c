import * as dagre from "@dagrejs/dagre";

export interface Point {
  readonly x: number;
  readonly y: number;
}

interface Size {
  readonly width: number;
  readonly height: number;
}

/** A graph that dagre places: sizes go in, middles and lines come out. */
export interface Placing {
  setGraph(options: {
    readonly rankdir: "LR";
    readonly nodesep: number;
    readonly edgesep: number;
    readonly ranksep: number;
  }): void;
  graph(): Partial<Size>;
  setNode(id: string, size: Size): void;
  node(id: string): Point;
  /** The size is that of the words on the line; `minlen` is how many columns it spans. */
  setEdge(from: string, to: string, label: Size & { readonly labelpos: "c"; readonly minlen: number }): void;
  edge(from: string, to: string): Point & { readonly points: readonly Point[] };
}

// Dagre's own types import each other without file extensions, which TypeScript does not resolve in ES modules.
const { Graph, layout: place } = dagre as unknown as {
  readonly Graph: new () => Placing;
  readonly layout: (graph: Placing) => void;
};

export function newPlacing(): Placing {
  return new Graph();
}

export { place };
