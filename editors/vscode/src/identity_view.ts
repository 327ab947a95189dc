// The panel with the identity map.

import { randomBytes } from 'node:crypto';
import * as path from 'node:path';
import * as vscode from 'vscode';
import type { Place } from './graph.js';
import { page } from './identity_page.js';
import { parseIdentities } from './identities.js';

/** Shows what `akslint identities` knows about a file, and keeps up with it. */
export class IdentityMap implements vscode.Disposable {
  #panel: vscode.WebviewPanel | undefined;
  #uri: vscode.Uri | undefined;
  readonly #onSave: vscode.Disposable;

  constructor(
    private readonly extension: vscode.Uri,
    private readonly run: (args: string[]) => Promise<string>,
  ) {
    this.#onSave = vscode.workspace.onDidSaveTextDocument(() => {
      if (this.#panel?.visible) void this.#refresh().catch(() => undefined);
    });
  }

  /** Shows the map of a file: the given one, else the one in the active editor. */
  async show(uri = vscode.window.activeTextEditor?.document.uri): Promise<void> {
    if (uri?.scheme !== 'file') throw new Error('save the template first; the identity map is made of files');
    await vscode.workspace.save(uri);
    this.#uri = uri;
    if (!this.#panel) {
      const beside = { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true };
      this.#panel = vscode.window.createWebviewPanel('akslint.identityMap', 'Identity map', beside, {
        enableScripts: false,
        // The links of the page lead to places in files, and nowhere else.
        enableCommandUris: ['akslint.reveal'],
        localResourceRoots: [],
      });
      this.#panel.iconPath = vscode.Uri.joinPath(this.extension, 'images', 'icon.svg');
      this.#panel.onDidDispose(() => (this.#panel = undefined));
      this.#panel.onDidChangeViewState(({ webviewPanel }) => {
        if (webviewPanel.visible) void this.#refresh().catch(() => undefined);
      });
    }
    try {
      await this.#refresh();
    } catch (error) {
      this.#panel?.dispose();
      throw error;
    }
    this.#panel?.reveal(undefined, true);
  }

  dispose(): void {
    this.#onSave.dispose();
    this.#panel?.dispose();
  }

  async #refresh(): Promise<void> {
    const uri = this.#uri;
    if (!uri) return;
    const graph = parseIdentities(await this.run(['identities', uri.fsPath, '--format', 'json']));
    if (!this.#panel || this.#uri !== uri) return;
    this.#panel.title = `Identities: ${path.basename(uri.fsPath)}`;
    this.#panel.webview.html = page(graph, {
      nonce: randomBytes(16).toString('hex'),
      title: vscode.workspace.asRelativePath(uri),
      link: (place) => command(place, uri),
    });
  }
}

function command({ file, line, column }: Place, of: vscode.Uri): string {
  const root = vscode.workspace.getWorkspaceFolder(of)?.uri.fsPath ?? path.dirname(of.fsPath);
  const target = vscode.Uri.file(path.resolve(root, file)).toString();
  return `command:akslint.reveal?${encodeURIComponent(JSON.stringify([target, line, column]))}`;
}
