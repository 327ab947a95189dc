// Bundles the extension, or with `--tests` the unit tests.
import { build } from 'esbuild';
import { readdirSync, rmSync } from 'node:fs';

const common = { bundle: true, platform: 'node', format: 'cjs', target: 'node20', logLevel: 'warning' };

if (process.argv.includes('--tests')) {
  rmSync('out/test', { recursive: true, force: true });
  const entryPoints = readdirSync('test/unit').map((name) => `test/unit/${name}`);
  await build({ ...common, entryPoints, outdir: 'out/test', sourcemap: 'inline' });
} else {
  rmSync('dist', { recursive: true, force: true });
  // Two files: the one that is loaded for every JSON or Markdown file stays small, the one with the client library is
  // loaded when there is something to check.
  await build({
    ...common,
    entryPoints: ['src/extension.ts', 'src/session.ts'],
    outdir: 'dist',
    external: ['vscode', './session.js'],
    // `import()` of the second file is a `require` of a file beside the first.
    supported: { 'dynamic-import': false },
    minify: true,
    keepNames: true,
  });
}
