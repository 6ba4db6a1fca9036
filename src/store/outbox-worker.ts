import { parentPort } from 'node:worker_threads';
import { ConfigError, messageOf } from '../domain/errors.ts';
import type { HistoryBounds } from './history/history-folder.ts';
import { HistoryWriter } from './history/history-writer.ts';
import { OutboxFile } from './outbox-file.ts';
import type { FromOutboxWorker, NewEntry, Notice, OutboxEntry, ToOutboxWorker } from './outbox-protocol.ts';

/** Deliveries are recorded with the next entry or within this time; a crash before that means duplicates, not losses. */
const lazyMs = 30_000;
/** Time between retries while the disk fails. */
const retryMs = 10_000;
/** How soon a deleted file is noticed. */
const lookEveryMs = 30_000;

const port = parentPort!;
let file: OutboxFile | null = null;
let history: HistoryWriter | null = null;
/** Calls that are answered when their entries are written, and the entries. */
let uncommitted: number[] = [];
let added: OutboxEntry[] = [];
let soon: NodeJS.Immediate | null = null;
let later: NodeJS.Timeout | null = null;
let look: NodeJS.Timeout | null = null;
let historyStep: NodeJS.Timeout | null = null;

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
  const [calls, entries] = [uncommitted, added];
  uncommitted = [];
  added = [];
  file!.commit();
  for (const call of calls) answer(call);
  for (const entry of entries) history?.added(entry);
  if (history && entries.length > 0) planHistory(history.dueInMs);
  if (calls.length === 0) post({ type: 'status', status: file!.status });
  if (file!.status.fault !== null) later = setTimeout(commit, retryMs);
}

function add(entry: NewEntry): void {
  const numbered = file!.add(entry);
  if (numbered) added.push(numbered);
}

function notify(notice: Notice): void {
  post({ type: 'notice', notice });
}

function openHistory(bounds: HistoryBounds): void {
  const outbox = {
    get id() {
      return file!.status.outboxId;
    },
    since: (after: number, limit: number) => file!.since(after, limit),
  };
  history = new HistoryWriter(bounds, outbox, notify);
  planHistory(history.step());
}

/** One piece of work after the other, with whatever has arrived for the outbox in between. */
function planHistory(delayMs: number): void {
  if (historyStep) clearTimeout(historyStep);
  historyStep = setTimeout(() => planHistory(history!.step()), delayMs);
}

/** All that waits, a block at a time. */
function flushHistory(call: number): void {
  if (history?.flushBlock()) setImmediate(() => flushHistory(call));
  else answer(call);
}

function handle(message: ToOutboxWorker): void {
  // Entries are written before they are read: nothing is published that a crash could undo.
  if (uncommitted.length > 0 && message.type !== 'add') commit();
  switch (message.type) {
    case 'open':
      file = new OutboxFile(message.path, message.bounds, notify);
      file.open();
      if (message.history) openHistory(message.history);
      look = setInterval(() => {
        file!.restoreIfDeleted();
        post({ type: 'status', status: file!.status });
      }, lookEveryMs);
      answer(message.call);
      break;
    case 'add':
      add(message.entry);
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
    case 'thumbnail':
      history?.addThumbnail(message.id, message.jpeg);
      break;
    case 'write-history':
      flushHistory(message.call);
      break;
    case 'close': {
      if (later) clearTimeout(later);
      if (look) clearInterval(look);
      if (historyStep) clearTimeout(historyStep);
      file!.restoreIfDeleted();
      file!.commit();
      history?.close();
      history = null;
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
