// Everything that needs the server: the client, the commands, the status.

import { execFile } from 'node:child_process';
import { chmodSync, accessSync, constants, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { promisify } from 'node:util';
import * as vscode from 'vscode';
import { LanguageClient, RevealOutputChannelOn, State, TransportKind } from 'vscode-languageclient/node';
import { convertServicePrincipal, fixWorkspace } from './fixes.js';
import { IdentityMap } from './identity_view.js';
import { Lifecycle, type Service } from './lifecycle.js';
import { LANGUAGES } from './relevance.js';
import { RulePages } from './rule_pages.js';
import { findServer, type Found } from './server_path.js';
import { levelOf } from './server_log.js';
import { answerConfiguration, needsRestart, serverSettings } from './settings.js';
import { Status } from './status.js';

const SELECTOR = LANGUAGES.flatMap((language) => [
  { scheme: 'file', language },
  { scheme: 'untitled', language },
  { scheme: 'vscode-vfs', language },
]);

/** One server and what surrounds it. */
export class Session implements vscode.Disposable {
  readonly #output = vscode.window.createOutputChannel('akslint', { log: true });
  readonly #status = new Status(SELECTOR);
  readonly #lifecycle = new Lifecycle(() => this.#create());
  readonly #rules: RulePages;
  readonly #map: IdentityMap;
  readonly #disposables: vscode.Disposable[];

  constructor(private readonly context: vscode.ExtensionContext) {
    const run = (args: string[], input?: string): Promise<string> => this.#run(args, input);
    this.#rules = new RulePages(run);
    this.#map = new IdentityMap(context.extensionUri, run);
    this.#disposables = [
      this.#output,
      this.#status,
      this.#rules,
      this.#map,
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (needsRestart((section) => event.affectsConfiguration(section))) void this.restart();
      }),
      // A setting of the workspace may name another program now.
      vscode.workspace.onDidGrantWorkspaceTrust(() => void this.restart()),
    ];
  }

  /** Starts the server unless it runs. Failures are shown in the status, not thrown. */
  async start(): Promise<void> {
    await this.#lifecycle.start().catch((error: unknown) => this.#failed(error));
  }

  async restart(): Promise<void> {
    await this.#lifecycle.restart().catch((error: unknown) => this.#failed(error));
  }

  async stop(): Promise<void> {
    await this.#lifecycle.dispose();
  }

  async showOutput(): Promise<void> {
    this.#output.show(true);
  }

  async explainRule(code?: string): Promise<void> {
    await this.#telling(() => this.#rules.show(code));
  }

  async showIdentityMap(uri?: vscode.Uri): Promise<void> {
    await this.#telling(() => this.#map.show(uri));
  }

  async fixWorkspace(): Promise<void> {
    await this.start();
    await this.#telling(() => fixWorkspace());
  }

  async convertServicePrincipal(): Promise<void> {
    await this.start();
    await this.#telling(() => convertServicePrincipal());
  }

  /** Shows a place; lines and columns count from 0. */
  async reveal(uri: string, line: number, column: number): Promise<void> {
    const at = new vscode.Position(line, column);
    await vscode.window.showTextDocument(vscode.Uri.parse(uri, true), {
      selection: new vscode.Range(at, at),
      viewColumn: vscode.ViewColumn.One,
    });
  }

  dispose(): void {
    for (const disposable of this.#disposables) disposable.dispose();
  }

  // ---- the server

  async #create(): Promise<Service> {
    const found = this.#find();
    const settings = vscode.workspace.getConfiguration('akslint.server');
    this.#output.info(`server: ${found.command} (${found.origin})`);
    const client = new LanguageClient(
      'akslint',
      'akslint',
      {
        command: found.command,
        args: ['server', ...settings.get<string[]>('arguments', [])],
        transport: TransportKind.stdio,
        options: { env: { ...process.env, AKSLINT_LOG: settings.get<string>('logLevel', 'warn') } },
      },
      {
        documentSelector: SELECTOR,
        outputChannel: this.#output,
        revealOutputChannelOn: RevealOutputChannelOn.Never,
        initializationOptions: () => ours(),
        initializationFailedHandler: () => false,
        diagnosticPullOptions: { onChange: true, onSave: true },
        middleware: {
          workspace: {
            configuration: async (params, token, next) => {
              const answers = await next(params, token);
              return answerConfiguration(params.items, Array.isArray(answers) ? answers : [], ours);
            },
          },
        },
        stdioOptions: {
          stdout: () => undefined,
          stderr: (input, output) => {
            let rest = '';
            input.on('data', (chunk: Buffer | string) => {
              const lines = (rest + chunk.toString()).split(/\r?\n/);
              rest = lines.pop() ?? '';
              for (const line of lines) output[levelOf(line)](line);
            });
          },
        },
      },
    );
    client.onDidChangeState(({ newState }) => {
      void vscode.commands.executeCommand('setContext', 'akslint.running', newState === State.Running);
      const version = client.initializeResult?.serverInfo?.version;
      if (newState === State.Starting) this.#status.starting();
      else if (newState === State.Running) this.#status.running(version, found.origin);
      else if (newState === State.Stopped) this.#status.stopped();
    });
    return {
      start: async () => {
        this.#status.starting();
        await client.start();
        this.#status.running(client.initializeResult?.serverInfo?.version, found.origin);
      },
      stop: async () => {
        await client.dispose();
      },
    };
  }

  #find(): Found {
    const found = findServer(vscode.workspace.getConfiguration('akslint').get<string | null>('server.path'), {
      platform: process.platform,
      extensionPath: this.context.extensionPath,
      homeDirectory: homedir(),
      workspaceFolder: vscode.workspace.workspaceFolders?.find((folder) => folder.uri.scheme === 'file')?.uri.fsPath,
      searchPath: process.env['PATH'] ?? '',
      isFile: (file) => statSync(file, { throwIfNoEntry: false })?.isFile() ?? false,
    });
    if (found.kind === 'missing') throw new Error(found.message);
    if (found.origin === 'bundled' && process.platform !== 'win32') makeExecutable(found.command);
    return found;
  }

  /** Runs the program once and returns what it prints. */
  async #run(args: string[], input?: string): Promise<string> {
    const { command } = this.#find();
    const cwd = vscode.workspace.workspaceFolders?.find((folder) => folder.uri.scheme === 'file')?.uri.fsPath;
    const running = promisify(execFile)(command, args, {
      ...(cwd === undefined ? {} : { cwd }),
      timeout: 30_000,
      maxBuffer: 64 << 20,
      windowsHide: true,
    });
    running.child.stdin?.on('error', () => undefined).end(input ?? '');
    try {
      return (await running).stdout;
    } catch (error) {
      const stderr = (error as { stderr?: string }).stderr?.trim();
      throw stderr ? new Error(stderr) : error;
    }
  }

  #failed(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    this.#output.error(message);
    this.#status.failed(message);
    void vscode.window.showErrorMessage(`akslint: ${message}`, 'Show Output').then((choice) => {
      if (choice) this.#output.show(true);
    });
  }

  /** Runs what a command does; a failure is told and not thrown, which VS Code would show in its own words. */
  async #telling(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#output.error(message);
      void vscode.window.showErrorMessage(`akslint: ${message}`);
    }
  }
}

function ours(): Record<string, unknown> {
  const configuration = vscode.workspace.getConfiguration('akslint');
  return serverSettings((name) => configuration.get(name));
}

/** Archives lose the bit on some ways. */
function makeExecutable(file: string): void {
  try {
    accessSync(file, constants.X_OK);
  } catch {
    chmodSync(file, 0o755);
  }
}
