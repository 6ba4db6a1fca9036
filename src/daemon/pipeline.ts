import { readBoardHealth } from '../board/read-board-health.ts';
import type { Config } from '../config/schema.ts';
import type { Aims } from '../pipeline/aims.ts';
import { Pipeline } from '../pipeline/pipeline.ts';
import type { Describer, Log, Publisher } from '../pipeline/ports.ts';
import type { RuleStates } from '../pipeline/rule-states.ts';
import type { Settings } from '../pipeline/settings.ts';
import type { RemoteDescriber } from '../remote-engine/remote-describer.ts';
import { publishToAll } from './all-publishers.ts';
import { createCameraTask } from './cameras.ts';
import { maxDescriptionMsOf } from './engine-mode.ts';
import type { Labelling } from './labelling.ts';
import type { OwnEngines } from './own-engine.ts';
import type { Serving } from './serving.ts';

/** The parts of the daemon that the pipeline uses. */
export interface PipelineNeeds {
  readonly describer: Describer;
  readonly own: OwnEngines | null;
  readonly remote: RemoteDescriber | null;
  readonly publisher: Publisher;
  readonly settings: Settings;
  readonly aims: Aims;
  readonly ruleStates: RuleStates;
  readonly labelling: Labelling;
  readonly serving: Serving;
}

/** The pipeline of a config's cameras; what is served sees what goes through it. */
export function createPipeline(config: Config, folder: string, needs: PipelineNeeds, log: Log): Pipeline {
  const { describer, own, remote, publisher, settings, aims, ruleStates, labelling, serving } = needs;
  const tasks = Object.keys(config.cameras).map((name) =>
    createCameraTask(
      name,
      config,
      () => settings.of(name),
      folder,
      log,
      () => aims.of(name),
    ),
  );
  const quick = own?.engines.find(({ role }) => role === 'quick')?.describer;
  const watched = serving.watch({ tasks, describer, quick, publisher });
  return new Pipeline({
    ...watched,
    publisher: {
      ...publishToAll([watched.publisher]),
      observation: (observation) => {
        watched.publisher.observation(observation);
        labelling.observed(observation);
      },
    },
    prompts: config.prompts,
    language: config.language,
    calibrate: labelling.calibrate,
    log,
    maxFrameAgeMs: config.max_frame_age,
    healthIntervalMs: config.health_interval,
    ruleStates,
    readings: async () => ({
      ...(await readBoardHealth((own?.engines ?? []).flatMap(({ client }) => client.pid ?? []))),
      ...(remote && { remoteEngine: remote.health }),
    }),
    maxDescriptionMs: maxDescriptionMsOf(config),
  });
}
