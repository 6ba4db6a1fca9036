import { expect, test } from 'vitest';
import { FrameQueue } from '../../src/pipeline/frame-queue.ts';

const job = (camera: string, number: number): { camera: string; number: number } => ({ camera, number });

test('a newer frame takes its camera’s slot and gives back the older one', async () => {
  const queue = new FrameQueue<ReturnType<typeof job>>();
  expect(queue.offer(job('a', 1))).toBeNull();
  expect(queue.offer(job('a', 2))).toEqual(job('a', 1));
  expect(await queue.take()).toEqual(job('a', 2));
});

test('cameras are served in the order in which they began to wait, whatever is replaced meanwhile', async () => {
  const queue = new FrameQueue<ReturnType<typeof job>>();
  for (const camera of ['a', 'b', 'c']) queue.offer(job(camera, 1));
  queue.offer(job('a', 2));
  expect(await queue.take()).toEqual(job('a', 2));
  queue.offer(job('a', 3));
  expect([await queue.take(), await queue.take(), await queue.take()]).toEqual([
    job('b', 1),
    job('c', 1),
    job('a', 3),
  ]);
});

test('whoever waits is woken by an offer, and by the end', async () => {
  const queue = new FrameQueue<ReturnType<typeof job>>();
  const taken = queue.take();
  queue.offer(job('a', 1));
  expect(await taken).toEqual(job('a', 1));
  const last = queue.take();
  expect(queue.close()).toEqual([]);
  expect(await last).toBeNull();
});

test('closing gives back what nobody took', () => {
  const queue = new FrameQueue<ReturnType<typeof job>>();
  queue.offer(job('a', 1));
  queue.offer(job('b', 1));
  expect(queue.close()).toEqual([job('a', 1), job('b', 1)]);
});
