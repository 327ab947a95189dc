import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answerConfiguration, needsRestart, serverSettings } from '../../src/settings.js';
import manifest from '../../package.json';

test('what is not set is left to the configuration file', () => {
  const values: Record<string, unknown> = { configuration: null, select: null, ignore: ['kubelet'], levels: {}, conditionalErrors: false };
  assert.deepEqual(serverSettings((name) => values[name]), { ignore: ['kubelet'], levels: {}, conditionalErrors: false });
});

test('the server is not told what is for the editor only', () => {
  const settings = serverSettings((name) => name);
  for (const name of Object.keys(settings)) assert.ok(!/^(server|trace)/.test(name), name);
});

test('every setting for the server is described, and every described one is for somebody', () => {
  const described = Object.keys(manifest.contributes.configuration.properties).map((name) => name.replace('akslint.', ''));
  const forServer = Object.keys(serverSettings(() => true));
  assert.deepEqual(
    described.filter((name) => !/^(server|trace)\./.test(name)).toSorted(),
    forServer.toSorted(),
  );
  for (const [name, setting] of Object.entries(manifest.contributes.configuration.properties)) {
    assert.ok(setting.markdownDescription.length > 20, name);
  }
});

test('only our section is answered by us', () => {
  const items = [{ section: 'akslint' }, { section: 'editor' }, {}];
  const answers = answerConfiguration(items, [{ server: {} }, { tabSize: 2 }], () => ({ ignore: [] }));
  assert.deepEqual(answers, [{ ignore: [] }, { tabSize: 2 }, null]);
});

test('another program needs a restart, other rules do not', () => {
  assert.ok(needsRestart((section) => 'akslint.server.path'.startsWith(section)));
  assert.ok(!needsRestart((section) => 'akslint.levels'.startsWith(section)));
});

test('what decides which program runs cannot come from an untrusted workspace', () => {
  const { restrictedConfigurations } = manifest.capabilities.untrustedWorkspaces;
  assert.deepEqual(restrictedConfigurations, ['akslint.server.path', 'akslint.server.arguments']);
  for (const name of restrictedConfigurations) {
    assert.equal((manifest.contributes.configuration.properties as Record<string, { scope: string }>)[name]?.scope, 'machine-overridable');
  }
});
