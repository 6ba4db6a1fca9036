import { parentPort, workerData } from 'node:worker_threads';
import { messageOf } from '../../domain/errors.ts';
import type { FromHistoryWorker, ToHistoryWorker } from './history-protocol.ts';
import { HistoryReader } from './history-reader.ts';

const port = parentPort!;
const reader = new HistoryReader(String(workerData), undefined, (damage) =>
  port.postMessage({ damage } satisfies FromHistoryWorker),
);

port.on('message', ({ call, method, args }: ToHistoryWorker) => {
  let reply: FromHistoryWorker;
  try {
    reply = { call, result: Reflect.apply(reader[method], reader, args) };
  } catch (error) {
    reply = { call, fault: messageOf(error) };
  }
  port.postMessage(reply);
});
