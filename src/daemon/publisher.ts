import { dirname, join } from 'node:path';
import { jpegWithin } from '../camera/jpeg-within.ts';
import type { Config } from '../config/schema.ts';
import { questionsOf } from '../contract/questions.ts';
import { topicsOf } from '../contract/topics.ts';
import { isLabelled, isOfType } from '../domain/label.ts';
import { stateFolderOf } from '../domain/state-folder.ts';
import type { EncodeImage } from '../mqtt/publishing/camera-images.ts';
import type { RestoreRules } from '../mqtt/publishing/observed-state.ts';
import { MqttPublisher } from '../mqtt/publishing/publisher.ts';
import type { Log } from '../pipeline/ports.ts';
import { brokerOf } from '../setup/broker.ts';
import { historyBoundsOf } from '../setup/history.ts';
import type { MissingFiles } from '../store/missing-files.ts';
import { Outbox } from '../store/outbox.ts';
import { rememberTopics, topicsFile } from '../store/topics-file.ts';
import { thumbnailKeeper } from './thumbnails.ts';

export function createOutbox(config: Config, folder: string, log: Log): Outbox {
  const { store, device } = config;
  const { max_entries, max_size, max_age, replay } = store.outbox;
  return new Outbox({
    path: join(stateFolderOf(store.folder, folder, process.env), `outbox-${device}.db`),
    bounds: { maxEntries: max_entries, maxBytes: max_size, maxAgeMs: max_age, replayMs: replay },
    history: historyBoundsOf(config, folder),
    log,
  });
}

export function createPublisher(config: Config, folder: string, outbox: Outbox, log: Log): MqttPublisher {
  const { mqtt, device, history } = config;
  return new MqttPublisher({
    ...brokerOf(mqtt, folder),
    device,
    outbox,
    images: encodersOf(config),
    restored: restoreRulesOf(config),
    lateAfterMs: mqtt.late_after,
    ...(history?.thumbnails && { onStored: thumbnailKeeper(outbox, log) }),
    log,
  });
}

/** By the cameras and questions as they are configured now. */
export function restoreRulesOf(config: Config): RestoreRules {
  const topics = topicsOf(config.device);
  const retained = new Set(retainedTopicsOf(config));
  const questions = new Map(
    Object.entries(config.cameras).flatMap(([camera, each]) =>
      questionsOf(each.questions).map((question) => [topics.answer(camera, question.name), question]),
    ),
  );
  return {
    isRetained: (topic) => retained.has(topic),
    isAnswer: (topic, value) => {
      const question = questions.get(topic);
      return question && isLabelled(question) ? isOfType(question.type, value) : typeof value === 'string';
    },
  };
}

/** The retained topics of the configured cameras, questions and rules. */
function retainedTopicsOf({ device, cameras }: Config): string[] {
  const topics = topicsOf(device);
  return Object.entries(cameras).flatMap(([name, { questions, rules }]) => [
    topics.cameraStatus(name),
    topics.cameraConfig(name),
    topics.vision(name),
    topics.description(name),
    topics.image(name),
    topics.imageInfo(name),
    ...Object.keys(questions).map((question) => topics.answer(name, question)),
    ...Object.keys(rules).map((rule) => topics.rule(name, rule)),
  ]);
}

/** How published pictures become JPEG files, by camera. */
function encodersOf({ cameras }: Config): Map<string, EncodeImage> {
  const published = Object.entries(cameras).filter(([, { image }]) => image.enabled);
  return new Map(
    published.map(
      ([
        name,
        {
          image: { width, quality, max_size },
        },
      ]) => [
        name,
        (picture, maxBytes) =>
          jpegWithin(picture, { maxWidth: width, quality, maxBytes: Math.min(maxBytes, max_size) }),
      ],
    ),
  );
}

/**
 * Clears the retained picture of cameras that publish none, or whose privacy masks may be newer than the picture.
 * @param isMasked whether a camera has masks
 */
export function clearImages(
  { device, cameras }: Config,
  publisher: Pick<MqttPublisher, 'retain'>,
  isMasked = (camera: string): boolean => cameras[camera]!.privacy.length > 0,
): void {
  const topics = topicsOf(device);
  for (const [name, { image }] of Object.entries(cameras)) {
    if (image.enabled && !isMasked(name)) continue;
    publisher.retain(topics.image(name), '');
    publisher.retain(topics.imageInfo(name), '');
  }
}

/**
 * Remembers the topics that this config retains.
 * @returns what earlier configs of this device retained for cameras and questions that have been removed
 */
export async function removedTopics(
  config: Config,
  configPath: string,
  files: MissingFiles,
  log: Log,
): Promise<string[]> {
  const current = retainedTopicsOf(config);
  const folder = stateFolderOf(config.store.folder, dirname(configPath), process.env);
  const path = topicsFile(folder, config.device);
  const all = await rememberTopics(path, current, configPath, log);
  files.keep(path, async () => {
    await rememberTopics(path, all, configPath, log);
    return true;
  });
  return all.filter((topic) => !current.includes(topic));
}
