import { shorten } from '../domain/shorten.ts';
import { withoutSecrets } from '../domain/shown-address.ts';
import { JpegStream } from './jpeg-stream.ts';

/** How a body is read, by its first bytes: in doubt as JPEG, whose start is searched. */
export function pictureKindOf(head: Buffer): 'png' | 'webp' | 'jpeg' {
  if (startsWith(head, '\x89PNG\r\n\x1a\n')) return 'png';
  return startsWith(head, 'RIFF') && head.toString('latin1', 8, 12) === 'WEBP' ? 'webp' : 'jpeg';
}

/** Whether a body is multipart: by its type, or because it begins with a boundary or a part's header. */
export function isMultipart(contentType: string, head: Buffer): boolean {
  const start = head.toString('latin1', 0, 64);
  return /^\s*multipart\//i.test(contentType) || /^\s*(--\S|Content-(Type|Length)\s*:)/i.test(start);
}

/** The file without what follows it; null: its end is missing. */
export function wholeFile(kind: 'png' | 'webp', bytes: Buffer): Buffer | null {
  const endBytes = kind === 'png' ? pngEnd(bytes) : bytes.length < 12 ? Infinity : bytes.readUInt32LE(4) + 8;
  return endBytes <= bytes.length ? bytes.subarray(0, endBytes) : null;
}

/** Whether a picture file has its end. True for kinds other than JPEG, PNG and WebP, of which only decoders know. */
export function isWholePicture(bytes: Buffer): boolean {
  const kind = pictureKindOf(bytes);
  if (kind !== 'jpeg') return wholeFile(kind, bytes) !== null;
  if (!startsWith(bytes, '\xff\xd8')) return true;
  let pictures = 0;
  new JpegStream({ maxPictureBytes: bytes.length, onPicture: () => pictures++ }).push(bytes);
  return pictures > 0;
}

/** Where a PNG's last chunk ends; Infinity: it is not there. */
function pngEnd(bytes: Buffer): number {
  for (let at = 8; at + 12 <= bytes.length; ) {
    const end = at + 12 + bytes.readUInt32BE(at);
    if (bytes.toString('latin1', at + 4, at + 8) === 'IEND') return end;
    at = end;
  }
  return Number.POSITIVE_INFINITY;
}

const videos: readonly ((head: Buffer) => boolean)[] = [
  (head) => startsWith(head, '#EXTM3U') || startsWith(head, 'FLV\x01'),
  (head) => head.toString('latin1', 4, 8) === 'ftyp',
  (head) =>
    startsWith(head, '\x1aE\xdf\xa3') || startsWith(head, '\0\0\0\x01') || startsWith(head, '\0\0\x01'),
  (head) => head.length > 188 && head[0] === 0x47 && head[188] === 0x47,
];

/** What a camera answered instead of a picture, and what to do about it; without the secrets. */
export function contentWords(
  head: Buffer,
  { contentType, secrets }: { readonly contentType: string; readonly secrets: readonly string[] },
): string {
  if (head.length === 0) return 'the camera answered with nothing';
  const brand = head.toString('latin1', 4, 12);
  if (startsWith(head, 'GIF8') || startsWith(head, 'BM') || /^ftyp(heic|heix|mif1|avif)/.test(brand))
    return 'the camera answered with a picture that is neither JPEG, PNG nor WebP; choose JPEG on the camera';
  if (videos.some((isVideo) => isVideo(head)))
    return 'the camera answered with a video; read it with a source of type ffmpeg';
  let text = head.toString('utf8');
  for (const secret of secrets) if (secret !== '') text = text.replaceAll(secret, '***');
  // A body's first 4 KiB may end within a character.
  if (/[^\P{Cc}\s]|\ufffd/u.test(text.slice(0, -4))) {
    const type = contentType === '' ? 'data' : printable(contentType);
    return `the camera answered with ${type} that contains no JPEG, PNG or WebP picture`;
  }
  if (!/^\s*</.test(text)) return `the camera answered with text: "${printable(text)}"`;
  return `the camera answered with a web page ("${pageName(text)}"); check the path in url`;
}

/** The title of a page, or its first words. */
function pageName(html: string): string {
  const title = /<title[^>]*>([^<]*)/i.exec(html)?.[1]?.trim();
  if (title) return printable(title);
  return printable(html.replace(/<(script|style)[\s\S]*?(<\/\1>|$)/gi, ' ').replace(/<[^>]*(>|$)/g, ' '));
}

function printable(text: string): string {
  return shorten(
    withoutSecrets(text)
      .replace(/[\p{Cc}\s"]+/gu, ' ')
      .trim(),
    80,
  );
}

function startsWith(bytes: Buffer, latin1: string): boolean {
  return bytes.toString('latin1', 0, latin1.length) === latin1;
}
