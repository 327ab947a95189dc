import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LANGUAGES, isRelevant, isTemplate } from '../../src/relevance.js';
import manifest from '../../package.json';

const unread = (): string => assert.fail('the text is not looked at');

test('bicep and languages made for templates are relevant whatever they say', () => {
  for (const language of ['bicep', 'bicep-params', 'arm-template', 'arm-deployment-parameters']) {
    assert.ok(isRelevant(language, unread));
  }
});

test('other languages are not even read', () => {
  assert.ok(!isRelevant('typescript', unread));
  assert.ok(!isTemplate('plaintext', unread));
});

test('JSON is relevant if it may be a template', () => {
  const schema = '"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"';
  assert.ok(isRelevant('json', () => `{ ${schema} }`));
  assert.ok(isRelevant('jsonc', () => `// old\n{ "CONTENTVERSION": "1.0.0.0" }`));
  assert.ok(isRelevant('json', () => '{ "resources": [{ "type": "Microsoft.ContainerService/managedClusters" }] }'));
  assert.ok(!isRelevant('json', () => '{ "name": "akslint", "version": "0.1.0" }'));
  assert.ok(!isRelevant('json', () => ''));
});

test('scripts are relevant if they call az', () => {
  assert.ok(isRelevant('shellscript', () => 'set -e\naz aks create -n x'));
  assert.ok(isRelevant('markdown', () => '```\naz identity create\n```'));
  assert.ok(isRelevant('powershell', () => 'az.cmd  aks update'));
  assert.ok(!isRelevant('yaml', () => 'key: azaks'));
  assert.ok(!isRelevant('shellscript', () => 'baz aks'));
  assert.ok(!isTemplate('shellscript', () => 'az aks create'));
});

test('every language activates the extension, and no other', () => {
  assert.deepEqual(
    manifest.activationEvents.toSorted(),
    LANGUAGES.map((language) => `onLanguage:${language}`).toSorted(),
  );
});
