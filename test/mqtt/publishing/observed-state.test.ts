import { expect, test } from 'vitest';
import { observedPayload } from '../../../src/contract/payloads.ts';
import { topicsOf } from '../../../src/contract/topics.ts';
import type { Answer } from '../../../src/domain/observation.ts';
import { ObservedState } from '../../../src/mqtt/publishing/observed-state.ts';
import type { StoredObservation } from '../../../src/mqtt/publishing/stored-observation.ts';
import { observation } from '../../../tools/test/observation.ts';

function stored(text: string | null, answers: Record<string, Answer>): StoredObservation {
  const observed = observation({ text, answers });
  return { description: observedPayload(observed, new Date()), judged: observed.judged };
}

/** Records what becomes state: topic below the camera, and what it says. */
function observe(): { readonly state: ObservedState; readonly said: [string, unknown][] } {
  const said: [string, unknown][] = [];
  const set = (topic: string, payload: string | (() => string)): void => {
    const text = typeof payload === 'string' ? payload : payload();
    const message = text === '' ? { value: 'cleared' } : JSON.parse(text);
    const content = message.description ?? message.value ?? message.state;
    said.push([topic.replace('scenecast/test/porch/', ''), content]);
  };
  return { state: new ObservedState(topicsOf('test'), { set }), said };
}

const all = { isRetained: () => true, isAnswer: () => true };

test('an older observation that is ready later does not replace a newer one, but for what only it says', async () => {
  const { state, said } = observe();
  const older = Promise.withResolvers<void>();
  state.add(stored('older', { open: false, people: 1 }), older.promise);
  state.add(stored('newer', { open: true }), Promise.resolve());
  await Promise.resolve();
  await Promise.resolve();
  expect(said).toEqual([
    ['description', 'newer'],
    ['answer/open', true],
  ]);
  older.resolve();
  await state.close();
  expect(said.slice(2)).toEqual([['answer/people', 1]]);
});

test('what was observed before the start gives way to what has been observed since', async () => {
  const { state, said } = observe();
  const pending = Promise.withResolvers<void>();
  state.add(stored('now', { open: true }), pending.promise);
  state.restore(stored('before', { open: false, people: 2, gone: 1 }), {
    ...all,
    isRetained: (topic) => !topic.endsWith('gone'),
  });
  expect(said).toEqual([['answer/people', 2]]);
  pending.resolve();
  await state.close();
  expect(said.slice(1)).toEqual([
    ['description', 'now'],
    ['answer/open', true],
  ]);
});

test('an answer that its question cannot have any more is cleared, and gives way to a new one', async () => {
  const { state, said } = observe();
  const isAnswer = (topic: string, value: Answer): boolean => !topic.endsWith('open') || value === 'open';
  state.restore(stored('before', { open: true, people: 1 }), { ...all, isAnswer });
  expect(said).toEqual([
    ['description', 'before'],
    ['answer/open', 'cleared'],
    ['answer/people', 1],
  ]);
  state.add(stored(null, { open: 'open' }), Promise.resolve());
  await state.close();
  expect(said.at(-1)).toEqual(['answer/open', 'open']);
});

test('an observation that only answers leaves the description as it is', async () => {
  const { state, said } = observe();
  state.add(stored('a description', { open: false }), Promise.resolve());
  state.add(stored(null, { open: true }), Promise.resolve());
  state.restore(stored('before', { people: 1 }), all);
  await state.close();
  expect(said).toEqual([
    ['answer/people', 1],
    ['description', 'a description'],
    ['answer/open', true],
  ]);
});

const current = { state: 'current', reason: null, since: new Date() } as const;
const failing = { state: 'failing', reason: 'it is offline', since: new Date() } as const;

test('an old answer never seems to hold again: the camera is current once the new one is the state', async () => {
  const { state, said } = observe();
  const pending = Promise.withResolvers<void>();
  state.add(stored('now', { open: true }), pending.promise);
  state.vision('porch', current);
  state.vision('garage', current);
  expect(said).toEqual([['scenecast/test/garage/vision', 'current']]);
  pending.resolve();
  await state.close();
  expect(said.slice(1)).toEqual([
    ['description', 'now'],
    ['answer/open', true],
    ['vision', 'current'],
  ]);
});

test('a camera that fails before the new answer is the state fails at once, and is not current then', async () => {
  const { state, said } = observe();
  const pending = Promise.withResolvers<void>();
  state.add(stored('now', {}), pending.promise);
  state.vision('porch', current);
  state.vision('porch', failing);
  expect(said).toEqual([['vision', 'failing']]);
  pending.resolve();
  await state.close();
  expect(said.slice(1)).toEqual([['description', 'now']]);
});

test('a rule waits for the answers that it rests on, and an older state of it is not published', async () => {
  const { state, said } = observe();
  const at = (value: 'on' | 'off') =>
    ({ state: value, since: new Date(), confidence: null, evidence: [], reason: null }) as const;
  const pending = Promise.withResolvers<void>();
  state.add(stored('now', { open: true }), pending.promise);
  state.rule('porch', 'open', at('on'));
  state.rule('porch', 'open', at('off'));
  state.rule('garage', 'open', at('on'));
  expect(said).toEqual([['scenecast/test/garage/rule/open', 'on']]);
  pending.resolve();
  await state.close();
  expect(said.slice(1)).toEqual([
    ['description', 'now'],
    ['answer/open', true],
    ['rule/open', 'off'],
  ]);
});
