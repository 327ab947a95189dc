import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Lifecycle } from '../../src/lifecycle.js';

/** A service that notes what happens, and takes a moment for everything. */
function recorder(fail: (number: number) => boolean = () => false): { log: string[]; lifecycle: Lifecycle } {
  const log: string[] = [];
  let count = 0;
  const moment = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const lifecycle = new Lifecycle(async () => {
    const number = (count += 1);
    await moment();
    return {
      start: async () => {
        log.push(`start ${number}`);
        await moment();
        if (fail(number)) throw new Error(`no ${number}`);
        log.push(`started ${number}`);
      },
      stop: async () => {
        log.push(`stop ${number}`);
        await moment();
        log.push(`stopped ${number}`);
      },
    };
  });
  return { log, lifecycle };
}

test('starting twice starts once', async () => {
  const { log, lifecycle } = recorder();
  await Promise.all([lifecycle.start(), lifecycle.start()]);
  assert.deepEqual(log, ['start 1', 'started 1']);
});

test('a restart waits for the start before it, and many are one', async () => {
  const { log, lifecycle } = recorder();
  await Promise.all([lifecycle.start(), lifecycle.restart(), lifecycle.restart(), lifecycle.restart()]);
  assert.deepEqual(log, ['start 1', 'started 1', 'stop 1', 'stopped 1', 'start 2', 'started 2']);
});

test('a restart asked for while one runs is another one', async () => {
  const { log, lifecycle } = recorder();
  const first = lifecycle.restart();
  await first;
  await lifecycle.restart();
  assert.deepEqual(log.filter((line) => line.startsWith('started')), ['started 1', 'started 2']);
});

test('what fails to start is stopped, told, and can be started again', async () => {
  const { log, lifecycle } = recorder((number) => number === 1);
  await assert.rejects(lifecycle.start(), /no 1/);
  await lifecycle.start();
  assert.deepEqual(log, ['start 1', 'stop 1', 'stopped 1', 'start 2', 'started 2']);
});

test('the end waits for a start under way', async () => {
  const { log, lifecycle } = recorder();
  const start = lifecycle.start();
  while (!log.includes('start 1')) await new Promise((resolve) => setImmediate(resolve));
  await lifecycle.dispose();
  await start;
  assert.deepEqual(log, ['start 1', 'started 1', 'stop 1', 'stopped 1']);
});

test('nothing starts after the end', async () => {
  const { log, lifecycle } = recorder();
  const start = lifecycle.start();
  await lifecycle.dispose();
  await start;
  await lifecycle.start();
  await lifecycle.restart();
  assert.deepEqual(log, []);
});
