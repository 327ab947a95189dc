// Runs inside the extension host. Writes what it finds to $PROBE_OUT, as JSON; the driver waits for that file.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const vscode = require('vscode');

const OURS = 'akslint.akslint';
const steps = [];
const note = (name, value) => steps.push([name, value]);

exports.activate = async () => {
  const result = { vscode: vscode.version, steps };
  try {
    await SCENES[process.env.PROBE_SCENE]();
  } catch (error) {
    result.error = String(error?.stack ?? error);
  }
  const out = process.env.PROBE_OUT;
  fs.writeFileSync(`${out}.tmp`, JSON.stringify(result, null, 2));
  fs.renameSync(`${out}.tmp`, out);
};

const SCENES = {
  /** Files that are nothing for us cost next to nothing, and no server starts. */
  async 'other files'() {
    const extension = vscode.extensions.getExtension(OURS);
    // The workbench may have opened its own settings.json before, which is JSON; then the extension is active already.
    const api = await extension.activate();
    const main = require.resolve(extension.extensionPath);
    delete require.cache[main];
    const began = performance.now();
    require(main);
    const loading = performance.now() - began;
    note('loading, ms', round(loading));
    note('activate(), ms', round(api.duration));
    for (const name of ['other.json', 'other.md']) await vscode.window.showTextDocument(file(name));
    await rest(1500);
    assert.ok(!api.isAwake(), 'the client library is not loaded for files that are nothing for us');
    aim('loading and activate(), ms', round(loading + api.duration), 15);
    assert.deepEqual(ours(file('other.json')), []);
    // Once there is a template, other JSON still shows nothing.
    await vscode.window.showTextDocument(file('main.bicep'));
    await until(() => ours(file('main.bicep')).length > 0);
    await rest(500);
    assert.deepEqual(ours(file('other.json')), []);
  },

  /** From the first template to the first squiggle. */
  async start() {
    const uri = file('main.bicep');
    const first = new Promise((resolve) => {
      const listener = vscode.languages.onDidChangeDiagnostics(() => {
        if (ours(uri).length === 0) return;
        listener.dispose();
        resolve(Date.now());
      });
    });
    const opened = Date.now();
    await vscode.window.showTextDocument(uri);
    const shown = await Promise.race([first, rest(10_000)]);
    assert.ok(shown, 'diagnostics arrive');
    const api = vscode.extensions.getExtension(OURS).exports;
    // The workbench may have activated the extension before, for its own settings.json: what counts is when the
    // extension first saw a template.
    const { woken, loaded, started } = api.marks;
    const ms = shown - woken;
    note('the template was opened, ms before the extension saw it', woken - opened);
    note('client library loaded, server started, first diagnostic, ms', [loaded - woken, started - woken, ms]);
    aim('first diagnostic after the activation, ms', ms, 300);

  },

  /** What the providers say. */
  async templates() {
    const uri = file('main.bicep');
    const editor = await vscode.window.showTextDocument(uri);
    await until(() => ours(uri).length > 0);

    const diagnostics = ours(uri);
    note('bicep diagnostics', diagnostics.map((d) => `${d.range.start.line + 1}:${d.range.start.character + 1} ${code(d)}: ${d.message.split('\n')[0]}`));
    const missing = diagnostics.find((d) => code(d) === 'user-assigned-without-ids');
    assert.ok(missing, 'the missing identity is found');
    assert.equal(missing.severity, vscode.DiagnosticSeverity.Error);
    assert.equal(editor.document.lineAt(missing.range.start.line).text.trim().startsWith('type:') || editor.document.lineAt(missing.range.start.line).text.trim().startsWith('identity:'), true);

    const at = position(editor.document, "type: 'UserAssigned'", 2);
    const hovers = await vscode.commands.executeCommand('vscode.executeHoverProvider', uri, at);
    const words = hovers.flatMap((hover) => hover.contents.map((content) => content.value ?? content)).join('\n');
    if (has('hover')) {
      note('hover over identity.type', words.slice(0, 200));
      assert.match(words, /identity/i);
    }

    // Completion on a new line inside the identity block.
    const end = position(editor.document, "type: 'UserAssigned'", "type: 'UserAssigned'".length);
    await editor.edit((edit) => edit.insert(end, '\n    '));
    const list = await vscode.commands.executeCommand('vscode.executeCompletionItemProvider', uri, new vscode.Position(end.line + 1, 4));
    const labels = list.items.map(({ label }) => label.label ?? label);
    note('completion in the identity block', labels.slice(0, 10));
    if (has('completion')) {
      assert.ok(labels.includes('userAssignedIdentities'), 'the missing property is offered');
      assert.ok(!labels.includes('type'), 'what is there already is not offered');
    }
    await vscode.commands.executeCommand('undo');

    await until(() => ours(uri).some((d) => code(d) === 'user-assigned-without-ids'));
    const times = [];
    for (let round = 0; round < 20; round += 1) {
      // A second cluster without an identity more, and one less.
      const before = ours(uri).length;
      const began = performance.now();
      const text = "\nresource x 'Microsoft.ContainerService/managedClusters@2024-09-01' = {\n  name: 'x'\n  identity: {\n    type: 'UserAssigned'\n  }\n}\n";
      const last = editor.document.lineAt(editor.document.lineCount - 1).range.end;
      await editor.edit((edit) => edit.insert(last, text));
      await until(() => ours(uri).length > before);
      times.push(performance.now() - began);
      await editor.edit((edit) => edit.delete(new vscode.Range(last, editor.document.lineAt(editor.document.lineCount - 1).range.end)));
      await until(() => ours(uri).length === before);
    }
    times.sort((a, b) => a - b);
    note('edit to diagnostic, ms', { min: round(times[0]), median: round(times[10]), max: round(times[19]) });

    const diagnostic = ours(uri).find((d) => code(d) === 'user-assigned-without-ids');
    const actions = await vscode.commands.executeCommand('vscode.executeCodeActionProvider', uri, diagnostic.range, undefined, 50);
    note('code actions', actions.map(({ title, kind }) => `${kind?.value}: ${title}`));
    const action = actions.find((action) => action.edit && action.kind.value === 'quickfix' && !action.title.startsWith('Ignore'));
    assert.ok(action, 'a fix is offered');
    assert.ok(await vscode.workspace.applyEdit(action.edit));
    await until(() => !ours(uri).some((d) => code(d) === 'user-assigned-without-ids'));
    assert.match(editor.document.getText(), /userAssignedIdentities: \{/);
    await vscode.commands.executeCommand('workbench.action.files.revert');

    const json = file('azuredeploy.json');
    const template = await vscode.window.showTextDocument(json);
    await until(() => ours(json).length > 0);
    note('json diagnostics', ours(json).map((d) => `${d.range.start.line + 1}:${d.range.start.character + 1} ${code(d)}: ${d.message.split('\n')[0]}`));
    assert.ok(ours(json).some((d) => code(d) === 'ids-without-user-assigned'));
    const tokens = await vscode.commands.executeCommand('vscode.provideDocumentSemanticTokens', json);
    note('semantic tokens in JSON', tokens ? tokens.data.length / 5 : 'none');
    note('symbols', (await vscode.commands.executeCommand('vscode.executeDocumentSymbolProvider', json))?.length ?? 0);
    void template;
  },

  /** A workspace that is not trusted cannot say which program runs. */
  async untrusted() {
    assert.equal(vscode.workspace.isTrusted, false);
    const setting = vscode.workspace.getConfiguration('akslint').inspect('server.path');
    note('server.path', setting);
    await vscode.window.showTextDocument(file('main.bicep'));
    await until(() => ours(file('main.bicep')).length > 0);
    assert.ok(!fs.existsSync(process.env.PROBE_TRAP), 'the program that the workspace names did not run');
  },
};

SCENES.trusted = async () => {
  await vscode.window.showTextDocument(file('main.bicep'));
  await until(() => fs.existsSync(process.env.PROBE_TRAP));
};

/** Notes a time beside what it should be: a busy machine must not fail a test. */
function aim(what, ms, limit) {
  note(what, `${ms} (aim: under ${limit}${ms < limit ? '' : ', MISSED'})`);
}

/** Whether the server has something; $AKSLINT_WITHOUT names what an old one lacks. */
function has(what) {
  const there = !(process.env.AKSLINT_WITHOUT ?? '').split(' ').includes(what);
  if (!there) note('LEFT OUT, as AKSLINT_WITHOUT says', what);
  return there;
}

const file = (name) => vscode.Uri.joinPath(vscode.workspace.workspaceFolders[0].uri, name);
const ours = (uri) => vscode.languages.getDiagnostics(uri).filter(({ source }) => source === 'akslint');
const code = (diagnostic) => diagnostic.code?.value ?? diagnostic.code;
const rest = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const round = (ms) => Math.round(ms * 10) / 10;

function position(document, text, offset) {
  const at = document.getText().indexOf(text);
  assert.ok(at >= 0, `the file has ${text}`);
  return document.positionAt(at + offset);
}

async function until(holds, ms = 10_000) {
  const began = Date.now();
  while (!holds()) {
    if (Date.now() - began > ms) throw new Error(`waited ${ms} ms in vain for ${holds}`);
    await rest(2);
  }
}
