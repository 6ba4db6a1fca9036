/** A time of a day: by the clock (minutes after midnight, up to 1440), or a time before or after a sunrise or sunset. */
export type DayTime =
  | { readonly event: 'clock'; readonly minutes: number }
  | { readonly event: 'sunrise' | 'sunset'; readonly offsetMinutes: number };

/** From one time to another, on some days of the week (0: Sunday). */
export interface HoursRange {
  readonly days: readonly number[];
  readonly from: DayTime;
  readonly to: DayTime;
}

/** When a camera is looked at. */
export interface WorkingHours {
  readonly ranges: readonly HoursRange[];
  /** Latitude and longitude in degrees; required by ranges with sunrise or sunset. */
  readonly location: readonly [latitude: number, longitude: number] | null;
}

/** Whether a moment is within a camera's hours. */
export interface HoursState {
  readonly open: boolean;
  /** When that changes; null: not within a week. */
  readonly until: Date | null;
}
