import { expect, test } from 'vitest';
import { openingError, scrub } from '../../src/camera/ffmpeg-reason.ts';

test.each([
  ['[error] pipe:0: Connection refused', /^refused; /],
  [
    '[tcp @ 0x55] [error] Connection to tcp://10.0.0.1:554?timeout=1 failed: Connection timed out',
    /^unreachable; /,
  ],
  ['[error] pipe:0: No route to host', /^unreachable; /],
  ['[tcp @ 0x55] [error] Failed to resolve hostname porch.lan: Name or service not known', /^unreachable; /],
  ['[rtsp @ 0x55] [error] method DESCRIBE failed: 401 Unauthorized', /^unauthorised; .*password_file/],
  ['[http @ 0x55] [error] HTTP error 403 Forbidden', /^unauthorised; /],
  ['[rtsp @ 0x55] [error] method DESCRIBE failed: 404 Not Found', /^not found; /],
  ["[fatal] Stream map '0:v:0' matches no streams.", /^no video stream \(ffmpeg: Stream map/],
  ['[error] pipe:0: Invalid data found when processing input', /^codec unknown; /],
  ['[mpjpeg @ 0x55] [error] dimensions not set', /^codec unknown; .* \(ffmpeg: dimensions not set\)$/],
  ['[error] pipe:0: End of file', /^ended \(ffmpeg: End of file\)$/],
])('%s', (line, message) => {
  const lines = ['[info] Input #0', line, '[info] a 404 Not Found that is not an error'];
  expect(openingError(lines, []).message).toMatch(message);
});

test('of several lines the one with the reason is quoted', () => {
  const lines = [
    '[rtsp @ 0x55] [error] method DESCRIBE failed: 404 Not Found',
    '[error] Error opening input files',
  ];
  expect(openingError(lines, []).message).toMatch(/\(ffmpeg: method DESCRIBE failed: 404 Not Found\)$/);
});

test('a line without words is not quoted', () => {
  expect(openingError(['[error] End of file', '[error] '], []).message).toBe('ended (ffmpeg: End of file)');
  expect(openingError(['[error] '], []).message).toBe('ended');
});

test.each([
  ["Impossible to open 'rtsp://me:p%40ss@host:554/a?token=1'", "Impossible to open 'rtsp://host:554'"],
  ['rtsp://me:a@b@host/x failed', 'rtsp://host failed'],
  ['Opening http://host/snap.cgi?user=me&pwd=secret for reading', 'Opening http://host for reading'],
  ['the word p@ss by itself', 'the word *** by itself'],
  ['/clips/a.mp4: Permission denied', '/clips/a.mp4: Permission denied'],
])('secrets are taken out of: %s', (line, expected) => {
  expect(scrub(line, ['me:p%40ss', 'p@ss', ''])).toBe(expected);
});

test('a long line is truncated', () => {
  expect(scrub('x'.repeat(5000), [])).toHaveLength(200);
});
