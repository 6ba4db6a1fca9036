import { basename } from 'node:path';
import { probeBoard } from '../board/probe-board.ts';
import { configAdvice } from '../config/config-advice.ts';
import { type ConfiguredModel, configuredModels } from '../config/configured-models.ts';
import { loadConfig } from '../config/load.ts';
import { type Config, type ModelConfig, modelSchema } from '../config/schema.ts';
import { createCameraTask } from '../daemon/cameras.ts';
import { engineModeOf } from '../daemon/engine-mode.ts';
import { ConfigError, messageOf, PlanError } from '../domain/errors.ts';
import { withoutSecrets } from '../domain/shown-address.ts';
import { connectOnce } from '../mqtt/connection/connect-once.ts';
import { brokerOf } from '../setup/broker.ts';
import { type ModelToRun, setUpEngines } from '../setup/engine.ts';
import { jobOf, usualJob } from '../setup/job.ts';
import { serviceConfigFolder } from '../setup/look-up-secret.ts';
import { modelFilesOf } from '../setup/model-files.ts';
import { stateFault } from '../system/state-access.ts';
import { chooseCpuModule, suitableCpuModule } from '../vision/native/cpu-module.ts';
import { inspectEngine } from '../vision/one-shot/inspect-engine.ts';
import { gibibytes } from './doctor-board.ts';
import { type Check, checked, failed, ok, warning } from './doctor-check.ts';
import type { EngineReport } from './doctor-engine.ts';
import { silentLog } from './silent-log.ts';

const demoModel: ConfiguredModel = { role: null, key: 'model', model: modelSchema.parse({}) };
/** A camera may have to wake up; one with a longer `frame_timeout` gets that too. */
const cameraTimeoutMs = 30_000;

/** The config, and what is wrong with it or could be better. */
export async function checkConfig(path: string | null): Promise<{ config: Config | null; checks: Check[] }> {
  const part = 'config';
  if (path === null)
    return {
      config: null,
      checks: [
        warning(part, 'none given: neither broker nor cameras are checked', 'scenecast doctor --config FILE'),
      ],
    };
  try {
    const config = await loadConfig(path);
    const count = Object.keys(config.cameras).length;
    const text = `${path}: device ${config.device}, ${count} ${count === 1 ? 'camera' : 'cameras'}`;
    return {
      config,
      checks: [ok(part, text), ...configAdvice(config).map((advice) => warning(part, advice))],
    };
  } catch (error) {
    return { config: null, checks: [failed(part, messageOf(error).replace(/^config /, ''))] };
  }
}

/** Whether the models' files are there and readable, and they fit the board. */
export async function checkModel(
  config: Config | null,
  folder: string,
  isServiceActive: boolean,
  signal: AbortSignal,
): Promise<Check> {
  const part = 'model';
  if (config && !engineModeOf(config).hasOwn)
    return ok(
      part,
      `none needed: ${config.engine === 'pool' ? 'worker boards describe' : 'a server describes'}`,
    );
  const models = config ? configuredModels(config) : [demoModel];
  const found: ModelToRun[] = [];
  for (const { key, role, model } of models) {
    const files = await filesOrWarning(model, folder, key);
    if ('status' in files) return files;
    found.push({ key, model, files, job: config ? jobOf(config, role) : usualJob });
  }
  const names = found.map(
    ({ model, files }) => `${model.path}: ${basename(files.text)}, ${basename(files.mmproj)}`,
  );
  const name = names.join('; ');
  try {
    const { engines } = await setUpEngines(found, signal);
    const needs = engines.map(
      ({ plan }) => `needs ${gibibytes(plan.memory.totalBytes)} of ${gibibytes(plan.budgetBytes)}`,
    );
    const text = names.map((each, index) => `${each}; ${needs[index]}`).join('; ');
    const degraded = engines.flatMap(({ plan }) => plan.degraded);
    return degraded.length === 0
      ? ok(part, text)
      : warning(part, `${text}; to fit the memory: ${degraded.join(', ')}`);
  } catch (error) {
    // The running engine's own memory counts as used.
    if (error instanceof PlanError && error.mayPass && isServiceActive)
      return ok(part, `${name}; in use by the service`);
    throw error;
  }
}

/** The files of a pulled model are in the state folder, which only the service's user and root may read. */
async function filesOrWarning(
  model: ModelConfig,
  folder: string,
  key: string,
): Promise<Awaited<ReturnType<typeof modelFilesOf>> | Check> {
  try {
    return await modelFilesOf(model, folder, key);
  } catch (error) {
    if (stateFault('read') === null) throw error;
    return warning(
      'model',
      `${model.path} is not checked: it is in the state folder`,
      'sudo scenecast doctor',
    );
  }
}

/** Which CPU module the engine loads, with the facts about it. */
export async function inspectCpuModule(signal: AbortSignal): Promise<EngineReport> {
  // Any model will do; the demo model is always present.
  const { text, mmproj } = await modelFilesOf(modelSchema.parse({}), process.cwd());
  const { features: cpuFeatures } = await probeBoard();
  const cpuModule = chooseCpuModule(cpuFeatures);
  const facts = await inspectEngine({ textPath: text, mmprojPath: mmproj, cpuModule }, signal);
  return { facts, cpuFeatures, suitable: suitableCpuModule(cpuFeatures) };
}

/** Whether the engine loads, with the best CPU module for this processor. */
export async function checkEngine(signal: AbortSignal): Promise<Check> {
  const { facts, suitable } = await inspectCpuModule(signal);
  const name = basename(facts.cpu.module);
  if (facts.failure !== null) return failed('engine', facts.failure, 'scenecast doctor engine shows more');
  if (suitable !== null && basename(suitable) !== name)
    return warning(
      'engine',
      `${name}; the faster ${basename(suitable)} is not built`,
      'scripts/build-cpu.sh',
    );
  return ok('engine', `loads, with ${name}`);
}

/** Whether the broker can be reached and takes the login. */
export async function checkBroker({ mqtt }: Config, folder: string, signal: AbortSignal): Promise<Check> {
  const part = 'broker';
  const name = `${withoutSecrets(mqtt.url)} ${mqtt.username === null ? 'without a login' : `as ${mqtt.username}`}`;
  try {
    const { notes, close } = await connectOnce(brokerOf(mqtt, folder), 'doctor', signal);
    await close();
    return notes.length === 0
      ? ok(part, `connected to ${name}`)
      : warning(part, `connected to ${name}; ${notes.join('; ')}`);
  } catch (error) {
    // systemd hands the service a password that only root can read.
    if (error instanceof ConfigError && folder === serviceConfigFolder && process.geteuid!() !== 0)
      return warning(part, `not tried: ${messageOf(error)}`, 'sudo scenecast doctor');
    return failed(part, messageOf(error));
  }
}

/** One check per camera: a picture, taken as the daemon takes it. */
export function checkCameras(
  config: Config,
  folder: string,
  isServiceActive: boolean,
  signal: AbortSignal,
): Promise<Check>[] {
  return Object.keys(config.cameras).map((name) =>
    checked('camera', async () => {
      const started = performance.now();
      try {
        const { width, height } = await sizeOfPicture(name, config, folder, signal);
        const seconds = ((performance.now() - started) / 1000).toFixed(1);
        return ok('camera', `${name}: a picture of ${width}x${height} in ${seconds} s`);
      } catch (error) {
        const text = `${name}: ${messageOf(error)}`;
        if (isServiceActive && config.cameras[name]!.source.type === 'v4l2' && /busy|in use/i.test(text))
          return ok('camera', `${name}: in use by the service`);
        return failed('camera', text);
      }
    }),
  );
}

async function sizeOfPicture(
  name: string,
  config: Config,
  folder: string,
  signal: AbortSignal,
): Promise<{ width: number; height: number }> {
  const { source, interval, prompt } = config.cameras[name]!;
  const settings = { paused: false, intervalMs: interval, prompt };
  const { camera } = createCameraTask(name, config, () => settings, folder, silentLog);
  const limitMs = cameraTimeoutMs + ('frame_timeout' in source ? source.frame_timeout : 0);
  const late = AbortSignal.timeout(limitMs);
  try {
    const ends = AbortSignal.any([signal, late]);
    await camera.start(ends);
    return (await camera.capture(ends)).size;
  } catch (error) {
    if (late.aborted) throw new Error(`no picture within ${limitMs / 1000} s`, { cause: error });
    throw error;
  } finally {
    await camera.close();
  }
}
