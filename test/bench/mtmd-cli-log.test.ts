import { expect, test } from 'vitest';
import { MtmdCliLog } from '../../tools/bench/speed/mtmd-cli-log.ts';

const lines = `0.00.092.067 I mtmd batch encoding done in 4 ms
0.00.097.175 I image decoded (batch 1/1) in 5 ms
0.00.100.911 I mtmd batch encoding done in 13 ms
0.00.143.184 I llama_perf_context_print:        load time =      96.44 ms
0.00.143.195 I llama_perf_context_print: prompt eval time =      49.93 ms /   350 tokens (    0.14 ms per token,  7010.09 tokens per second)
0.00.143.201 I llama_perf_context_print:        eval time =       7.24 ms /    15 runs   (    0.48 ms per token,  2073.26 tokens per second)
0.00.143.206 I llama_perf_context_print:       total time =     104.32 ms /   365 tokens`.split('\n');

test("llama-mtmd-cli's stages, of which the log counts encoding twice, and tokens are read from its log", () => {
  const log = new MtmdCliLog();
  for (const line of lines) log.read(line);
  expect(log.stages).toEqual({
    ...{ encodeMs: 17, prefillMs: 49.93 - 17, generateMs: 7.24 },
    ...{ promptTokens: 350, completionTokens: 16 },
  });
});

test('a log without its summary gives no stages', () => {
  const log = new MtmdCliLog();
  for (const line of lines.slice(0, 3)) log.read(line);
  expect(() => log.stages).toThrow('its log has no times');
});
