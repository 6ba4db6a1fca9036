import type { IpCamera } from '../camera/list-ip-cameras.ts';
import type { V4l2Control, V4l2Format, V4l2Size } from '../camera/v4l2-addon.ts';
import { controlKey, rangeText } from '../camera/v4l2-controls.ts';
import { rateOf, sizeText } from '../camera/v4l2-format-choice.ts';
import type { ListedCamera, OtherDevice } from '../camera/v4l2-list.ts';
import type { Size } from '../domain/frame.ts';

/** The result of a test capture. */
export interface Snapshot {
  readonly file: string | null;
  readonly size: Size | null;
  readonly error: string | null;
}

export interface CameraListing {
  readonly cameras: readonly ListedCamera[];
  readonly others: readonly OtherDevice[];
  /** By device path. */
  readonly snapshots: ReadonlyMap<string, Snapshot>;
  /** null: they were not looked for. */
  readonly ipCameras: readonly IpCamera[] | null;
}

/** The listing as text. */
export function camerasText({ cameras, others, snapshots, ipCameras }: CameraListing): string {
  const sections = cameras.map((camera) => cameraText(camera, snapshots.get(camera.path)));
  const unknown = others.filter(({ code }) => code !== 'NOT_A_CAMERA');
  if (unknown.length > 0)
    sections.push(['could not be queried:', ...unknown.map(({ reason }) => `  ${reason}`)].join('\n'));
  const notCameras = others.filter(({ code }) => code === 'NOT_A_CAMERA').map(({ path }) => path);
  if (notCameras.length > 0) sections.push(`not cameras: ${notCameras.join(', ')}`);
  if (cameras.length === 0)
    sections.unshift(
      unknown.length > 0
        ? 'no V4L2 camera can be opened'
        : 'no V4L2 cameras: none is plugged in, or its driver is not loaded (see dmesg)',
    );
  if (ipCameras?.length === 0)
    sections.push('no IP cameras: none in the local network answers (ONVIF, WS-Discovery)');
  sections.push(...(ipCameras ?? []).map(ipCameraText));
  return sections.join('\n\n');
}

function ipCameraText({ host, name, hardware, address, streams, pictureUrl, fault }: IpCamera): string {
  const names = [name, hardware].filter((each) => each !== null);
  const lines = [`${host}  ${names.join(', ') || 'IP camera'}`, `  onvif     ${address}`];
  for (const { url, profile, codec, size } of streams)
    lines.push(`  stream    ${url}  ${[codec, size, profile].filter((each) => each !== null).join(' ')}`);
  if (pictureUrl !== null) lines.push(`  picture   ${pictureUrl}`);
  if (fault !== null) lines.push(`  streams   unknown: ${fault}`);
  if (fault?.startsWith('unauthorised')) lines.push('            give --username and --password-file');
  return lines.join('\n');
}

function cameraText(
  { path, stableNames, names, formats, controls }: ListedCamera,
  snapshot?: Snapshot,
): string {
  const lines = [`${path}  ${names.card}`];
  const add = (name: string, text: string): void => {
    lines.push(`  ${name.padEnd(9)} ${text}`);
  };
  for (const name of stableNames) add('device', name);
  add('driver', `${names.driver}, ${names.bus}`);
  for (const format of formats.filter(({ isUsable }) => isUsable)) {
    add('format', `${format.fourcc}  ${format.description}`);
    for (const [rates, sizes] of sizesByRates(format))
      add('', `      ${sizes.join(' ')}${rates && `  at ${rates}`}`);
  }
  const unusable = formats.filter(({ isUsable }) => !isUsable).map(({ fourcc }) => fourcc);
  if (unusable.length > 0) add('unusable', unusable.join(' '));
  for (const control of controls)
    add('control', `${controlKey(control.name)} = ${control.value}  ${boundsText(control)}`);
  if (snapshot)
    add(
      'snapshot',
      snapshot.file ? `${snapshot.file}, ${snapshot.size!.width}x${snapshot.size!.height}` : snapshot.error!,
    );
  return lines.join('\n');
}

/** The sizes of a format, grouped by their rates. */
function sizesByRates({ sizes }: V4l2Format): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const size of sizes) {
    const rates = ratesText(size);
    found.set(rates, [...(found.get(rates) ?? []), sizeText(size)]);
  }
  return found;
}

function ratesText(size: V4l2Size): string {
  const rates = ratesOf(size);
  return rates.length === 0 ? '' : `${rates.join(size.isIntervalRange ? ' to ' : ', ')} fps`;
}

function ratesOf({ intervals }: V4l2Size): number[] {
  return intervals.map((interval) => Math.round(rateOf(interval) * 100) / 100);
}

function boundsText(control: V4l2Control): string {
  const { type, menu, defaultValue, isReadOnly, isInactive } = control;
  const range =
    type === 'menu' ? menu.map(({ value, name }) => `${value} ${name}`).join(', ') : rangeText(control);
  const notes = [`default ${defaultValue}`, isReadOnly && 'read-only', isInactive && 'inactive'].filter(
    Boolean,
  );
  return `(${[type === 'button' ? 'a button' : range, ...notes].join('; ')})`;
}

/** The listing as one JSON object. A published format: names in snake case. */
export function camerasJson({ cameras, others, snapshots, ipCameras }: CameraListing): object {
  return {
    cameras: cameras.map(({ path, stableNames, names, formats, controls }) => {
      const snapshot = snapshots.get(path);
      return {
        path,
        stable_names: stableNames,
        ...names,
        formats: formats.map(({ fourcc, description, isUsable, sizes }) => ({
          fourcc,
          description,
          usable: isUsable,
          sizes: sizes.map((size) => ({ size: sizeText(size), rates: ratesOf(size) })),
        })),
        controls: controls.map((control) => ({
          name: controlKey(control.name),
          type: control.type,
          value: control.value,
          min: control.min,
          max: control.max,
          step: control.step,
          default: control.defaultValue,
          read_only: control.isReadOnly,
          inactive: control.isInactive,
          menu: control.menu,
        })),
        ...(snapshot && { snapshot }),
      };
    }),
    others: others.map(({ path, code, reason }) => ({ path, code, reason })),
    ...(ipCameras && {
      ip_cameras: ipCameras.map(({ host, name, hardware, address, streams, pictureUrl, fault }) => ({
        ...{ host, name, hardware, onvif: address, streams, picture: pictureUrl, fault },
      })),
    }),
  };
}
