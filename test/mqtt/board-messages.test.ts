import { expect, test } from 'vitest';
import { boardMessageOf } from '../../src/mqtt/board-messages.ts';

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const vision = { schema: 1, state: 'stale', since: '2026-11-22T12:02:10.000Z', reason: 'no look' };

test('a topic says what a message is about', () => {
  expect(boardMessageOf('scenecast/orion/porch/vision', json(vision))).toEqual({
    channel: 'vision',
    device: 'orion',
    camera: 'porch',
    name: '',
    content: { payload: vision, fault: null },
  });
  expect(boardMessageOf('scenecast/orion/status', json({ state: 'online' }))).toMatchObject({
    channel: 'status',
    device: 'orion',
    camera: '',
  });
  expect(boardMessageOf('scenecast/orion/porch/status', json({ state: 'online' }))?.channel).toBe(
    'cameraStatus',
  );
  expect(boardMessageOf('scenecast/orion/porch/answer/gate', Buffer.alloc(0))).toEqual({
    channel: 'answer',
    device: 'orion',
    camera: 'porch',
    name: 'gate',
    content: null,
  });
  expect(boardMessageOf('scenecast/orion/porch/rule/left_open', Buffer.alloc(0))).toMatchObject({
    channel: 'rule',
    camera: 'porch',
    name: 'left_open',
  });
  expect(boardMessageOf('scenecast/orion/porch/alert', json({}))).toMatchObject({
    channel: 'alert',
    camera: 'porch',
    name: '',
  });
  expect(boardMessageOf('scenecast/orion/porch/image', json(1))).toBeNull();
  expect(boardMessageOf('homeassistant/status', json('online'))).toBeNull();
});

test('fields of a later version are left out, wherever they are', () => {
  const topic = 'scenecast/orion/porch/answer/gate';
  const answer = {
    schema: 1,
    value: true,
    confidence: 0.9,
    calibrated: false,
    reason: null,
    id: '01KADQ0000000000000000000A',
    captured_at: vision.since,
  };
  const message = boardMessageOf(topic, json({ ...answer, later: 0.9 }));
  expect(message?.content).toEqual({ payload: answer, fault: null });
  const info = boardMessageOf(
    'scenecast/orion/info',
    json({
      schema: 1,
      device: 'orion',
      version: '0.2.0',
      started_at: vision.since,
      model: { name: 'demo', quant: 'F16', build: 'b1', later: 1 },
      board: null,
      plan: null,
      cameras: {},
      serve: null,
      prompts: [],
      config: {},
      schemas: {},
      later: { deep: true },
    }),
  );
  expect(info?.content?.payload).toMatchObject({ model: { name: 'demo', quant: 'F16', build: 'b1' } });
});

test.each([
  [
    'a newer schema',
    json({ ...vision, schema: 2, state: 'dreaming' }),
    /^its schema 2 is newer than this Scenecast; update it$/,
  ],
  ['a wrong field', json({ ...vision, state: 'dreaming' }), /^state: /],
  ['a missing field', json({ schema: 1 }), /^state: /],
  ['no JSON', Buffer.from('{'), /^it is not a JSON object$/],
  ['a list', json([]), /^it is not a JSON object$/],
  ['a huge payload', Buffer.alloc(2 << 20, 'x'), /^it has 2097152 bytes$/],
])('%s is named', (_, payload, fault) => {
  const { content } = boardMessageOf('scenecast/orion/porch/vision', payload)!;
  expect(content?.payload).toBeNull();
  expect(content?.fault).toMatch(fault);
});

test('fields that are wrong under later ones do not loop', () => {
  const payload = json({ schema: 1, later: 1, image: { later: 1 } });
  const { content } = boardMessageOf('scenecast/orion/porch/description', payload)!;
  expect(content?.fault).toMatch(/: (is missing|must be)/);
});
