// Where the server program is.

import * as path from 'node:path';

/** What the search may look at. */
export interface Surroundings {
  platform: NodeJS.Platform;
  /** Where this extension is installed. */
  extensionPath: string;
  homeDirectory: string;
  /** The first folder of the workspace. */
  workspaceFolder: string | undefined;
  /** The variable `PATH`. */
  searchPath: string;
  isFile(file: string): boolean;
}

/** A program, and who says that it is the one. */
export interface Found {
  kind: 'found';
  command: string;
  origin: 'setting' | 'bundled' | 'path';
}

/** No program, and what to tell about it. */
export interface Missing {
  kind: 'missing';
  message: string;
}

/**
 * The server: the one in the setting, else the one that comes with the extension, else the first on the search path.
 * A setting that names no file is an error; nothing else is started in its place.
 */
export function findServer(setting: string | null | undefined, around: Surroundings): Found | Missing {
  const program = around.platform === 'win32' ? 'akslint.exe' : 'akslint';
  const wanted = setting?.trim();
  if (wanted) {
    const command = expand(wanted, around);
    if (command === undefined) {
      return { kind: 'missing', message: `akslint.server.path is \`${wanted}\`, but no folder is open` };
    }
    if (!path.isAbsolute(command)) {
      return { kind: 'missing', message: `akslint.server.path is \`${wanted}\`; it has to be an absolute path` };
    }
    return around.isFile(command)
      ? { kind: 'found', command, origin: 'setting' }
      : { kind: 'missing', message: `akslint.server.path names \`${command}\`, which is no file` };
  }
  const bundled = path.join(around.extensionPath, 'server', program);
  if (around.isFile(bundled)) return { kind: 'found', command: bundled, origin: 'bundled' };
  for (const folder of around.searchPath.split(path.delimiter)) {
    // A relative entry would let the workspace decide what runs.
    if (!path.isAbsolute(folder)) continue;
    const command = path.join(folder, program);
    if (around.isFile(command)) return { kind: 'found', command, origin: 'path' };
  }
  return {
    kind: 'missing',
    message: 'this build of the extension comes without a server; set akslint.server.path',
  };
}

function expand(text: string, around: Surroundings): string | undefined {
  if (text.includes('${workspaceFolder}')) {
    if (around.workspaceFolder === undefined) return undefined;
    text = text.replaceAll('${workspaceFolder}', around.workspaceFolder);
  }
  return /^~(?=$|[/\\])/.test(text) ? path.join(around.homeDirectory, text.slice(1)) : text;
}
