import { expect, test } from 'vitest';
import { EncodeClock } from '../../tools/bench/speed/encode-clock.ts';

const log = `0.03.466.701 I slot process_mtmd: id  0 | task 0 | encoding mtmd batch from idx = 26, n_chunks = 1
0.03.564.201 I decoding image batch 1/1, n_tokens_batch = 64
0.03.583.907 I image decoded (batch 1/1) in 19 ms
0.59.990.000 I slot process_mtmd: id  0 | task 0 | encoding mtmd batch from idx = 90, n_chunks = 1
1.00.010.000 I decoding image batch 1/1, n_tokens_batch = 64
1.00.020.000 I decoding image batch 1/2, n_tokens_batch = 64`;

test("llama-server's encoding time is read from its log", () => {
  const clock = new EncodeClock();
  for (const line of log.split('\n')) clock.read(line);
  expect(clock.take()).toBeCloseTo(97.5 + 20);
  expect(clock.take()).toBe(0);
});
