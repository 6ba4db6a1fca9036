import { expect, test } from 'vitest';
import { configAdvice } from '../../src/config/config-advice.ts';
import { parseConfig } from '../../src/config/load.ts';

function adviceFor(source: object): string[] {
  return configAdvice(parseConfig(JSON.stringify({ cameras: { porch: { source } } }), 'c.yaml'));
}

test.each([
  'http://cam/snapshot.jpg',
  'https://cam/axis-cgi/mjpg/video.cgi?fps=1',
  'http://cam/cgi-bin/api.cgi?cmd=Snap&channel=0',
  'http://cam/webcam/?action=stream',
  'http://cam/ISAPI/Streaming/channels/101/picture',
])('ffmpeg for %s: type http is advised', (input) => {
  expect(adviceFor({ type: 'ffmpeg', input })).toEqual([
    expect.stringMatching(/^cameras\.porch\.source\.input: .* use type: http with url in place of input/),
  ]);
});

test.each([
  'http://snapshot.lan/live.m3u8',
  'http://cam/snapshots/live.flv?x',
  'rtsp://cam/mjpeg',
  '/srv/a.jpg',
])('ffmpeg for %s is right', (input) => {
  expect(adviceFor({ type: 'ffmpeg', input })).toEqual([]);
});

test('type http is right', () => {
  expect(adviceFor({ type: 'http', url: 'http://cam/snapshot.jpg' })).toEqual([]);
});

function modelAdvice(keys: object, camera: object = {}): string[] {
  const cameras = { porch: { source: { type: 'scene' }, ...camera } };
  return configAdvice(
    parseConfig(JSON.stringify({ models: { quick: {}, thorough: {} }, cameras, ...keys }), 'c.yaml'),
  );
}

test('a model that nothing uses is named', () => {
  expect(modelAdvice({})).toEqual([
    'models.quick: no camera or question uses it; use the other one as model, which takes less memory',
  ]);
  expect(modelAdvice({}, { model: 'quick' })).toEqual([expect.stringMatching(/^models\.thorough: /)]);
  expect(modelAdvice({}, { questions: { open: { ask: 'Open?' } } })).toEqual([]);
  expect(modelAdvice({ mqtt: { commands: { ask: true } } })).toEqual([]);
  expect(modelAdvice({ work: { pool: 'home' } }, { model: 'quick' })).toEqual([]);
  expect(modelAdvice({ serve: { listen: '127.0.0.1:8080' } }, { model: 'quick' })).toEqual([]);
});

test('min_confidence has no effect on answers of an engine server', () => {
  const questions = {
    open: { ask: 'Is it open?', type: 'boolean', min_confidence: 0.6 },
    people: { ask: 'How many?', type: 'integer' },
  };
  const advice = (engine: unknown): string[] => {
    const cameras = { porch: { source: { type: 'scene' }, questions } };
    return configAdvice(parseConfig(JSON.stringify({ engine, cameras }), 'c.yaml'));
  };
  expect(advice('own')).toEqual([]);
  expect(advice({ url: 'http://server:8080', fallback: 'expire' })).toEqual([
    expect.stringMatching(/^cameras\.porch\.questions\.open\.min_confidence: has no effect/),
  ]);
});
