// The identity map as a page: boxes, lines and a table; no script, nothing from outside.

import type { Graph, Place } from './graph.js';
import { layout, SIZE, type Box } from './layout.js';

/** What the page needs to know besides the graph. */
export interface Surroundings {
  /** Allows our one style sheet, and no other. */
  nonce: string;
  /** The file of the map. */
  title: string;
  /** The address that shows a place. */
  link(place: Place): string;
}

const COLOURS = ['blue', 'green', 'orange', 'purple', 'yellow', 'red'];

/** The page. */
export function page(graph: Graph, around: Surroundings): string {
  const map = graph.nodes.length === 0 ? empty() : diagram(graph, around) + table(graph, around);
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'nonce-${around.nonce}';">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(around.title)}</title>
<style nonce="${around.nonce}">${style(graph)}</style>
</head>
<body>
<h1>Identities in ${escape(around.title)}</h1>
${map}
</body>
</html>`;
}

function empty(): string {
  return '<p>This file has no cluster and no identity.</p>';
}

function diagram(graph: Graph, around: Surroundings): string {
  const { width, height, boxes, paths } = place(graph);
  const lines = paths.map((points) => (points.length === 0 ? '' : `<path d="${curve(points)}"/>`));
  const labels = graph.edges.map(({ label }, index) =>
    label && paths[index]?.length ? `<span class="label" id="e${index}"><span>${escape(label)}</span></span>` : '',
  );
  const nodes = graph.nodes.map(({ id, kind, label, detail, place }, index) => {
    if (!boxes.has(id)) return '';
    const text =
      `<span class="kind">${escape(kind)}</span><span class="name">${escape(label)}</span>` +
      (detail ? `<span class="detail">${escape(detail)}</span>` : '');
    const title = escape([label, detail].filter(Boolean).join('\n'));
    const attributes = `class="node" id="n${index}" title="${title}"`;
    return place ? `<a ${attributes} href="${escape(around.link(place))}">${text}</a>` : `<div ${attributes}>${text}</div>`;
  });
  return `<div class="map" role="group" aria-label="Diagram"><div class="canvas">
<svg width="${width}" height="${height}" aria-hidden="true"><defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path d="M0 0 8 4 0 8z"/></marker></defs><g>${lines.join('')}</g></svg>
${labels.join('')}${nodes.join('\n')}
</div></div>`;
}

function table(graph: Graph, around: Surroundings): string {
  const { head, rows } = graph.table;
  if (rows.length === 0) return '';
  const cells = rows.map((row) => {
    const texts = row.map(({ text, place }) => {
      const lines = escape(text).replaceAll('\n', '<br>');
      return `<td>${place && text ? `<a href="${escape(around.link(place))}">${lines}</a>` : lines}</td>`;
    });
    return `<tr>${texts.join('')}</tr>`;
  });
  const names = head.map((name) => `<th scope="col">${escape(name)}</th>`);
  return `<div class="scroll"><table><thead><tr>${names.join('')}</tr></thead><tbody>${cells.join('\n')}</tbody></table></div>`;
}

// Positions are rules of the style sheet: the security policy forbids them as attributes.
function style(graph: Graph): string {
  const { width, height, boxes, paths } = place(graph);
  const kinds = [...new Set(graph.nodes.map(({ kind }) => kind))];
  const rules = [
    `.canvas{width:${width}px;height:${height}px}`,
    `.node{width:${SIZE.width}px;height:${SIZE.height}px}`,
    `.label{width:${SIZE.columnGap - 30}px}`,
  ];
  for (const [index, { id, kind }] of graph.nodes.entries()) {
    const box = boxes.get(id);
    const colour = COLOURS[kinds.indexOf(kind) % COLOURS.length];
    if (box) rules.push(`#n${index}{left:${box.x}px;top:${box.y}px;border-left-color:var(--vscode-charts-${colour})}`);
  }
  for (const [index, points] of paths.entries()) {
    const at = labelAt(points);
    if (at) rules.push(`#e${index}{left:${at.x}px;top:${at.y}px}`);
  }
  return SHEET + rules.join('\n');
}

const SHEET = `
body{color:var(--vscode-foreground);background:var(--vscode-editor-background);font-family:var(--vscode-font-family);font-size:13px;line-height:1.3;padding:4px 16px 24px}
h1{font-size:16px;font-weight:600;margin:12px 0}
.map,.scroll{overflow-x:auto;max-width:100%}
.canvas{position:relative;margin-bottom:16px}
svg{position:absolute;left:0;top:0}
svg g path{fill:none;stroke:var(--vscode-descriptionForeground);stroke-width:1.2;marker-end:url(#tip)}
svg marker path{fill:var(--vscode-descriptionForeground)}
.node{position:absolute;box-sizing:border-box;display:flex;flex-direction:column;justify-content:center;padding:2px 10px;border:1px solid var(--vscode-contrastBorder,var(--vscode-widget-border,var(--vscode-panel-border,#8888)));border-left:4px solid;border-radius:4px;background:var(--vscode-editorWidget-background);color:var(--vscode-foreground);text-decoration:none}
a.node:hover{background:var(--vscode-list-hoverBackground)}
a:focus-visible{outline:1px solid var(--vscode-focusBorder);outline-offset:1px}
.node span{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.kind,.detail{font-size:11px;color:var(--vscode-descriptionForeground)}
.name{font-weight:600}
.node .name:last-child{display:-webkit-box;-webkit-box-orient:vertical;-webkit-line-clamp:2;white-space:normal;overflow-wrap:anywhere;line-height:1.2}
.label{position:absolute;transform:translate(-50%,-50%);text-align:center;font-size:11px;line-height:1.2}
.label span{background:var(--vscode-editor-background);padding:0 3px;box-decoration-break:clone;-webkit-box-decoration-break:clone}
table{border-collapse:collapse}
th,td{text-align:left;vertical-align:top;padding:5px 10px 5px 0;border-bottom:1px solid var(--vscode-panel-border,#8884)}
th{font-weight:600;white-space:nowrap}
td{overflow-wrap:anywhere;min-width:60px}
td a{color:var(--vscode-textLink-foreground)}
`;

/** A soft line through the corners. */
function curve(points: readonly Box[]): string {
  let path = `M${at(points[0] as Box)}`;
  for (let index = 1; index < points.length; index += 1) {
    const [a, b] = [points[index - 1] as Box, points[index] as Box];
    // Between two columns the line bends, across one it is straight.
    const bend = index % 2 === 1 ? (b.x - a.x) / 2 : 0;
    path += bend === 0 ? `L${at(b)}` : `C${at({ x: a.x + bend, y: a.y })} ${at({ x: b.x - bend, y: b.y })} ${at(b)}`;
  }
  return path;
}

function at({ x, y }: Box): string {
  return `${x} ${y}`;
}

/** Labels stand near the end of a line: many lines begin at one box, few end at the same one. */
function labelAt(points: readonly Box[]): Box | undefined {
  const [a, b] = points.slice(-2);
  return a && b ? { x: (a.x + b.x) / 2, y: a.y + (b.y - a.y) * 0.5 } : undefined;
}

function place(graph: Graph): ReturnType<typeof layout> {
  return layout(
    graph.nodes.map(({ id }) => id),
    graph.edges,
  );
}

function escape(text: string): string {
  const names: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
  return text.replace(/[&<>"']/g, (sign) => names[sign] ?? sign);
}
