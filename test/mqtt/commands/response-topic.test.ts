import { expect, test } from 'vitest';
import { isResponseTopic } from '../../../src/mqtt/commands/response-topic.ts';

test.each([
  'answers',
  'my/own/answers',
  'scenecast/workshop/response/describe',
  'scenecast/other/response/work/1',
  'scenecasting/x',
])('%s is a valid response topic', (topic) => expect(isResponseTopic(topic)).toBe(true));

test.each([
  '',
  'a/+/b',
  'a/#',
  '$SYS/x',
  '$share/pool/x',
  'a\u0000b',
  'x'.repeat(513),
  'scenecast',
  'scenecast/workshop/request/restart',
  'scenecast/other/porch/set/paused',
  'scenecast/workshop/status',
  'scenecast/workshop/response',
  'scenecast/workshop/response/',
  'scenecast/work/x/y',
  'scenecast//request/restart',
])('%j is not a valid response topic', (topic) => expect(isResponseTopic(topic)).toBe(false));
