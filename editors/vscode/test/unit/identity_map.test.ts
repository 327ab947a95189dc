import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIdentities } from '../../src/identities.js';
import { page } from '../../src/identity_page.js';
import { layout, SIZE } from '../../src/layout.js';

const output = JSON.stringify({
  version: 1,
  nodes: [
    { id: 'c', kind: 'cluster', label: 'aks', location: { path: 'main.bicep', line: 3, column: 10 } },
    { id: 'i', kind: 'user-assigned-identity', label: '<id & "more">', location: { path: 'main.bicep', line: 1, column: 1 } },
    { id: 's', kind: 'scope', label: 'acr' },
  ],
  edges: [
    { from: 'c', to: 'i', label: 'kubelet' },
    { from: 'i', to: 's', label: 'AcrPull' },
  ],
});

test('the output of the program becomes nodes, edges and a table of identities', () => {
  const graph = parseIdentities(output);
  assert.deepEqual(graph.nodes[0], {
    id: 'c',
    kind: 'Cluster',
    label: 'aks',
    detail: undefined,
    place: { file: 'main.bicep', line: 2, column: 9 },
  });
  assert.deepEqual(
    graph.table.rows.map((row) => row.map(({ text }) => text)),
    [['<id & "more">', 'User-assigned identity', 'aks as kubelet', 'AcrPull on acr', 'main.bicep:1']],
  );
});

test('other output is refused in words', () => {
  assert.throws(() => parseIdentities('[]'), /something else/);
  assert.throws(() => parseIdentities('{"version":2,"nodes":[],"edges":[]}'), /version 2/);
});

test('the page runs nothing, loads nothing, and text stays text', () => {
  const html = page(parseIdentities(output), { nonce: 'abc', title: '<x>.bicep', link: ({ line }) => `command:x?${line}` });
  assert.match(html, /default-src 'none'; style-src 'nonce-abc';/);
  assert.doesNotMatch(html, /<script|javascript:|https?:|\sstyle=|\son\w+=/i);
  assert.match(html, /&lt;id &amp; &quot;more&quot;&gt;/);
  assert.doesNotMatch(html, /<id |<x>/);
  assert.match(html, /href="command:x\?2"/);
});

test('a file without identities says so', () => {
  const html = page(parseIdentities('{"version":1,"nodes":[],"edges":[]}'), { nonce: 'a', title: 't', link: () => '' });
  assert.match(html, /no cluster and no identity/);
});

test('boxes stand to the right of what points to them and never on each other', () => {
  const ids = ['a', 'b', 'c', 'd', 'e', 'f'];
  const links = [
    { from: 'a', to: 'b' }, { from: 'b', to: 'c' }, { from: 'a', to: 'c' },
    { from: 'a', to: 'd' }, { from: 'd', to: 'c' }, { from: 'e', to: 'd' },
  ];
  const { boxes, paths, width, height } = layout(ids, links);
  for (const { from, to } of links) {
    assert.ok((boxes.get(from)?.x ?? 0) < (boxes.get(to)?.x ?? 0), `${from} before ${to}`);
  }
  const placed = [...boxes.values()];
  assert.equal(placed.length, ids.length);
  for (const [index, a] of placed.entries()) {
    assert.ok(a.x + SIZE.width <= width && a.y + SIZE.height <= height);
    for (const b of placed.slice(index + 1)) {
      assert.ok(Math.abs(a.x - b.x) >= SIZE.width || Math.abs(a.y - b.y) >= SIZE.height);
    }
  }
  assert.ok(paths.every((points) => points.length >= 2));
});

test('a long line does not run through the boxes of the columns it crosses', () => {
  const links = [{ from: 'a', to: 'b' }, { from: 'b', to: 'c' }, { from: 'a', to: 'c' }];
  const { boxes, paths } = layout(['a', 'b', 'c'], links);
  const b = boxes.get('b') ?? assert.fail();
  const crossing = (paths[2] ?? []).filter(({ x }) => x >= b.x && x <= b.x + SIZE.width);
  assert.equal(crossing.length, 2);
  for (const { y } of crossing) assert.ok(y < b.y || y > b.y + SIZE.height);
});

test('circles, links to oneself and to nowhere do no harm', () => {
  const { boxes, paths } = layout(['a', 'b'], [
    { from: 'a', to: 'b' }, { from: 'b', to: 'a' }, { from: 'a', to: 'a' }, { from: 'a', to: 'x' },
  ]);
  assert.equal(boxes.size, 2);
  assert.deepEqual(paths.map(({ length }) => length), [2, 2, 0, 0]);
  assert.deepEqual(layout([], []), { width: 0, height: 0, boxes: new Map(), paths: [] });
});
