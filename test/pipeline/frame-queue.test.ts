import { expect, test } from 'vitest';
import type { ModelRole } from '../../src/domain/model-role.ts';
import type { Trigger } from '../../src/domain/observation.ts';
import { FrameQueue } from '../../src/pipeline/frame-queue.ts';

interface Job {
  readonly camera: string;
  readonly number: number;
  readonly trigger: Trigger;
  readonly model?: ModelRole;
}
const job = (camera: string, number: number, trigger: Trigger = 'interval'): Job => ({
  camera,
  number,
  trigger,
});
const quick = (camera: string, trigger?: Trigger): Job => ({ ...job(camera, 1, trigger), model: 'quick' });
/** A queue in which jobs with a number below 0 are stale. */
function queueOf(...jobs: Job[]): { queue: FrameQueue<Job>; stale: Job[] } {
  const stale: Job[] = [];
  const queue = new FrameQueue<Job>({
    patience: 4,
    isStale: ({ number }) => number < 0,
    onStale: async (old) => void stale.push(old),
  });
  for (const each of jobs) queue.offer(each);
  return { queue, stale };
}
const takeAll = async (queue: FrameQueue<Job>): Promise<string[]> => {
  const order: string[] = [];
  while (queue.jobs.length > 0) order.push((await queue.take())!.camera);
  return order;
};

test('a newer frame takes its camera’s slot, and the older one is returned', async () => {
  const { queue } = queueOf();
  expect(queue.offer(job('a', 1))).toBeNull();
  expect(queue.offer(job('a', 2))).toEqual(job('a', 1));
  expect(queue.jobs).toHaveLength(1);
  expect(await queue.take()).toEqual(job('a', 2));
});

test('cameras are served in the order in which they began to wait, even if their frames are replaced', async () => {
  const { queue } = queueOf(job('a', 1), job('b', 1), job('c', 1));
  queue.offer(job('a', 2));
  expect(await queue.take()).toEqual(job('a', 2));
  queue.offer(job('a', 3));
  expect(await takeAll(queue)).toEqual(['b', 'c', 'a']);
});

test('requests go before changes, and changes before interval frames', async () => {
  const { queue } = queueOf(
    job('a', 1),
    job('b', 1, 'change'),
    job('c', 1, 'request'),
    job('d', 1, 'change'),
  );
  expect(await takeAll(queue)).toEqual(['c', 'b', 'd', 'a']);
});

test('the quick model’s frames rank as requests, and its requests go before all others', async () => {
  const { queue } = queueOf(job('a', 1, 'change'), quick('b'), job('c', 1, 'request'), quick('d'));
  queue.offer(job('a', 2, 'request'));
  queue.offer(quick('a', 'request'));
  const order: string[] = [];
  while (queue.jobs.length > 0) {
    const { camera, model = '' } = (await queue.take())!;
    order.push(`${camera} ${model}`);
  }
  expect(order).toEqual(['a quick', 'a ', 'b quick', 'c ', 'd quick']);
});

test('the quick model’s frames do not starve the other one’s', async () => {
  const { queue } = queueOf(job('due', 1));
  const order: string[] = [];
  for (let round = 0; round < 12; round++) {
    for (const camera of ['a', 'b']) queue.offer(quick(camera));
    order.push((await queue.take())!.camera);
  }
  expect(order.filter((camera) => camera === 'due')).toHaveLength(1);
});

test('changes do not starve an interval frame', async () => {
  const { queue } = queueOf(job('due', 1));
  const order: string[] = [];
  for (let round = 0; round < 12; round++) {
    queue.offer(job('a', round, 'change'));
    queue.offer(job('b', round, 'change'));
    order.push((await queue.take())!.camera);
  }
  expect(order.filter((camera) => camera === 'due')).toHaveLength(1);
  expect(order.indexOf('due')).toBe(4);
});

test('a stale frame is never returned, and the camera’s next frame keeps its turn', async () => {
  const { queue, stale } = queueOf(job('a', -1), job('b', 1), job('c', 1));
  expect((await queue.take())?.camera).toBe('b');
  expect(stale).toEqual([job('a', -1)]);
  queue.offer(job('a', 2));
  expect(await takeAll(queue)).toEqual(['a', 'c']);
});

test('a waiting take ends with an offer, and when the queue is closed', async () => {
  const { queue } = queueOf();
  const taken = queue.take();
  queue.offer(job('a', 1));
  expect(await taken).toEqual(job('a', 1));
  const last = queue.take();
  expect(queue.close()).toEqual([]);
  expect(await last).toBeNull();
});

test('closing returns the jobs that were not taken', () => {
  const { queue } = queueOf(job('a', 1), job('b', 1));
  expect(queue.close()).toEqual([job('a', 1), job('b', 1)]);
});

test('a held camera is skipped, and the time it was held does not raise its priority', async () => {
  const held = new Set(['a']);
  const queue = new FrameQueue<Job>({
    patience: 2,
    isStale: () => false,
    onStale: async () => {},
    isHeld: ({ camera }) => held.has(camera),
  });
  queue.offer(job('a', 1, 'request'));
  for (const camera of ['b', 'c', 'd']) queue.offer(job(camera, 1, 'change'));
  const order = [(await queue.take())!.camera, (await queue.take())!.camera, (await queue.take())!.camera];
  expect(order).toEqual(['b', 'c', 'd']);
  const next = queue.take();
  held.clear();
  queue.reconsider();
  expect((await next)!.camera).toBe('a');

  held.add('e');
  queue.offer(job('e', 1, 'interval'));
  for (const camera of ['f', 'g']) queue.offer(job(camera, 1, 'change'));
  await queue.take();
  await queue.take();
  queue.offer(job('h', 1, 'change'));
  held.clear();
  expect((await queue.take())!.camera).toBe('h');
});

test('a job that is put back is the next of its rank, after requests', async () => {
  const { queue } = queueOf(job('a', 1), job('b', 1, 'change'));
  const taken = (await queue.take())!;
  queue.offer(job('c', 1, 'change'));
  queue.offer(job('d', 1, 'request'));
  expect(queue.putBack(taken)).toBeNull();
  expect(await takeAll(queue)).toEqual(['d', 'b', 'c', 'a']);
});

test('a job that is put back does not replace a newer one', async () => {
  const { queue } = queueOf(job('a', 1));
  const taken = (await queue.take())!;
  queue.offer(job('a', 2));
  expect(queue.putBack(taken)).toBe(taken);
  expect(await queue.take()).toEqual(job('a', 2));
});

test('a job that is put back ends the wait for one', async () => {
  const { queue } = queueOf(job('a', 1));
  const taken = (await queue.take())!;
  const next = queue.take();
  queue.putBack(taken);
  expect(await next).toBe(taken);
});
