import { getTimes } from 'suncalc';
import { afterEach, describe, expect, test } from 'vitest';
import { hoursRangesOf } from '../../src/config/hours-schema.ts';
import type { HoursState } from '../../src/domain/working-hours.ts';
import { hoursAt } from '../../src/pipeline/hours-at.ts';

const zoneBefore = process.env['TZ'];
afterEach(() => {
  if (zoneBefore === undefined) delete process.env['TZ'];
  else process.env['TZ'] = zoneBefore;
});

type Place = readonly [latitude: number, longitude: number];
const berlin: Place = [52.52, 13.4];
const auckland: Place = [-36.85, 174.76];
/** 69.6° north: the sun does not set from May to July, and does not rise from November to January. */
const tromso: Place = [69.65, 18.96];

/** The state at a time that is written without a zone (of the board), or with one. */
function at(zone: string, hours: string | string[], time: string, location: Place | null = null): HoursState {
  // Node reads the zone anew when this is set.
  process.env['TZ'] = zone;
  return hoursAt({ ranges: hoursRangesOf([hours].flat()), location }, new Date(time));
}

/** `open` or `closed`, and until when by the board's clock. */
function shown({ open, until }: HoursState): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const when = until
    ? `${['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'][until.getDay()]} ${two(until.getHours())}:${two(until.getMinutes())}`
    : 'for a week';
  return `${open ? 'open' : 'closed'} ${when}`;
}

// 2026-11-30 is a Monday.
test.each([
  ['mon-fri 07:00-19:00', '2026-11-30T06:59:59', 'closed mon 07:00'],
  ['mon-fri 07:00-19:00', '2026-11-30T07:00:00', 'open mon 19:00'],
  ['mon-fri 07:00-19:00', '2026-11-30T18:59:59', 'open mon 19:00'],
  ['mon-fri 07:00-19:00', '2026-11-30T19:00:00', 'closed tue 07:00'],
  ['mon-fri 07:00-19:00', '2026-12-04T19:00:00', 'closed mon 07:00'],
  ['sat,sun 10:00-14:00', '2026-11-30T12:00:00', 'closed sat 10:00'],
  ['Mon, Wed 8:00 - 9:30', '2026-11-30T10:00:00', 'closed wed 08:00'],
  // Over the weekend, and every day.
  ['fri-mon 08:00-09:00', '2026-11-30T08:30:00', 'open mon 09:00'],
  ['fri-mon 08:00-09:00', '2026-11-30T09:00:00', 'closed fri 08:00'],
  ['08:00-09:00', '2026-11-29T08:30:00', 'open sun 09:00'],
  // Over midnight: the range belongs to the day on which it begins.
  ['fri 22:00-06:00', '2026-12-04T23:00:00', 'open sat 06:00'],
  ['fri 22:00-06:00', '2026-12-05T05:59:00', 'open sat 06:00'],
  ['fri 22:00-06:00', '2026-12-04T05:00:00', 'closed fri 22:00'],
  ['22:00-06:00', '2026-11-30T00:00:00', 'open mon 06:00'],
  ['mon 00:00-24:00', '2026-11-30T23:59:59', 'open tue 00:00'],
  ['sun 19:00-24:00', '2026-11-30T00:00:00', 'closed sun 19:00'],
  ['00:00-24:00', '2026-11-30T12:00:00', 'open for a week'],
  ['mon 12:00-13:00', '2026-11-30T13:00:00', 'closed mon 12:00'],
])('by the clock: %s at %s: %s', (hours, time, expected) => {
  for (const zone of ['Europe/Berlin', 'America/Los_Angeles', 'Pacific/Auckland', 'UTC'])
    expect(shown(at(zone, hours, time)), zone).toBe(expected);
});

test.each([
  ['2026-11-30T08:00:00', 'open mon 12:00'],
  ['2026-11-30T12:30:00', 'closed mon 13:00'],
  ['2026-11-30T13:30:00', 'open mon 19:00'],
  ['2026-12-05T10:00:00', 'open sat 11:00'],
  ['2026-12-05T11:30:00', 'closed mon 07:00'],
])('several ranges a day, in any order, at %s: %s', (time, expected) => {
  const hours = ['sat 10:00-11:00', 'mon-fri 13:00-19:00', 'mon-fri 07:00-12:00'];
  expect(shown(at('Europe/Berlin', hours, time))).toBe(expected);
});

test('ranges that overlap or touch are one', () => {
  const hours = ['mon 08:00-12:00', 'mon 11:00-15:00', 'mon 15:00-24:00', 'tue 00:00-03:00'];
  expect(shown(at('Europe/Berlin', hours, '2026-11-30T09:00:00'))).toBe('open tue 03:00');
});

describe('when the clocks change', () => {
  // Berlin goes from 02:00 to 03:00 on 2026-03-29, and from 03:00 back to 02:00 on 2026-10-25.
  test.each([
    ['22:00-06:00', '2026-03-28T23:00:00+01:00', '2026-03-29T06:00:00+02:00'],
    ['22:00-06:00', '2026-10-24T23:00:00+02:00', '2026-10-25T06:00:00+01:00'],
    ['07:00-19:00', '2026-03-29T12:00:00+02:00', '2026-03-29T19:00:00+02:00'],
    ['00:00-24:00', '2026-03-29T12:00:00+02:00', null],
    // A time that is skipped is an hour later; one that comes twice is the first.
    ['01:00-02:30', '2026-03-29T03:10:00+02:00', '2026-03-29T03:30:00+02:00'],
    ['02:15-02:45', '2026-03-29T03:20:00+02:00', '2026-03-29T03:45:00+02:00'],
    ['01:00-02:30', '2026-10-25T02:10:00+02:00', '2026-10-25T02:30:00+02:00'],
  ])('%s is open at %s until %s', (hours, time, until) => {
    expect(at('Europe/Berlin', hours, time)).toEqual({ open: true, until: until && new Date(until) });
  });

  test.each([
    ['01:00-02:30', '2026-10-25T02:10:00+01:00'],
    ['02:15-02:45', '2026-03-29T03:10:00+02:00'],
  ])('%s is closed at %s', (hours, time) => {
    expect(at('Europe/Berlin', hours, time).open).toBe(false);
  });

  test('a zone that changes at midnight has no gap there', () => {
    // Cairo skips from 00:00 to 01:00 on 2026-04-24.
    expect(shown(at('Africa/Cairo', '20:00-24:00', '2026-04-23T23:59:00'))).toBe('open fri 01:00');
    expect(shown(at('Africa/Cairo', '00:00-24:00', '2026-04-24T01:30:00'))).toBe('open for a week');
  });
});

/** Minutes between two moments. */
function apart(one: Date | null, other: string): number {
  return Math.abs(one!.getTime() - Date.parse(other)) / 60_000;
}

describe('with the sun', () => {
  // Sunrise and sunset as published for these places; the library is within a minute or two of them.
  test.each<[string, Place, string, string, boolean, string]>([
    ['Europe/Berlin', berlin, 'sunrise-sunset', '2026-06-21T12:00:00', true, '2026-06-21T21:33:00'],
    ['Europe/Berlin', berlin, 'sunrise-sunset', '2026-06-21T03:00:00', false, '2026-06-21T04:43:00'],
    ['Europe/Berlin', berlin, 'sunrise-sunset', '2026-12-21T12:00:00', true, '2026-12-21T15:54:00'],
    ['Europe/Berlin', berlin, 'sunset-sunrise', '2026-12-21T20:00:00', true, '2026-12-22T08:16:00'],
    ['Europe/Berlin', berlin, 'sunset-sunrise', '2026-12-22T03:00:00', true, '2026-12-22T08:16:00'],
    ['Europe/Berlin', berlin, 'sunrise+30m-sunset-1h', '2026-12-21T12:00:00', true, '2026-12-21T14:54:00'],
    ['Europe/Berlin', berlin, 'sunrise-1h30m-sunset', '2026-12-21T05:00:00', false, '2026-12-21T06:45:00'],
    ['Europe/Berlin', berlin, '07:00-sunset', '2026-12-21T12:00:00', true, '2026-12-21T15:54:00'],
    ['Europe/Berlin', berlin, 'sunset-23:00', '2026-12-21T12:00:00', false, '2026-12-21T15:54:00'],
    ['Europe/Berlin', berlin, 'sunset-06:00', '2026-12-21T22:00:00', true, '2026-12-22T06:00:00'],
    ['Europe/Berlin', berlin, '22:00-sunrise', '2026-12-21T23:00:00', true, '2026-12-22T08:16:00'],
    ['Europe/Berlin', berlin, '05:00-sunrise', '2026-12-21T07:00:00', true, '2026-12-21T08:16:00'],
    ['Pacific/Auckland', auckland, 'sunrise-sunset', '2026-12-21T12:00:00', true, '2026-12-21T20:40:00'],
    ['Pacific/Auckland', auckland, 'sunrise-sunset', '2026-12-21T05:00:00', false, '2026-12-21T05:59:00'],
    ['Pacific/Auckland', auckland, 'sunrise-sunset', '2026-12-21T23:00:00', false, '2026-12-22T05:59:00'],
    // A board whose clock was left at UTC.
    ['UTC', auckland, 'sunrise-sunset', '2026-12-21T00:00:00Z', true, '2026-12-21T07:40:00Z'],
    ['UTC', auckland, 'sunrise-sunset', '2026-12-21T12:00:00Z', false, '2026-12-21T16:59:00Z'],
  ])('%s %j %s at %s: %s until %s', (zone, place, hours, time, open, until) => {
    const state = at(zone, hours, time, place);
    expect(state.open).toBe(open);
    expect(apart(state.until, until)).toBeLessThan(3);
  });

  test.each([
    // The sun sets before 16:00, and rises after 08:00; in June it rises before 05:00.
    ['16:30-sunset', '2026-12-21T17:00:00'],
    ['sunrise-07:30', '2026-12-21T08:30:00'],
    ['05:00-sunrise', '2026-06-21T05:30:00'],
    ['sunrise+5h-sunset-5h', '2026-12-21T12:00:00'],
  ])('%s does not turn into the night when it would end before it begins', (hours, time) => {
    expect(at('Europe/Berlin', hours, time, berlin).open).toBe(false);
  });

  test('every sunrise of a year begins one day, wherever the board is and whatever its clock', () => {
    for (const longitude of [-179, -157, -75, 0, 13, 77, 151, 174, 179.9]) {
      for (const zone of ['UTC', 'Pacific/Kiritimati', 'Pacific/Auckland', 'America/Los_Angeles']) {
        process.env['TZ'] = zone;
        const ranges = hoursRangesOf(['sunrise-sunset']);
        for (let day = 0; day < 365; day += 7) {
          const noon = Date.UTC(2026, 0, 1 + day, 12) - (longitude / 360) * 86_400_000;
          const { sunrise, sunset } = getTimes(new Date(noon), 40, longitude);
          const shownAt = (moment: number): HoursState =>
            hoursAt({ ranges, location: [40, longitude] }, new Date(moment));
          expect(shownAt(noon), `${zone} ${longitude} day ${day}`).toEqual({ open: true, until: sunset });
          expect(shownAt(sunrise!.getTime() - 1000)).toEqual({ open: false, until: sunrise });
          expect(shownAt(sunset!.getTime()).open).toBe(false);
        }
      }
    }
  });
});

describe('beyond the polar circle', () => {
  const zone = 'Europe/Oslo';
  test.each([
    // Polar day: it never sets.
    ['sunrise-sunset', '2026-06-21T00:30:00', true, null],
    ['sunrise-sunset', '2026-06-21T12:00:00', true, null],
    ['sunset-sunrise', '2026-06-21T00:43:00', false, null],
    ['sunset-sunrise', '2026-06-21T12:00:00', false, null],
    ['07:00-sunset', '2026-06-21T23:00:00', true, '2026-06-22T00:46:00'],
    // Polar night: it never rises.
    ['sunrise-sunset', '2026-12-21T12:00:00', false, null],
    ['sunset-sunrise', '2026-12-21T11:42:00', true, null],
    ['sunset-sunrise', '2026-12-21T03:00:00', true, null],
    ['sunrise-1h-sunset+1h', '2026-12-21T12:00:00', true, '2026-12-21T12:42:00'],
    ['22:00-sunrise', '2026-12-21T23:00:00', true, '2026-12-22T11:42:00'],
  ])('%s at %s: %s until %s', (hours, time, open, until) => {
    const state = at(zone, hours, time, tromso);
    expect(state.open).toBe(open);
    if (until === null) expect(state.until).toBeNull();
    else expect(apart(state.until, until)).toBeLessThan(5);
  });

  test.each([tromso, [78.22, 15.65], [90, 0], [-90, 0], [-77.85, 166.67]] as Place[])(
    'at every moment of a year it is either day or night: %j, %j',
    (latitude, longitude) => {
      process.env['TZ'] = zone;
      const stateOf = (hours: string, moment: Date): HoursState =>
        hoursAt({ ranges: hoursRangesOf([hours]), location: [latitude, longitude] }, moment);
      for (let hour = 0; hour < 365 * 24; hour += 17) {
        const moment = new Date(Date.UTC(2026, 0, 1, hour, 13));
        const day = stateOf('sunrise-sunset', moment);
        const night = stateOf('sunset-sunrise', moment);
        expect(day.open, moment.toISOString()).toBe(!night.open);
      }
    },
  );
});
