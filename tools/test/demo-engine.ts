import { join } from 'node:path';
import { drawScene } from '../../src/camera/scene-draw.ts';
import { sampleScene } from '../../src/camera/scene-layout.ts';
import type { ChatRequest } from '../../src/domain/chat.ts';
import type { DescribeRequest } from '../../src/pipeline/ports.ts';
import type { EngineOptions } from '../../src/vision/process/protocol.ts';
import { plainEngine } from '../../tools/test/plain-engine.ts';

const demo = join(import.meta.dirname, '../../models/demo');

/** The demo model with default options. */
export const demoEngine: EngineOptions = {
  ...plainEngine,
  textPath: join(demo, 'demo-text-f16.gguf'),
  mmprojPath: join(demo, 'demo-mmproj-f16.gguf'),
};

const size = { width: 640, height: 480 };

/** A scene that the demo model was not trained on. */
export const demoRequest = {
  picture: { size, bytes: await drawScene(sampleScene(900_001, size)) },
  prompt: 'Describe the scene.',
  questions: [],
} satisfies DescribeRequest;

/** The same as a conversation. */
export const demoChat: ChatRequest = {
  messages: [{ role: 'user', text: demoRequest.prompt, picture: demoRequest.picture }],
  maxTokens: null,
  sampling: {},
  grammar: null,
};

/** Enough questions for a long description. */
export const manyQuestions = Array.from({ length: 600 }, (_, index) => ({
  name: `q${index}`,
  ask: 'How many shapes are there?',
}));
