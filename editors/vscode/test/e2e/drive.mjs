// Drives the workbench in a browser, as a person would.
//
//   node drive.mjs wait URL FOLDER FILE              until the probe has written FILE
//   node drive.mjs colours URL FOLDER ours|theirs    whose grammar colours Bicep
//   node drive.mjs pictures URL FOLDER THEME OUT     all scenes, with pictures

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { setTimeout as rest } from 'node:timers/promises';

// Not a dependency of the extension: it is in the cache of the tests.
const { chromium } = createRequire(path.join(process.env.NODE_PATH, 'x.js'))('playwright-core');

const [mode, url, folder, ...more] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  headless: true,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
const page = await browser.newPage({ viewport: { width: 1000, height: 660 } });
page.setDefaultTimeout(20_000);
try {
  await page.goto(`${url}/?folder=${encodeURI(folder)}`);
  await page.waitForSelector('.monaco-workbench .part.statusbar', { timeout: 60_000 });
  await { wait, colours, pictures }[mode](...more);
} catch (error) {
  const shot = path.join(process.env.PICTURES_ON_ERROR ?? '/tmp', 'akslint-e2e-failure.png');
  await page.screenshot({ path: shot }).catch(() => undefined);
  console.error(`what the screen showed: ${shot}`);
  throw error;
} finally {
  await browser.close();
}

async function wait(file) {
  for (const began = Date.now(); !existsSync(file); await rest(50)) {
    if (Date.now() - began > 90_000) throw new Error('the probe says nothing');
  }
  const { vscode, steps, error } = JSON.parse(readFileSync(file, 'utf8'));
  console.log(`VS Code ${vscode}`);
  for (const [name, value] of steps) console.log(`  ${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`);
  if (error) throw Object.assign(new Error(error), { stack: error });
}

async function colours(whose) {
  await open('main.bicep');
  const line = page.locator('.view-line', { hasText: 'Microsoft.ContainerService' });
  await line.first().waitFor();
  // Grammars come a moment after the text.
  const colours = async () => new Set(await line.first().locator('span span').evaluateAll((spans) => spans.map((span) => getComputedStyle(span).color)));
  await until(async () => (await colours()).size >= (whose === 'ours' ? 3 : 1), `colours of ${whose}`);
  await rest(1000);
  const seen = await colours();
  console.log(`  colours in a resource declaration: ${[...seen].join(', ')}`);
  // The stand-in's grammar gives one colour to everything.
  assert.equal(seen.size > 1, whose === 'ours');
}

async function pictures(theme, out) {
  const shoot = async (name) => {
    await rest(400);
    await page.screenshot({ path: path.join(out, `${name}-${theme}.png`) });
    console.log(`  ${name}`);
  };
  const sideBar = page.locator('.part.sidebar');

  // Squiggles and problems, in both languages.
  await open('main.bicep');
  if (await sideBar.isVisible()) await page.keyboard.press('Control+b');
  await page.waitForSelector('.squiggly-error');
  await page.keyboard.press('Control+Shift+m');
  const problems = page.locator('.markers-panel .monaco-list-row');
  await until(async () => (await problems.count()) > 1, 'problems');
  assert.ok((await problems.allInnerTexts()).join('\n').includes('user-assigned-without-ids'), 'the problem with its code');
  await focusEditor();
  await place(21, 1);
  await shoot('problems');
  await page.keyboard.press('Control+j');

  // Hover over the mistake.
  await place(18, 14);
  await run('Show or Focus Hover');
  const hover = page.locator('.monaco-hover:visible');
  await hover.first().waitFor();
  await until(async () => (await hover.allInnerTexts()).join('').includes('akslint'), 'our diagnostic in the hover');
  await shoot('hover');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');

  if (has('completion')) {
    // Completion inside the identity block.
    await place(18, 25);
    await page.keyboard.press('End');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Control+Space');
    const suggestion = page.locator('.suggest-widget.visible .monaco-list-row', { hasText: 'userAssignedIdentities' });
    await suggestion.first().waitFor();
    await shoot('completion');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Control+z');
    await run('File: Revert File');
  }

  // The light bulb.
  await page.waitForSelector('.squiggly-error');
  await place(18, 13);
  const before = await page.locator('.squiggly-error').count();
  // As a person does: the text has just changed back, and an answer about the old one is none.
  await until(async () => {
    await page.keyboard.press('Control+.');
    return page.waitForSelector('.action-widget', { timeout: 1000 }).then(() => true, () => false);
  }, 'the light bulb');
  await shoot('fix');
  await page.keyboard.press('Enter');
  await until(async () => (await page.locator('.squiggly-error').count()) < before, 'the mistake mended');
  await shoot('fixed');
  await run('File: Revert File');

  // The other language; expressions in strings have colours of their own.
  await open('azuredeploy.json');
  await page.waitForSelector('.squiggly-error');
  await place(19, 12);
  await shoot('json');
  const expression = page.locator('.view-line', { hasText: 'resourceId' }).first().locator('span span');
  const colourOf = async (text) => expression.filter({ hasText: text }).first().evaluate((span) => getComputedStyle(span).color);
  assert.notEqual(await colourOf('resourceId'), await colourOf('Microsoft.ManagedIdentity'), 'functions and strings differ');

  // Rules explained, by the one under the cursor.
  await run('akslint: Explain Rule');
  const preview = await webview((text) => text.includes('ids-without-user-assigned'));
  assert.ok(preview, 'the page of the rule');
  await shoot('explain');
  await run('View: Close Editor');

  // All safe fixes at once.
  await focusEditor();
  await run('akslint: Fix All in Workspace');
  await page.locator('.notification-toast', { hasText: 'akslint: ' }).filter({ hasText: /fixed|nothing/ }).first().waitFor();
  await shoot('fix-all');
  const toast = await page.locator('.notification-toast').allInnerTexts();
  assert.ok(toast.join('\n').includes('fixed'), toast.join('\n'));
  await run('Notifications: Clear All Notifications');
  await run('File: Revert File');

  // The identity map.
  if (has('identities')) {
    await open('main.bicep');
    await run('File: Revert File');
    await run('akslint: Show Identity Map');
    assert.ok(await webview((text) => /Cluster\s+aks/.test(text) && /kubelet/.test(text)), 'the cluster and its kubelet are on the map');
    // Room for the map beside the template.
    await page.setViewportSize({ width: 1300, height: 660 });
    await shoot('map');
    await page.setViewportSize({ width: 1000, height: 660 });
    await run('View: Close Editor');
  }

  // State of the server, and the walkthrough.
  await focusEditor();
  await page.locator('.statusbar-item[id*="language"], .statusbar-item[id*="status.languageStatus"]').first().hover();
  await page.locator('.hover-language-status').first().waitFor();
  assert.match((await page.locator('.hover-language-status').allInnerTexts()).join('\n'), /akslint \d/);
  await shoot('status');
  await aside();
  await run('Welcome: Open Walkthrough...', { asks: true });
  const walkthrough = page.locator('.quick-input-list .monaco-list-row', { hasText: 'Get started with akslint' }).first();
  await walkthrough.click();
  await page.locator('.gettingStartedContainer', { hasText: 'See who is who' }).first().waitFor();
  await shoot('walkthrough');
}

/** Whether the server has something; $AKSLINT_WITHOUT names what an old one lacks: hover, completion, identities. */
function has(what) {
  const there = !(process.env.AKSLINT_WITHOUT ?? '').split(' ').includes(what);
  if (!there) console.log(`  LEFT OUT, as AKSLINT_WITHOUT says: ${what}`);
  return there;
}

// ---- hands and eyes

/** Opens a file of the workspace. */
async function open(name) {
  await page.keyboard.press('Control+p');
  const input = page.locator('.quick-input-widget:visible input');
  await input.waitFor();
  await input.fill(name);
  await page.locator('.quick-input-list .monaco-list-row', { hasText: name }).first().click();
  await aside();
  await page.locator('.tab.active', { hasText: name }).first().waitFor();
  await page.locator('.editor-instance .view-line').first().waitFor();
}

/** Runs a command of the palette. */
async function run(title, { asks = false } = {}) {
  await page.keyboard.press('F1');
  const input = page.locator('.quick-input-widget:visible input');
  await input.waitFor();
  await input.fill(`>${title}`);
  const row = page.locator('.quick-input-list .monaco-list-row', { hasText: title }).first();
  await row.waitFor();
  await row.click();
  await aside();
  if (!asks) await page.locator('.quick-input-widget').first().waitFor({ state: 'hidden' });
}

/** Moves the pointer to where nothing shows a hover. */
async function aside() {
  await page.mouse.move(400, 645);
}

async function focusEditor() {
  await page.keyboard.press('Control+1');
}

/** Puts the cursor there; both count from 1. */
async function place(line, column) {
  await focusEditor();
  await page.keyboard.press('Control+g');
  const input = page.locator('.quick-input-widget:visible input');
  await input.waitFor();
  await input.fill(`:${line}:${column}`);
  await page.keyboard.press('Enter');
  await page.locator('.quick-input-widget').first().waitFor({ state: 'hidden' });
}

/** Waits for a webview whose text is as wanted. */
async function webview(wanted) {
  let found;
  await until(async () => {
    for (const frame of page.frames()) {
      const text = await frame.evaluate(() => document.body?.innerText ?? '').catch(() => '');
      if (frame !== page.mainFrame() && wanted(text)) found = frame;
    }
    return found !== undefined;
  }, 'the page beside');
  return found;
}

async function until(holds, what, ms = 20_000) {
  const began = Date.now();
  while (!(await holds())) {
    if (Date.now() - began > ms) throw new Error(`waited ${ms} ms in vain for ${what}`);
    await rest(50);
  }
}
