// The state of the server, in the language status of the editor.

import * as vscode from 'vscode';
import type { Found } from './server_path.js';

const ORIGINS: Record<Found['origin'], string> = {
  setting: 'from the setting akslint.server.path',
  bundled: 'comes with the extension',
  path: 'found on PATH',
};

/** One item for all languages we look at. */
export class Status implements vscode.Disposable {
  readonly #item: vscode.LanguageStatusItem;

  constructor(selector: vscode.DocumentSelector) {
    this.#item = vscode.languages.createLanguageStatusItem('akslint.status', selector);
    this.#item.name = 'akslint';
    this.stopped();
  }

  starting(): void {
    this.#show('akslint starts', '', vscode.LanguageStatusSeverity.Information, true);
  }

  running(version: string | undefined, origin: Found['origin']): void {
    const text = version === undefined ? 'akslint' : `akslint ${version}`;
    this.#show(text, ORIGINS[origin], vscode.LanguageStatusSeverity.Information, false);
    this.#item.command = { command: 'akslint.showOutput', title: 'Show Output' };
  }

  stopped(): void {
    this.#show('akslint stopped', '', vscode.LanguageStatusSeverity.Warning, false);
  }

  failed(message: string): void {
    this.#show('akslint does not run', message, vscode.LanguageStatusSeverity.Error, false);
  }

  dispose(): void {
    this.#item.dispose();
  }

  #show(text: string, detail: string, severity: vscode.LanguageStatusSeverity, busy: boolean): void {
    this.#item.text = text;
    this.#item.detail = detail;
    this.#item.severity = severity;
    this.#item.busy = busy;
    this.#item.command = { command: 'akslint.restart', title: 'Restart Server' };
  }
}
