import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { exitCodes } from '../domain/errors.ts';
import { stateFolderOf } from '../domain/state-folder.ts';
import { serviceConfigFolder } from '../setup/look-up-secret.ts';
import { type Check, checked, checksJson, checkText, summaryText } from './doctor-check.ts';
import { checkBroker, checkCameras, checkConfig, checkEngine, checkModel } from './doctor-parts.ts';
import { checkServer } from './doctor-server.ts';
import {
  checkBoard,
  checkClock,
  checkDevices,
  checkDisk,
  checkService,
  checkState,
} from './doctor-system.ts';
import { checkWindow } from './doctor-window.ts';

export interface AllFlags {
  readonly config?: string;
  readonly json?: true;
}

/** `scenecast doctor`: checks everything, and prints a line per check as soon as it is known. Exit code 1: one has failed. */
export async function checkAll({ config, json }: AllFlags, signal: AbortSignal): Promise<void> {
  const found: Check[] = [];
  const columns = process.stdout.columns || 80;
  for await (const check of allChecks(configPath(config), signal)) {
    signal.throwIfAborted();
    found.push(check);
    if (!json) process.stdout.write(`${checkText(check, columns)}\n`);
  }
  process.stdout.write(
    json ? `${JSON.stringify(checksJson(found), null, 2)}\n` : `\n${summaryText(found)}\n`,
  );
  if (found.some(({ status }) => status === 'failed')) process.exitCode = exitCodes.failure;
}

function configPath(given: string | undefined): string | null {
  if (given !== undefined) return resolve(given);
  const installed = join(serviceConfigFolder, 'config.yaml');
  return existsSync(installed) ? installed : null;
}

async function* allChecks(path: string | null, signal: AbortSignal): AsyncGenerator<Check> {
  const folder = path === null ? process.cwd() : dirname(path);
  const service = await checkService();
  const { config, checks } = await checkConfig(path);
  yield* checks;
  yield service.check;
  const state = stateFolderOf(config?.store.folder ?? null, folder, process.env);
  yield checked('state', () => checkState(state));
  yield checked('disk', () => checkDisk(state, config));
  yield checkClock();
  yield* await checkBoard();
  if (config && service.user !== null) yield* await checkDevices(config, service.user);
  yield checked('engine', () => checkEngine(signal));
  // With a faulty config it is unknown which model is used.
  if (config || path === null)
    yield checked('model', () => checkModel(config, folder, service.isActive, signal));
  if (!config) return;
  const { engine } = config;
  if (typeof engine === 'object') yield checked('server', () => checkServer(engine, folder, signal));
  yield checked('broker', () => checkBroker(config, folder, signal));
  const window = await checkWindow(config.web, folder, service.isActive, signal);
  if (window) yield window;
  yield* checkCameras(config, folder, service.isActive, signal);
}
