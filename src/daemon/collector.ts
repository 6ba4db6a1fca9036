import { droppedFrom } from '../answers/collect-policy.ts';
import { jpegWithin } from '../camera/jpeg-within.ts';
import type { Config } from '../config/schema.ts';
import { questionsOf } from '../contract/questions.ts';
import type { Picture } from '../domain/frame.ts';
import { isLabelled } from '../domain/label.ts';
import { readBlockMeans } from '../gate/block-means.ts';
import { coarsePicture } from '../gate/coarse-picture.ts';
import { type CollectedCamera, Collector } from '../labels/collector.ts';
import type { Log } from '../pipeline/ports.ts';
import { collectedFolderOf } from '../setup/labelled-folder.ts';

/** High enough that a model sees in the file what it saw in the picture. */
const jpegQuality = 92;

/** Collects pictures of the cameras that the config names; null: of none. */
export function createCollector(config: Config, folder: string, log: Log): Collector | null {
  const cameras = new Map<string, CollectedCamera>();
  for (const [name, { collect, questions }] of Object.entries(config.cameras))
    if (collect)
      cameras.set(name, {
        bounds: { maxPictures: collect.keep, maxBytes: collect.max_size },
        questions: questionsOf(questions).filter(isLabelled),
      });
  if (cameras.size === 0) return null;
  return new Collector({
    folder: collectedFolderOf(config, folder),
    cameras,
    choose: droppedFrom,
    encode: asJpeg,
    coarse: async (picture) => coarsePicture(await readBlockMeans(picture)),
    log,
  });
}

/** A JPEG stays as the camera gave it, so that a labelled picture is the described one. */
async function asJpeg(picture: Picture): Promise<Uint8Array> {
  const { bytes, pixels } = picture;
  if (pixels === undefined && bytes[0] === 0xff && bytes[1] === 0xd8) return bytes;
  const limits = { maxWidth: null, quality: jpegQuality, maxBytes: Number.POSITIVE_INFINITY };
  return (await jpegWithin(picture, limits))!.bytes;
}
