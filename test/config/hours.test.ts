import { expect, test } from 'vitest';
import { parseConfig } from '../../src/config/load.ts';

function parse(hours: string, location = ''): ReturnType<typeof parseConfig> {
  return parseConfig(
    `${location}\ncameras: { porch: { source: { type: scene }, hours: ${hours} } }`,
    'c.yaml',
  );
}

test('hours are kept as they are written; there are none by default', () => {
  const written = ['mon-fri 07:00-19:00', 'Sat, Sun 9:00 - 12:30', 'sunset-30m-sunrise+1h30m'];
  const config = parse(JSON.stringify(written), 'location: [52.52, -13.4]');
  expect(config.cameras['porch']?.hours).toEqual(written);
  expect(config.location).toEqual([52.52, -13.4]);
  expect(parse('null').cameras['porch']?.hours).toBeNull();
  expect(parse('null').location).toBeNull();
});

test.each([
  ['mon-fri 07:00-19:00', 'hours: must be a list of days and times such as'],
  ['[]', 'hours: must have at least one range such as "mon-fri 07:00-19:00"'],
  ['[7]', 'hours.0: must be days and times such as "mon-fri 07:00-19:00"'],
  ['[07:00]', 'hours.0: must be days and times such as'],
  ['["mon-fri"]', 'hours.0: must be days and times such as'],
  ['["07:00-19:00 mon-fri"]', 'hours.0: must be days and times such as'],
  ['["7-19"]', 'hours.0: must be days and times such as'],
  ['["noon-19:00"]', 'hours.0: must be days and times such as'],
  ['["sunrise+-sunset"]', 'hours.0: must be days and times such as'],
  ['["mo-fr 07:00-19:00"]', 'hours.0: must name days as mon, tue, wed, thu, fri, sat or sun'],
  ['["mon-wed-fri 07:00-19:00"]', 'hours.0: must name days as'],
  ['["mon,,fri 07:00-19:00"]', 'hours.0: must name days as'],
  ['["07:00-24:30"]', 'hours.0: must have times from 00:00 to 24:00'],
  ['["07:60-19:00"]', 'hours.0: must have times from 00:00 to 24:00'],
  ['["24:00-06:00"]', 'hours.0: must not begin at 24:00; write 00:00'],
  ['["07:00-07:00"]', 'hours.0: must not end when it begins; a whole day is 00:00-24:00'],
  ['["sunrise+1h-sunrise"]', 'hours.0: must not end before it begins'],
  ['["sunrise-13h-sunset"]', 'hours.0: must have times from 00:00 to 24:00, and at most 12h'],
  ['["07:00-12:00", "13:00-25:00"]', 'hours.1: must have times from 00:00 to 24:00'],
])('%s is refused: %s', (hours, fault) => {
  expect(() => parse(hours, 'location: [52.52, 13.4]')).toThrow(`cameras.porch.${fault}`);
});

test('sunrise and sunset need a location, and the message names the camera', () => {
  expect(() => parse('["07:00-Sunset"]')).toThrow(
    'location: must be [latitude, longitude] in degrees, such as [52.52, 13.4], for the sunrise and sunset of cameras.porch.hours',
  );
  expect(() => parse('["07:00-19:00"]')).not.toThrow();
});

test.each([
  ['[91, 13]', 'location.0'],
  ['[52, 181]', 'location.1'],
  ['[52]', 'location'],
  ['52.52', 'location: must be [latitude, longitude] in degrees, such as [52.52, 13.4] (it is 52.52)'],
])('location %s is refused', (location, fault) => {
  expect(() => parse('null', `location: ${location}`)).toThrow(fault);
});
