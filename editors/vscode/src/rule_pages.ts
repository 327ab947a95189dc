// Pages about rules, as Markdown previews.

import * as vscode from 'vscode';
import { parseRules, pageOf } from './rules.js';

const SCHEME = 'akslint-rule';

/** Shows what `akslint explain` says. */
export class RulePages implements vscode.TextDocumentContentProvider, vscode.Disposable {
  readonly #registration = vscode.workspace.registerTextDocumentContentProvider(SCHEME, this);

  constructor(private readonly run: (args: string[]) => Promise<string>) {}

  /** Shows the page of a rule: the given one, else the one under the cursor, else one to be picked. */
  async show(code?: string): Promise<void> {
    const chosen = code ?? codeAtCursor() ?? (await this.#pick());
    if (chosen === undefined) return;
    const uri = vscode.Uri.from({ scheme: SCHEME, path: `/${chosen}.md` });
    await vscode.commands.executeCommand('markdown.showPreviewToSide', uri);
  }

  async provideTextDocumentContent(uri: vscode.Uri): Promise<string> {
    const code = uri.path.replace(/^\/|\.md$/g, '');
    return pageOf(code, await this.run(['explain', code]));
  }

  dispose(): void {
    this.#registration.dispose();
  }

  async #pick(): Promise<string | undefined> {
    const rules = parseRules(await this.run(['rules', '--format', 'json']));
    const items = rules.map(({ code, family, severity, summary }) => ({
      label: code,
      description: `${severity}, ${family}`,
      detail: summary,
    }));
    const options = { title: 'Explain rule', matchOnDetail: true, placeHolder: 'Code of the rule' };
    return (await vscode.window.showQuickPick(items, options))?.label;
  }
}

function codeAtCursor(): string | undefined {
  const editor = vscode.window.activeTextEditor;
  if (!editor) return undefined;
  const here = vscode.languages
    .getDiagnostics(editor.document.uri)
    .find(({ source, range }) => source === 'akslint' && range.contains(editor.selection.active));
  const code = typeof here?.code === 'object' ? here.code.value : here?.code;
  return code === undefined ? undefined : String(code);
}
