/**
 * The descriptors of a USB camera of class UVC 1.0: one MJPEG format on a bulk endpoint.
 * After "USB Device Class Definition for Video Devices", 1.0a, and its Motion-JPEG payload specification.
 */

export interface UvcFrameSize {
  readonly width: number;
  readonly height: number;
}

export const frameSizes: readonly UvcFrameSize[] = [
  { width: 640, height: 480 },
  { width: 1280, height: 720 },
];
/** Frame intervals in units of 100 ns: 30, 15 and 10 fps. */
export const frameIntervals = [333_333, 666_666, 1_000_000] as const;
/** The endpoint of the pictures. */
export const videoEndpoint = 1;
/** The maximum payload of one transfer, header included. */
export const payloadBytes = 16_384;

const classSpecificInterface = 0x24;
const strings = ['', 'Scenecast', 'Simulated camera', '0001'];

export const deviceDescriptor = Buffer.of(
  ...[18, 1, ...u16(0x0200)], // a USB 2.0 device
  ...[0xef, 2, 1, 64], // with several associated interfaces
  ...[...u16(0x1d6b), ...u16(0x0102), ...u16(0x0100)], // vendor, product, release
  ...[1, 2, 3, 1], // strings for maker, product and serial number; one configuration
);

const controlHeader = (totalBytes: number): number[] => [
  ...[13, classSpecificInterface, 1, ...u16(0x0100), ...u16(totalBytes), ...u32(48_000_000), 1, 1],
];
const cameraTerminal = [
  17,
  classSpecificInterface,
  2,
  1,
  ...u16(0x0201),
  0,
  0,
  ...u16(0),
  ...u16(0),
  ...u16(0),
  2,
  0,
  0,
];
const outputTerminal = [9, classSpecificInterface, 3, 2, ...u16(0x0101), 0, 1, 0];

const frameDescriptors = frameSizes.flatMap(({ width, height }, index) => [
  ...[26 + 4 * frameIntervals.length, classSpecificInterface, 7, index + 1, 0, ...u16(width), ...u16(height)],
  ...[...u32(width * height * 8), ...u32(width * height * 16), ...u32(width * height * 2)], // bit rates, max bytes
  ...[...u32(frameIntervals[0]), frameIntervals.length, ...frameIntervals.flatMap(u32)],
]);
const mjpegFormat = [11, classSpecificInterface, 6, 1, frameSizes.length, 1, 1, 0, 0, 0, 0];
const colourMatching = [6, classSpecificInterface, 0x0d, 1, 1, 4]; // BT.709 primaries and transfer, BT.601 matrix
const formats = [...mjpegFormat, ...frameDescriptors, ...colourMatching];
const inputHeader = [
  ...[
    14,
    classSpecificInterface,
    1,
    1,
    ...u16(14 + formats.length),
    0x80 | videoEndpoint,
    0,
    2,
    0,
    0,
    0,
    1,
    0,
  ],
];

const configurationBody = [
  ...[8, 11, 0, 2, 14, 3, 0, 0], // interfaces 0 and 1 are one video function
  ...[9, 4, 0, 0, 0, 14, 1, 0, 0], // video control
  ...controlHeader(13 + cameraTerminal.length + outputTerminal.length),
  ...cameraTerminal,
  ...outputTerminal,
  ...[9, 4, 1, 0, 1, 14, 2, 0, 0], // video streaming
  ...inputHeader,
  ...formats,
  ...[7, 5, 0x80 | videoEndpoint, 2, ...u16(512), 0], // bulk, to the host
];

export const configurationDescriptor = Buffer.of(
  ...[9, 2, ...u16(9 + configurationBody.length), 2, 1, 0, 0x80, 250],
  ...configurationBody,
);

/** String descriptor `index`; 0 lists the languages. */
export function stringDescriptor(index: number): Buffer {
  const text = Buffer.from(strings[index] ?? '', 'utf16le');
  return index === 0 ? Buffer.of(4, 3, ...u16(0x0409)) : Buffer.concat([Buffer.of(text.length + 2, 3), text]);
}

/** The streaming parameters that are negotiated before pictures flow (a probe and commit control of UVC 1.0). */
export function probeControl(frameIndex: number, interval: number): Buffer {
  const { width, height } = frameSizes[frameIndex - 1]!;
  return Buffer.of(
    ...[...u16(1), 1, frameIndex, ...u32(interval), ...u16(0), ...u16(0), ...u16(0), ...u16(0), ...u16(0)],
    ...[...u32(width * height * 2), ...u32(payloadBytes)],
  );
}

function u16(value: number): number[] {
  return [value & 255, (value >> 8) & 255];
}

function u32(value: number): number[] {
  return [...u16(value & 0xffff), ...u16(value >>> 16)];
}
