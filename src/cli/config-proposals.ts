import type { Board } from '../board/board.ts';
import type { IpCamera } from '../camera/list-ip-cameras.ts';
import type { ListedCamera } from '../camera/v4l2-list.ts';
import type { Detail } from '../domain/detail.ts';
import { formatBytes } from '../domain/format-bytes.ts';
import { type CatalogueEntry, ramNeedOf, sizeOf } from '../models/catalogue.ts';
import { type CatalogueTime, catalogueTimes, fitsBoard } from '../setup/catalogue-times.ts';

/** A camera or model that a config could name. */
export interface Proposal {
  readonly kind: 'camera' | 'ip-camera' | 'model';
  readonly name: string;
  /** For `model.detail`; null: not a model's. */
  readonly detail: Detail | null;
  readonly description: string;
}

/** A person who asks for a description waits about that long. */
const maxWaitSeconds = 30;
/** A coarser overview shows little of a scene. */
const minImageTokens = 200;

/** Stands for boards whose speed is unknown: what describes in time there is not the slowest choice elsewhere. */
const typicalBoard = {
  model: 'Raspberry Pi 5',
  arch: 'arm64',
  clusters: [{ name: 'Cortex-A76', implementer: null, part: null, cpus: [0, 1, 2, 3], maxClockMHz: 2400 }],
  features: ['dotprod'],
  allowedCpus: [0, 1, 2, 3],
} as const;

/** Cameras with a usable format, by stable name where they have one. */
export function proposeCameras(cameras: readonly ListedCamera[]): Proposal[] {
  const usable = cameras.filter(({ formats }) => formats.some(({ isUsable }) => isUsable));
  return usable.map(({ path, stableNames, names }) => ({
    kind: 'camera',
    detail: null,
    name: stableNames[0] ?? path,
    description: `${names.card} (${names.driver}, now ${path})`,
  }));
}

/** The streams of each IP camera; its ONVIF address where they are not known. */
export function proposeIpCameras(cameras: readonly IpCamera[]): Proposal[] {
  return cameras.flatMap(({ host, name, hardware, address, streams, fault }): Proposal[] => {
    const who = `${[name, hardware].filter((each) => each !== null).join(', ') || 'IP camera'} at ${host}`;
    if (streams.length === 0) {
      const remedy = 'scenecast doctor cameras with --username and --password-file names its streams';
      const reason = fault?.startsWith('unauthorised') ? remedy : (fault ?? 'it has no streams');
      return [{ kind: 'ip-camera', detail: null, name: address, description: `${who}: ${reason}` }];
    }
    return streams.map(({ url, codec, size, profile }) => ({
      kind: 'ip-camera',
      detail: null,
      name: url,
      description: `${who}: ${[codec, size, profile].filter((each) => each !== null).join(' ')}`,
    }));
  });
}

/**
 * The catalogue's models that fit the board's memory: first those that describe a picture within half a minute, the most
 * capable first, each at the finest detail that is fast enough; then those that do so only with a coarse picture; then the
 * others at their coarsest detail, the fastest first; then the demo model.
 */
export function proposeModels(catalogue: readonly CatalogueEntry[], board: Board): Proposal[] {
  const timed = catalogue
    .filter((entry) => fitsBoard(entry, board))
    .map((entry) => {
      const times = catalogueTimes(entry, board);
      const isKnown = times.some(({ seconds }) => seconds !== null);
      const compared = isKnown ? times : catalogueTimes(entry, { ...board, ...typicalBoard });
      const inTime = compared.filter(({ seconds }) => seconds !== null && seconds <= maxWaitSeconds);
      const clear = inTime.find(
        ({ detail, imageTokens }) => detail === 'full' || imageTokens >= minImageTokens,
      );
      const chosen = clear ?? inTime[0] ?? compared.at(-1);
      return {
        entry,
        group: clear ? 'clear' : inTime.length > 0 ? 'coarse' : 'slow',
        seconds: chosen?.seconds ?? Number.POSITIVE_INFINITY,
        time: times.find(({ detail }) => detail === chosen?.detail),
      };
    });
  const group = (wanted: string): typeof timed => timed.filter((each) => each.group === wanted);
  const ordered = [
    ...group('clear').reverse(),
    ...group('coarse').reverse(),
    ...group('slow').sort((a, b) => a.seconds - b.seconds),
  ];
  return [
    ...ordered.map(({ entry, time }): Proposal => {
      const detail = time?.detail ?? 'full';
      return { kind: 'model', name: entry.name, detail, description: descriptionOf(entry, time) };
    }),
    {
      kind: 'model',
      name: 'models/demo',
      detail: 'full',
      description: 'demo model: no download, knows drawn shapes only',
    },
  ];
}

function descriptionOf(entry: CatalogueEntry, time: CatalogueTime | undefined): string {
  const { title, quant, licence, languages, sources } = entry;
  const size = formatBytes(sizeOf(sources[0]!)!);
  const ram = formatBytes(ramNeedOf(entry)!.totalBytes);
  const wait =
    time === undefined || time.seconds === null
      ? 'time unknown on this board'
      : `about ${Math.max(1, Math.round(time.seconds))} s a description (projected${time.detail === 'full' ? '' : `, detail ${time.detail}`})`;
  return `${title}, ${quant}: ${wait}; ${size} download, about ${ram} of memory; licence: ${licence}; languages: ${languages}`;
}

/** One line each: kind, name, detail (or -) and description; tabs and line ends, which a camera's own name may contain, become spaces. */
export function proposalLines(proposals: readonly Proposal[]): string {
  const clean = (text: string): string => text.replace(/\p{Cc}+/gu, ' ');
  return proposals
    .map(
      ({ kind, name, detail, description }) =>
        `${kind}\t${clean(name)}\t${detail ?? '-'}\t${clean(description)}\n`,
    )
    .join('');
}
