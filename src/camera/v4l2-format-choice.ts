import { CameraError } from '../domain/errors.ts';
import type { Size } from '../domain/frame.ts';
import type { V4l2Format, V4l2Interval, V4l2Size, V4l2StreamRequest } from './v4l2-addon.ts';

/** The format that a config asks for. */
export interface WantedFormat {
  /** null: the size nearest to 1280x720. */
  readonly size: Size | null;
  /** Pictures per second; null: the driver's default. */
  readonly rate: number | null;
  /** V4L2's four letters, or "auto". */
  readonly format: string;
}

/** Common names for V4L2's four letters. */
const aliases: Readonly<Record<string, string>> = {
  MJPEG: 'MJPG',
  YUY2: 'YUYV',
  I420: 'YU12',
  RGB24: 'RGB3',
  BGR24: 'BGR3',
};

/** MJPEG is preferred for pictures larger than this: raw ones would saturate a USB 2 bus. */
const maxRawPixels = 640 * 480;

/** In order of preference: fewest bytes first, colour before grey. */
const rawFormats = ['NV12', 'YU12', 'NV21', 'YUYV', 'UYVY', 'RGB3', 'BGR3', 'GREY'];
const jpegFormats = ['MJPG', 'JPEG'];

/**
 * Chooses the format to request: the wanted size or the nearest, then at least the wanted rate if possible, then MJPEG
 * for large pictures and raw formats for small ones.
 * @throws CameraError that lists the device's formats if none is usable
 */
export function chooseFormat(
  path: string,
  offered: readonly V4l2Format[],
  wanted: WantedFormat,
): V4l2StreamRequest {
  const name = wanted.format.toUpperCase();
  const fourcc = aliases[name] ?? name;
  const usable = offered.filter((format) => format.isUsable && (name === 'AUTO' || format.fourcc === fourcc));
  if (usable.length === 0)
    throw new CameraError(
      name === 'AUTO'
        ? `${path}: offers no supported pixel format; it has ${listFormats(offered)}`
        : `${path}: format ${wanted.format}: is not offered or not supported; choose one of ${listFormats(offered.filter(({ isUsable }) => isUsable)) || 'none'}, or auto`,
    );
  const size = wanted.size ?? { width: 1280, height: 720 };
  const preferred =
    size.width * size.height > maxRawPixels
      ? [...jpegFormats, ...rawFormats]
      : [...rawFormats, ...jpegFormats];
  const candidates = usable.flatMap((format) =>
    sizesOf(format, size).map((each) => ({
      fourcc: format.fourcc,
      width: each.size.width,
      height: each.size.height,
      interval: wanted.rate === null ? null : nearestInterval(each.offer, wanted.rate),
      distance: distanceOf(each.size, size),
      rateShortfall:
        wanted.rate === null ? 0 : Math.max(0, wanted.rate - maxRateOf(each.offer.intervals) - 0.01),
      rank: preferred.indexOf(format.fourcc),
    })),
  );
  candidates.sort((a, b) => a.distance - b.distance || a.rateShortfall - b.rateShortfall || a.rank - b.rank);
  const { fourcc: chosen, width, height, interval } = candidates[0]!;
  return { fourcc: chosen, width, height, ...(interval && { interval }) };
}

type IntervalOffer = Pick<V4l2Size, 'intervals' | 'isIntervalRange'>;

/** Pictures per second. */
export function rateOf({ numerator, denominator }: V4l2Interval): number {
  return numerator === 0 ? 0 : denominator / numerator;
}

/** e.g. "MJPG 1280x720 640x480, YUYV 640x480". */
function listFormats(formats: readonly V4l2Format[]): string {
  return formats.map(({ fourcc, sizes }) => [fourcc, ...new Set(sizes.map(sizeText))].join(' ')).join(', ');
}

/** "640x480", or "16x16 to 4096x2160". */
export function sizeText({ minWidth, maxWidth, minHeight, maxHeight }: V4l2Size): string {
  const max = `${maxWidth}x${maxHeight}`;
  return minWidth === maxWidth && minHeight === maxHeight ? max : `${minWidth}x${minHeight} to ${max}`;
}

/** The offered sizes; of a range, the nearest size within it. */
function sizesOf({ sizes }: V4l2Format, wanted: Size): { size: Size; offer: IntervalOffer }[] {
  // If a driver lists no sizes, the wanted one is requested, and the driver adjusts it.
  if (sizes.length === 0) return [{ size: wanted, offer: { intervals: [], isIntervalRange: false } }];
  return sizes.map((offer) => ({
    size: {
      width: within(wanted.width, offer.minWidth, offer.maxWidth, offer.stepWidth),
      height: within(wanted.height, offer.minHeight, offer.maxHeight, offer.stepHeight),
    },
    offer,
  }));
}

function within(wanted: number, min: number, max: number, step: number): number {
  const steps = Math.round((wanted - min) / Math.max(1, step));
  return Math.min(max, min + Math.max(0, steps) * Math.max(1, step));
}

/** 0 for equal sizes; grows with the ratio of the sides: half and double are equally far. */
function distanceOf(a: Size, b: Size): number {
  return Math.abs(Math.log(a.width / b.width)) + Math.abs(Math.log(a.height / b.height));
}

function maxRateOf(intervals: readonly V4l2Interval[]): number {
  return intervals.length === 0 ? Number.POSITIVE_INFINITY : Math.max(...intervals.map(rateOf));
}

/** The listed interval nearest to the rate; the exact one if it is in a range, or if none are listed. */
function nearestInterval({ intervals, isIntervalRange }: IntervalOffer, rate: number): V4l2Interval {
  const exact = { numerator: 1000, denominator: Math.round(rate * 1000) };
  const known = intervals.filter((interval) => rateOf(interval) > 0);
  const rates = known.map(rateOf);
  const isWithin = isIntervalRange && rate >= Math.min(...rates) && rate <= Math.max(...rates);
  if (known.length === 0 || isWithin) return exact;
  const off = (interval: V4l2Interval): number => Math.abs(rateOf(interval) - rate);
  return known.reduce((best, each) => (off(each) < off(best) ? each : best));
}
