import { flushCompileCache } from 'node:module';
import { resolve } from 'node:path';
import { Command } from 'commander';
import { pino } from 'pino';
import { loadConfig } from '../config/load.ts';
import { App } from '../daemon/app.ts';
import { RecentWarnings } from '../daemon/recent-warnings.ts';
import { exitCodes } from '../domain/errors.ts';
import { takeNotifyEnvironment } from '../supervision/notify-environment.ts';
import { LineOutput } from '../system/line-output.ts';
import { requireState } from '../system/state-access.ts';
import { RunLines } from './run-lines.ts';

/**
 * `scenecast run --config FILE`: runs the daemon until SIGINT, SIGTERM or SIGHUP. It logs JSON lines, and on a terminal lines
 * for people.
 */
export function runCommand(signal: AbortSignal): Command {
  return new Command('run')
    .description('run the daemon: capture, describe and publish until stopped')
    .requiredOption('-c, --config <file>', 'YAML config file')
    .exitOverride()
    .action(({ config }: { config: string }) => run(resolve(config), signal));
}

async function run(configPath: string, signal: AbortSignal): Promise<void> {
  const config = await loadConfig(configPath);
  if (config.store.folder === null) requireState('write');
  const output = new LineOutput(1, (count) => log.warn({ count }, 'log lines dropped')).open();
  const isTerminal = process.stdout.isTTY === true;
  const lines = isTerminal ? new RunLines(Object.keys(config.cameras), (line) => output.write(line)) : null;
  const warnings = config.web.listen && new RecentWarnings();
  const log = pino(
    {
      level: config.log_level,
      hooks: {
        logMethod(args, method, level) {
          const [fields, message] = args as unknown[];
          warnings?.add(level, fields, message);
          method.apply(this, args);
        },
      },
    },
    lines ? { write: (line) => lines.log(line) } : output,
  );
  const notifyEnvironment = takeNotifyEnvironment(process.env, process.pid);
  const app = new App(config, configPath, log, notifyEnvironment, { warnings, display: lines });
  const stopped = new Promise<void>((done) => {
    if (signal.aborted) done();
    signal.addEventListener('abort', () => done(), { once: true });
  });
  const restart = app.restartRequested.then(() => {
    process.exitCode = exitCodes.restart;
  });
  // At its exit Node would write it anyway, but a board that is switched off kills it.
  const starting = app.start().then(() => flushCompileCache());
  try {
    // A failed start ends it too.
    await Promise.race([stopped, restart, starting.then(() => stopped)]);
    log.info('stopping');
  } finally {
    await app.close();
    // If stopped while the model was loading, closing has aborted that load.
    await starting.catch(() => {});
    output.close();
  }
}
