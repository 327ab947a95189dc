import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import manifest from '../../package.json';

test('every file that manifest and README name is there', () => {
  const manifestFiles = JSON.stringify(manifest).matchAll(/"(?:\.\/)?((?:images|language|walkthrough)\/[\w.-]+)"/g);
  const readmeFiles = readFileSync('README.md', 'utf8').matchAll(/\]\((images\/[\w.-]+)\)/g);
  const names = [...manifestFiles, ...readmeFiles].map(([, name]) => name ?? '');
  assert.ok(names.length > 10);
  for (const name of names) assert.ok(existsSync(name), name);
});

test('every grammar is JSON whose patterns are regular expressions', () => {
  for (const { path, scopeName } of manifest.contributes.grammars) {
    const grammar = JSON.parse(readFileSync(path, 'utf8'));
    assert.equal(grammar.scopeName, scopeName);
    const check = (value: unknown): void => {
      if (typeof value !== 'object' || value === null) return;
      for (const [key, inner] of Object.entries(value)) {
        if (['match', 'begin', 'end'].includes(key)) new RegExp(inner as string);
        else if (key === 'include') assert.ok((inner as string).slice(1) in grammar.repository, inner as string);
        else check(inner);
      }
    };
    check(grammar);
  }
});

test('the name of the publisher sorts before that of the Bicep extension, whose grammar has to win', () => {
  assert.ok(`${manifest.publisher}.${manifest.name}` < 'ms-azuretools.vscode-bicep');
});

test('every command in the palette is described and every described one exists', () => {
  const source = readFileSync('src/extension.ts', 'utf8');
  for (const { command } of manifest.contributes.commands) assert.ok(source.includes(`'${command}'`), command);
});

test('the lock file names no host and no folder of the machine that wrote it', () => {
  const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as { packages: Record<string, { resolved?: string }> };
  for (const [name, { resolved }] of Object.entries(lock.packages)) assert.equal(resolved, undefined, name);
});
