// The output of `akslint identities --format json`.

import type { Edge, Graph, Node, Place, Table } from './graph.js';

/** The only version of the format there is. */
const VERSION = 1;

const KINDS: Record<string, string> = {
  cluster: 'Cluster',
  'agent-pool': 'Node pool',
  'user-assigned-identity': 'User-assigned identity',
  'system-assigned-identity': 'System-assigned identity',
  'kubelet-identity': 'Kubelet identity',
  'addon-identity': 'Add-on identity',
  'service-principal': 'Service principal',
  'unknown-identity': 'Unknown identity',
  'federated-credential': 'Federated credential',
  'role-assignment': 'Role assignment',
  role: 'Role',
  scope: 'Scope',
  subject: 'Service account',
};

/** Reads the output; throws if it is not in the format. */
export function parseIdentities(output: string): Graph {
  const read: unknown = JSON.parse(output);
  if (!isObject(read) || !Array.isArray(read['nodes']) || !Array.isArray(read['edges'])) {
    throw new Error('`akslint identities` printed something else than nodes and edges');
  }
  if (read['version'] !== VERSION) {
    throw new Error(`\`akslint identities\` speaks version ${String(read['version'])} of its format, this extension ${VERSION}`);
  }
  const nodes = read['nodes'].filter(isObject).map(node);
  const edges = read['edges'].filter(isObject).map(edge);
  return { nodes, edges, table: table(nodes, edges) };
}

/** Every node that others point to or that points to others, once: what uses it, and what it may do. */
function table(nodes: Node[], edges: Edge[]): Table {
  const label = new Map(nodes.map(({ id, label }) => [id, label]));
  const rows = nodes
    .filter(({ kind }) => /identity|principal/i.test(kind))
    .map(({ id, kind, label: name, place }) => {
      const used = edges.filter(({ to }) => to === id).map(({ from, label: as }) => join(label.get(from), as, ' as '));
      const may = edges.filter(({ from }) => from === id).map(({ to, label: as }) => join(as, label.get(to), ' on '));
      return [
        { text: name, place },
        { text: kind },
        { text: used.join('\n') },
        { text: may.join('\n') },
        { text: place ? `${place.file}:${place.line + 1}` : '', place },
      ];
    });
  return { head: ['Identity', 'Kind', 'Used by', 'Leads to', 'Where'], rows };
}

function join(first: string | undefined, second: string | undefined, word: string): string {
  return [first, second].filter(Boolean).join(word);
}

function node(read: Record<string, unknown>): Node {
  const kind = text(read['kind']);
  return {
    id: text(read['id']),
    kind: KINDS[kind] ?? kind,
    label: text(read['label']),
    detail: text(read['detail']) || undefined,
    place: place(read['location']),
  };
}

function edge(read: Record<string, unknown>): Edge {
  return { from: text(read['from']), to: text(read['to']), label: text(read['label']), place: place(read['location']) };
}

/** The output counts lines and columns from 1, as people do. */
function place(read: unknown): Place | undefined {
  if (!isObject(read) || typeof read['path'] !== 'string') return undefined;
  const from0 = (value: unknown): number => (typeof value === 'number' && value >= 1 ? Math.floor(value) - 1 : 0);
  return { file: read['path'], line: from0(read['line']), column: from0(read['column']) };
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
