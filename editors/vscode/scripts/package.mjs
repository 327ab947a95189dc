// Makes akslint-TARGET.vsix with the server inside.
//
//   node scripts/package.mjs [--target linux-x64] [--server PROGRAM] [--out FILE]
//
// Without --server the program is built for this machine, in release mode.

import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const here = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const root = path.resolve(here, '../..');

// The names under which the marketplace knows machines.
const TARGETS = ['alpine-arm64', 'alpine-x64', 'darwin-arm64', 'darwin-x64', 'linux-arm64', 'linux-armhf', 'linux-x64', 'win32-arm64', 'win32-x64'];

const { values } = parseArgs({
  options: { target: { type: 'string' }, server: { type: 'string' }, out: { type: 'string' } },
});
const target = values.target ?? `${process.platform}-${process.arch}`;
if (!TARGETS.includes(target)) {
  console.error(`unknown target ${target}; known are ${TARGETS.join(', ')}`);
  process.exit(2);
}
if (!values.server && target !== `${process.platform}-${process.arch}`) {
  console.error(`a server for ${target} is not built on this machine; name one with --server`);
  process.exit(2);
}

const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
const run = (program, args, cwd = here) => execFileSync(program, args, { cwd, stdio: 'inherit' });

if (!existsSync(path.join(here, 'node_modules', 'esbuild'))) run(npm, ['ci']);

let server = values.server && path.resolve(values.server);
if (!server) {
  run('cargo', ['build', '--release', '--locked', '-p', 'akslint'], root);
  const folder = path.resolve(root, process.env.CARGO_TARGET_DIR ?? 'target');
  server = path.join(folder, 'release', process.platform === 'win32' ? 'akslint.exe' : 'akslint');
}
const bundled = path.join(here, 'server', target.startsWith('win32') ? 'akslint.exe' : 'akslint');
rmSync(path.dirname(bundled), { recursive: true, force: true });
mkdirSync(path.dirname(bundled));
copyFileSync(server, bundled);
chmodSync(bundled, 0o755);
copyFileSync(path.join(root, 'LICENSE'), path.join(here, 'LICENSE'));

run(process.execPath, ['esbuild.mjs']);
const out = path.resolve(values.out ?? path.join(here, `akslint-${target}.vsix`));
const vsce = path.join(here, 'node_modules', '@vscode', 'vsce', 'vsce');
run(process.execPath, [
  vsce, 'package', '--no-dependencies', '--allow-missing-repository', '--no-rewrite-relative-links',
  '--target', target, '--out', out,
]);
const size = (file) => `${(statSync(file).size / (1 << 20)).toFixed(1)} MiB`;
console.log(`${out}: ${size(out)}, of which the server before packing ${size(bundled)}`);
