import assert from 'node:assert/strict';
import { test } from 'node:test';
import { choose } from '../../src/choose.js';
import { pageOf, parseRules } from '../../src/rules.js';
import { levelOf } from '../../src/server_log.js';

test('lines of the log keep their level', () => {
  assert.equal(levelOf('2026-01-01T00:00:00.000Z  WARN akslint::lsp: no'), 'warn');
  assert.equal(levelOf('2026-01-01T00:00:00.000Z ERROR akslint::lsp: no'), 'error');
  assert.equal(levelOf("thread 'main' panicked at src/main.rs:1"), 'error');
  assert.equal(levelOf('2026-01-01T00:00:00.000Z TRACE x: y'), 'trace');
});

test('rules are read leniently, lists strictly', () => {
  assert.deepEqual(parseRules('[{"code":"a","family":"f","severity":"error","summary":"S","since":"0"},{}]'), [
    { code: 'a', family: 'f', severity: 'error', summary: 'S' },
  ]);
  assert.throws(() => parseRules('{}'), /no list/);
});

test('a page has one heading', () => {
  assert.equal(pageOf('a', '# a\n'), '# a\n');
  assert.equal(pageOf('a', 'Text\n'), '# a\n\nText\n');
  assert.equal(pageOf('a', 'a\nText\n'), '# a\n\nText\n');
  assert.equal(pageOf('a', 'ab\n'), '# a\n\nab\n');
});

test('the conversion is the rewrite for it, else a fix that says so', () => {
  const fix = { title: 'Use a system-assigned identity', kind: 'quickfix', code: 'service-principal-used' };
  const ignore = { title: 'Ignore `service-principal-used` here', kind: 'quickfix', code: 'service-principal-used' };
  const rewrite = { title: 'Convert to a managed identity', kind: 'refactor.rewrite', code: undefined };
  const own = { title: 'x', kind: 'refactor.rewrite.akslint.servicePrincipal', code: undefined };
  assert.equal(choose([fix, rewrite, own]), own);
  assert.equal(choose([ignore, fix, rewrite]), rewrite);
  assert.equal(choose([ignore, fix]), fix);
  assert.equal(choose([ignore, { ...fix, code: 'other' }]), undefined);
});
