import type { Board } from '../board/board.ts';
import type { IpCamera } from '../camera/list-ip-cameras.ts';
import type { ListedCamera } from '../camera/v4l2-list.ts';
import { formatBytes } from '../domain/format-bytes.ts';
import { type CatalogueEntry, ramNeedOf, sizeOf } from '../models/catalogue.ts';

/** A camera or model that a config could name. */
export interface Proposal {
  readonly kind: 'camera' | 'ip-camera' | 'model';
  readonly name: string;
  readonly description: string;
}

/** Memory for the system and the daemon. */
const systemBytes = 1e9;

/** Cameras with a usable format, by stable name where they have one. */
export function proposeCameras(cameras: readonly ListedCamera[]): Proposal[] {
  const usable = cameras.filter(({ formats }) => formats.some(({ isUsable }) => isUsable));
  return usable.map(({ path, stableNames, names }) => ({
    kind: 'camera',
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
      return [{ kind: 'ip-camera', name: address, description: `${who}: ${reason}` }];
    }
    return streams.map(({ url, codec, size, profile }) => ({
      kind: 'ip-camera',
      name: url,
      description: `${who}: ${[codec, size, profile].filter((each) => each !== null).join(' ')}`,
    }));
  });
}

/** The catalogue's models that fit the board's memory, largest first, then the demo model. */
export function proposeModels(catalogue: readonly CatalogueEntry[], { memory }: Board): Proposal[] {
  const budget = Math.min(memory.totalBytes, memory.limitBytes ?? Infinity) - systemBytes;
  const fitting = catalogue
    .map((entry) => ({ entry, ramBytes: ramNeedOf(entry)?.totalBytes ?? Infinity }))
    .filter(({ ramBytes }) => ramBytes <= budget)
    .sort((a, b) => b.ramBytes - a.ramBytes);
  const proposals = fitting.map(({ entry, ramBytes }): Proposal => {
    const { name, title, quant, licence, sources } = entry;
    const size = formatBytes(sizeOf(sources[0]!)!);
    const text = `${title}, ${quant}: ${size} download, about ${formatBytes(ramBytes)} of memory; licence: ${licence}`;
    return { kind: 'model', name, description: text };
  });
  return [
    ...proposals,
    {
      kind: 'model',
      name: 'models/demo',
      description: 'demo model: no download, knows drawn shapes only',
    },
  ];
}

/** One line each; tabs and line ends, which a camera's own name may contain, become spaces. */
export function proposalLines(proposals: readonly Proposal[]): string {
  const clean = (text: string): string => text.replace(/\p{Cc}+/gu, ' ');
  return proposals
    .map(({ kind, name, description }) => `${kind}\t${clean(name)}\t${clean(description)}\n`)
    .join('');
}
