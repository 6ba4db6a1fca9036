import { parentPort } from 'node:worker_threads';
import { ConfigError, messageOf } from '../domain/errors.ts';
import { OutboxFile } from './outbox-file.ts';
import type { FromOutboxWorker, OutboxEntry, ToOutboxWorker } from './outbox-protocol.ts';

/** Deliveries are recorded with the next entry or within this time; a crash before that means duplicates, not losses. */
const lazyMs = 30_000;
/** Time between retries while the disk fails. */
const retryMs = 10_000;
/** How soon a deleted file is noticed. */
const lookEveryMs = 30_000;

const port = parentPort!;
let file: OutboxFile | null = null;
/** Calls that are answered when their entries are written. */
let uncommitted: number[] = [];
let soon: NodeJS.Immediate | null = null;
let later: NodeJS.Timeout | null = null;
let look: NodeJS.Timeout | null = null;

function post(message: FromOutboxWorker): void {
  port.postMessage(message);
}

function answer(call: number, entries: readonly OutboxEntry[] = [], count = 0): void {
  post({ type: 'done', call, status: file!.status, entries, count });
}

/** One transaction and one fsync for everything that has arrived meanwhile. */
function commit(): void {
  if (soon) clearImmediate(soon);
  if (later) clearTimeout(later);
  soon = null;
  later = null;
  const calls = uncommitted;
  uncommitted = [];
  file!.commit();
  for (const call of calls) answer(call);
  if (calls.length === 0) post({ type: 'status', status: file!.status });
  if (file!.status.fault !== null) later = setTimeout(commit, retryMs);
}

function handle(message: ToOutboxWorker): void {
  // Entries are written before they are read: nothing is published that a crash could undo.
  if (uncommitted.length > 0 && message.type !== 'add') commit();
  switch (message.type) {
    case 'open':
      file = new OutboxFile(message.path, message.bounds, (notice) => post({ type: 'notice', notice }));
      file.open();
      look = setInterval(() => {
        file!.restoreIfDeleted();
        post({ type: 'status', status: file!.status });
      }, lookEveryMs);
      answer(message.call);
      break;
    case 'add':
      file!.add(message.entry);
      uncommitted.push(message.call);
      soon ??= setImmediate(commit);
      break;
    case 'delivered':
      file!.delivered(message.seq);
      later ??= setTimeout(commit, lazyMs);
      post({ type: 'status', status: file!.status });
      break;
    case 'waiting':
      answer(message.call, file!.waiting(message.after, message.limit));
      break;
    case 'newest':
      answer(message.call, file!.newest());
      break;
    case 'send-again':
      answer(message.call, [], file!.sendAgain(message.after));
      break;
    case 'close': {
      if (later) clearTimeout(later);
      if (look) clearInterval(look);
      file!.restoreIfDeleted();
      file!.commit();
      const { status } = file!;
      file!.close();
      post({ type: 'done', call: message.call, status, entries: [], count: 0 });
      port.close();
    }
  }
}

port.on('message', (message: ToOutboxWorker) => {
  try {
    handle(message);
  } catch (error) {
    if (!('call' in message)) throw error;
    const isConfigFault = error instanceof ConfigError;
    post({ type: 'failed', call: message.call, message: messageOf(error), isConfigFault });
  }
});
