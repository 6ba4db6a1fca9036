import type { BoardHealth } from '../domain/health.ts';
import type { MetricRegistry, Sample } from './metric-registry.ts';
import type { PipelineMetrics } from './pipeline-metrics.ts';
import { one } from './samples.ts';

/** Of the board, as of the last health report. */
export function registerBoardMetrics(registry: MetricRegistry, reported: PipelineMetrics): void {
  const board = (value: (board: BoardHealth) => number | boolean | null) => (): Sample<never>[] =>
    reported.lastHealth?.board ? one(value(reported.lastHealth.board)) : [];
  registry.gauge(
    'board_temperature_celsius',
    'Of the hottest sensor',
    [],
    board(({ temperatureC }) => temperatureC),
  );
  registry.gauge(
    'board_memory_available_bytes',
    'Memory that programs can still get',
    [],
    board(({ memoryAvailableBytes }) => memoryAvailableBytes),
  );
  registry.gauge(
    'board_memory_bytes',
    'Memory of the board',
    [],
    board(({ memoryTotalBytes }) => memoryTotalBytes),
  );
  registry.gauge(
    'board_clock_limited',
    "1: heat, the power supply or a setting limits a CPU's clock",
    [],
    board(({ clockLimited }) => clockLimited),
  );
  registry.gauge(
    'board_under_voltage',
    '1: the supply voltage is too low',
    [],
    board(({ underVoltage }) => underVoltage),
  );
  registry.gauge(
    'process_memory_bytes',
    'Resident memory of the daemon and of the engine process',
    ['process'],
    function* () {
      const { memory } = reported.lastHealth ?? {};
      if (!memory) return;
      yield [{ process: 'daemon' }, memory.daemonBytes];
      yield [{ process: 'engine' }, memory.engineBytes];
    },
  );
}
