// The start: small, because it is loaded for every JSON, YAML and Markdown file. Whatever needs the server or the
// client library is in session.ts, which is loaded when a document is something for us, or when a command needs it.

import * as vscode from 'vscode';
import { isRelevant, isTemplate } from './relevance.js';
import type { Session } from './session.js';

/** For tests: how long the start took, and whether there was anything to do. */
export interface Api {
  /** When `activate` was called, in milliseconds since 1970. */
  activated: number;
  /** How long it took, in milliseconds. */
  duration: number;
  /** Whether the rest of the extension was loaded. */
  isAwake(): boolean;
  /** When that began and when what was reached, in milliseconds since 1970. */
  marks: Record<string, number>;
}

const COMMANDS = {
  'akslint.convertServicePrincipal': (session: Session) => session.convertServicePrincipal(),
  'akslint.explainRule': (session: Session, code?: string) => session.explainRule(code),
  'akslint.fixWorkspace': (session: Session) => session.fixWorkspace(),
  'akslint.restart': (session: Session) => session.restart(),
  'akslint.reveal': (session: Session, uri: string, line: number, column: number) => session.reveal(uri, line, column),
  'akslint.showIdentityMap': (session: Session, uri?: vscode.Uri) => session.showIdentityMap(uri),
  'akslint.showOutput': (session: Session) => session.showOutput(),
} satisfies Record<string, (session: Session, ...args: never[]) => Promise<void>>;

/** How long a document has to be left alone before it is looked at again. */
const REST = 300;

let session: Promise<Session> | undefined;

export function activate(context: vscode.ExtensionContext): Api {
  const activated = Date.now();
  const began = performance.now();
  const templates = new Set<string>();
  const watch: vscode.Disposable[] = [];

  const marks: Record<string, number> = {};
  const wake = (): Promise<Session> => {
    marks['woken'] ??= Date.now();
    session ??= import('./session.js').then(({ Session }) => {
      marks['loaded'] = Date.now();
      const started = new Session(context);
      context.subscriptions.push(started);
      return started;
    });
    return session;
  };

  const look = (document: vscode.TextDocument): void => {
    const text = (): string => document.getText();
    const path = document.uri.fsPath;
    if (isTemplate(document.languageId, text) ? !templates.has(path) && templates.add(path) : templates.delete(path)) {
      void vscode.commands.executeCommand('setContext', 'akslint.templates', [...templates]);
    }
    if (isRelevant(document.languageId, text)) {
      void wake()
        .then((session) => session.start())
        .then(() => (marks['started'] ??= Date.now()));
    }
  };

  const pending = new Map<string, NodeJS.Timeout>();
  const lookLater = (document: vscode.TextDocument): void => {
    const uri = document.uri.toString();
    clearTimeout(pending.get(uri));
    pending.set(
      uri,
      setTimeout(() => {
        pending.delete(uri);
        if (!document.isClosed) look(document);
      }, REST),
    );
  };

  watch.push(
    vscode.workspace.onDidOpenTextDocument(look),
    vscode.workspace.onDidChangeTextDocument((event) => {
      if (event.contentChanges.length > 0) lookLater(event.document);
    }),
    vscode.workspace.onDidCloseTextDocument((document) => {
      clearTimeout(pending.get(document.uri.toString()));
      pending.delete(document.uri.toString());
      templates.delete(document.uri.fsPath);
    }),
    new vscode.Disposable(() => {
      for (const timer of pending.values()) clearTimeout(timer);
    }),
  );
  for (const [name, run] of Object.entries(COMMANDS)) {
    watch.push(
      vscode.commands.registerCommand(name, async (...args: unknown[]) => {
        await (run as (session: Session, ...args: unknown[]) => Promise<void>)(await wake(), ...args);
      }),
    );
  }
  context.subscriptions.push(...watch);
  for (const document of vscode.workspace.textDocuments) look(document);
  return { activated, duration: performance.now() - began, isAwake: () => session !== undefined, marks };
}

export async function deactivate(): Promise<void> {
  await (await session)?.stop();
}
