import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { findServer, type Surroundings } from '../../src/server_path.js';

const around = (files: string[], more: Partial<Surroundings> = {}): Surroundings => ({
  platform: 'linux',
  extensionPath: '/ext',
  homeDirectory: '/home/me',
  workspaceFolder: '/home/me/project',
  searchPath: ['/usr/bin', 'bin', '/opt/bin'].join(path.delimiter),
  isFile: (file) => files.includes(file),
  ...more,
});

test('the setting comes before the bundled server', () => {
  const found = findServer('/x/akslint', around(['/x/akslint', '/ext/server/akslint']));
  assert.deepEqual(found, { kind: 'found', command: '/x/akslint', origin: 'setting' });
});

test('a setting that names no file is an error, and nothing else starts', () => {
  const found = findServer('/x/akslint', around(['/ext/server/akslint']));
  assert.equal(found.kind, 'missing');
  assert.match((found as { message: string }).message, /akslint\.server\.path names `\/x\/akslint`/);
});

test('home and folder are replaced in the setting', () => {
  const files = ['/home/me/bin/akslint', '/home/me/project/target/akslint'];
  assert.deepEqual(findServer('~/bin/akslint', around(files)), { kind: 'found', command: files[0], origin: 'setting' });
  const found = findServer('${workspaceFolder}/target/akslint', around(files));
  assert.deepEqual(found, { kind: 'found', command: files[1], origin: 'setting' });
  assert.equal(findServer('~other/akslint', around(files)).kind, 'missing');
});

test('a setting relative to nothing is an error', () => {
  assert.equal(findServer('akslint', around(['akslint'])).kind, 'missing');
  const found = findServer('${workspaceFolder}/akslint', around([], { workspaceFolder: undefined }));
  assert.match((found as { message: string }).message, /no folder is open/);
});

test('the bundled server comes before the search path', () => {
  for (const nothing of [undefined, null, '', '  ']) {
    const found = findServer(nothing, around(['/ext/server/akslint', '/usr/bin/akslint']));
    assert.deepEqual(found, { kind: 'found', command: '/ext/server/akslint', origin: 'bundled' });
  }
});

test('the search path is last, and its relative entries do not count', () => {
  const found = findServer(undefined, around(['bin/akslint', '/opt/bin/akslint']));
  assert.deepEqual(found, { kind: 'found', command: '/opt/bin/akslint', origin: 'path' });
  assert.equal(findServer(undefined, around(['bin/akslint'])).kind, 'missing');
});

test('programs have another name on Windows', () => {
  const file = path.join('/ext', 'server', 'akslint.exe');
  assert.deepEqual(findServer(null, around([file], { platform: 'win32' })), { kind: 'found', command: file, origin: 'bundled' });
});
