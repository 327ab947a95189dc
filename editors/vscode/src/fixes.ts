// Commands that apply what the server offers.

import * as vscode from 'vscode';
import { choose } from './choose.js';

const FIX_ALL = vscode.CodeActionKind.SourceFixAll.append('akslint');

/** Applies all safe fixes in all files of the workspace that have diagnostics of ours, as one step that can be undone. */
export async function fixWorkspace(): Promise<void> {
  const uris = vscode.languages
    .getDiagnostics()
    .filter(([, diagnostics]) => diagnostics.some(({ source }) => source === 'akslint'))
    .map(([uri]) => uri);
  const edit = new vscode.WorkspaceEdit();
  let files = 0;
  await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: 'akslint: looking for fixes', cancellable: true },
    async (progress, token) => {
      for (const uri of uris) {
        if (token.isCancellationRequested) {
          files = 0;
          return;
        }
        progress.report({ increment: 100 / uris.length, message: vscode.workspace.asRelativePath(uri) });
        const document = await vscode.workspace.openTextDocument(uri);
        const actions = await actionsOf(document, FIX_ALL);
        const action = actions.find(({ kind, edit }) => edit && kind && FIX_ALL.contains(kind));
        // A fix may reach into another file; two files that mend the same place must not do it twice.
        if (action?.edit && merge(edit, action.edit)) files += 1;
      }
    },
  );
  if (files === 0) {
    void vscode.window.showInformationMessage('akslint: nothing can be fixed safely.');
    return;
  }
  await vscode.workspace.applyEdit(edit);
  void vscode.window.showInformationMessage(`akslint: fixed ${files === 1 ? 'one file' : `${files} files`}.`);
}

/** Applies the rewrite from a service principal to a managed identity in the active document. */
export async function convertServicePrincipal(): Promise<void> {
  const document = vscode.window.activeTextEditor?.document;
  if (!document) {
    void vscode.window.showInformationMessage('akslint: open a template with a service principal first.');
    return;
  }
  const offered = (await actionsOf(document)).map((action) => ({
    action,
    title: action.title,
    kind: action.kind?.value,
    code: codeOf(action.diagnostics?.[0]),
  }));
  const conversion = choose(offered)?.action;
  if (conversion?.edit) {
    await vscode.workspace.applyEdit(conversion.edit);
  } else if (conversion?.command) {
    const { command, arguments: args = [] } = conversion.command;
    await vscode.commands.executeCommand(command, ...(args as unknown[]));
  } else {
    void vscode.window.showInformationMessage('akslint: there is no service principal here that could be converted.');
  }
}

/** The code actions for a whole document, with their edits. */
async function actionsOf(document: vscode.TextDocument, kind?: vscode.CodeActionKind): Promise<vscode.CodeAction[]> {
  const all = new vscode.Range(0, 0, document.lineCount, 0);
  const actions = await vscode.commands.executeCommand<(vscode.CodeAction | vscode.Command)[]>(
    'vscode.executeCodeActionProvider',
    document.uri,
    document.validateRange(all),
    kind?.value,
    // So many are resolved.
    1000,
  );
  return actions.filter((action): action is vscode.CodeAction => typeof action.command !== 'string');
}

/** Adds the edits of one file after the other; `false`, and nothing is added, if one is there already. */
function merge(into: vscode.WorkspaceEdit, more: vscode.WorkspaceEdit): boolean {
  const entries = more.entries();
  if (entries.some(([uri]) => into.has(uri))) return false;
  for (const [uri, edits] of entries) into.set(uri, edits);
  return entries.length > 0;
}

function codeOf(diagnostic: vscode.Diagnostic | undefined): string | undefined {
  const code = typeof diagnostic?.code === 'object' ? diagnostic.code.value : diagnostic?.code;
  return code === undefined ? undefined : String(code);
}
