import { messageOf } from '../domain/errors.ts';
import { loadAddon } from './addon.ts';
import type { FromQuantizer, ToQuantizer } from './quantize.ts';

// The quantiser's process: one file, then it ends.

process.once('message', (options: ToQuantizer) => void run(options));
// Without a parent nobody wants the file.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
// Ctrl-C signals the whole group; the parent decides when this process ends.
process.on('SIGINT', () => {});

async function run(options: ToQuantizer): Promise<void> {
  try {
    const onProgress = (fraction: number): void => send({ type: 'progress', fraction });
    await loadAddon().quantize({ ...options, onProgress });
    send({ type: 'done' });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'UNKNOWN';
    send({ type: 'failed', code, message: messageOf(error) });
  }
}

function send(message: FromQuantizer): void {
  if (process.connected) process.send?.(message);
}
