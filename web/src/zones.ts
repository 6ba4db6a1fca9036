/** A corner as shares of width and height, from [0, 0] at the top left. */
export type Corner = readonly [x: number, y: number];
export type Zone = readonly Corner[];
export type ZoneKind = 'ignore' | 'privacy';
export type Zones = Readonly<Record<ZoneKind, readonly Zone[]>>;

/** A corner of a zone. */
export interface Selection {
  readonly kind: ZoneKind;
  readonly zone: number;
  readonly corner: number;
}

export const newZone: Zone = [
  [0.3, 0.3],
  [0.7, 0.3],
  [0.7, 0.7],
  [0.3, 0.7],
];

const minCorners = 3;

export function withZone(zones: Zones, kind: ZoneKind, zone: Zone): Zones {
  return { ...zones, [kind]: [...zones[kind], zone] };
}

export function withoutZone(zones: Zones, kind: ZoneKind, index: number): Zones {
  return { ...zones, [kind]: zones[kind].filter((_, each) => each !== index) };
}

/** With one zone changed. */
export function withChange(zones: Zones, kind: ZoneKind, index: number, change: (zone: Zone) => Zone): Zones {
  return { ...zones, [kind]: zones[kind].map((zone, each) => (each === index ? change(zone) : zone)) };
}

/** With a corner elsewhere, within the picture and on a grid of thousandths. */
export function withCornerAt(zone: Zone, corner: number, [x, y]: Corner): Zone {
  return zone.map((each, index) => (index === corner ? [onGrid(x), onGrid(y)] : each));
}

/** With a corner more, in the middle of the longest edge; its index too. */
export function withCorner(zone: Zone): { readonly zone: Zone; readonly corner: number } {
  const lengths = zone.map(([x, y], index) => {
    const [nextX, nextY] = zone[(index + 1) % zone.length]!;
    return Math.hypot(nextX - x, nextY - y);
  });
  const longest = lengths.indexOf(Math.max(...lengths));
  const [x, y] = zone[longest]!;
  const [nextX, nextY] = zone[(longest + 1) % zone.length]!;
  const middle: Corner = [onGrid((x + nextX) / 2), onGrid((y + nextY) / 2)];
  const corner = longest + 1;
  return { zone: [...zone.slice(0, corner), middle, ...zone.slice(corner)], corner };
}

/** Without a corner; three stay. */
export function withoutCorner(zone: Zone, corner: number): Zone {
  return zone.length > minCorners ? zone.filter((_, index) => index !== corner) : zone;
}

/** What has to be in the config, as YAML to paste. */
export function aimYaml(camera: string, zones: Zones, sensitivity: number | null): string {
  const list = (name: string, indent: string, of: readonly Zone[]): string[] =>
    of.length === 0
      ? [`${indent}${name}: []`]
      : [`${indent}${name}:`, ...of.map((zone) => `${indent}  - ${zoneYaml(zone)}`)];
  return [
    'cameras:',
    `  ${camera}:`,
    ...(sensitivity === null
      ? []
      : ['    gate:', `      sensitivity: ${sensitivity}`, ...list('ignore', '      ', zones.ignore)]),
    ...list('privacy', '    ', zones.privacy),
    '',
  ].join('\n');
}

function zoneYaml(zone: Zone): string {
  return `[${zone.map(([x, y]) => `[${x}, ${y}]`).join(', ')}]`;
}

function onGrid(share: number): number {
  return Math.round(Math.min(1, Math.max(0, share)) * 1000) / 1000;
}
