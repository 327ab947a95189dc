// What an identity map shows, whatever it was read from.

/** A place in a file; line and column count from 0. */
export interface Place {
  file: string;
  line: number;
  column: number;
}

/** A cluster, an identity, or something that an identity is for. */
export interface Node {
  id: string;
  /** What it is, in a word or two. */
  kind: string;
  label: string;
  /** Whatever else there is to say. */
  detail?: string | undefined;
  place?: Place | undefined;
}

/** One node has to do with another. */
export interface Edge {
  from: string;
  to: string;
  label: string;
  place?: Place | undefined;
}

/** Nodes and edges, and a table of the identities. */
export interface Graph {
  nodes: Node[];
  edges: Edge[];
  table: Table;
}

/** Cells may lead to places. */
export interface Table {
  head: string[];
  rows: { text: string; place?: Place | undefined }[][];
}
