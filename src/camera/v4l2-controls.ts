import { CameraError, messageOf } from '../domain/errors.ts';
import type { V4l2Control, V4l2Device } from './v4l2-addon.ts';

/** A control's value in the config: "auto", a number, a boolean, or the name of a menu entry. */
export type ControlValue = string | number | boolean;

/** A control to set. */
export interface ControlSetting {
  readonly id: number;
  readonly value: number;
  /** For error messages. */
  readonly name: string;
}

/** Control ids of linux/v4l2-controls.h. */
const ids = {
  gain: 0x00980913,
  autoGain: 0x00980912,
  exposureSimple: 0x00980911,
  exposureAuto: 0x009a0901,
  exposureAbsolute: 0x009a0902,
  whiteBalanceAuto: 0x0098090c,
  whiteBalanceTemperature: 0x0098091a,
  focusAuto: 0x009a090c,
  focusAbsolute: 0x009a090a,
} as const;

/** V4L2_CID_EXPOSURE_AUTO's menu. */
const exposureAutomatic = [3, 0] as const; // aperture priority (what webcams have), all automatic
const exposureManual = [1, 2] as const; // manual, shutter priority

/** The common controls: each has an automatic switch and a control for the value. */
const common: Readonly<Record<string, { readonly auto: number; readonly value: readonly number[] }>> = {
  exposure: { auto: ids.exposureAuto, value: [ids.exposureAbsolute, ids.exposureSimple] },
  gain: { auto: ids.autoGain, value: [ids.gain] },
  white_balance: { auto: ids.whiteBalanceAuto, value: [ids.whiteBalanceTemperature] },
  focus: { auto: ids.focusAuto, value: [ids.focusAbsolute] },
};

/** A control's name in v4l2-ctl and configs: "White Balance, Automatic" is white_balance_automatic. */
export function controlKey(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_|_$/g, '');
}

/**
 * What to set for the controls of a config: the common ones (exposure, gain, white_balance, focus: "auto" or a number)
 * and any other by its V4L2 name. Switches between automatic and manual come before the values that they enable.
 * @throws CameraError that names the control and lists what the device has
 */
export function controlSettings(
  path: string,
  controls: readonly V4l2Control[],
  wantedValues: Readonly<Record<string, ControlValue>>,
): ControlSetting[] {
  const settings = Object.entries(wantedValues).flatMap(([name, wanted]) => {
    const parts = common[name];
    // A camera without these may still have a control of that name.
    if (!parts || !controls.some(({ id }) => id === parts.auto || parts.value.includes(id)))
      return [settingOf(path, controls, name, wanted)];
    return commonSettings(path, controls, name, wanted, parts);
  });
  const isSwitch = ({ id }: ControlSetting): boolean => Object.values(common).some(({ auto }) => auto === id);
  return [...settings.filter(isSwitch), ...settings.filter((each) => !isSwitch(each))];
}

/** Sets them in order. @throws CameraError that names the control, its value and the driver's reason */
export async function applyControls(
  device: V4l2Device,
  path: string,
  settings: readonly ControlSetting[],
): Promise<void> {
  for (const { id, value, name } of settings) {
    try {
      await device.setControl(id, value);
    } catch (cause) {
      throw new CameraError(`${path}: control ${name}: cannot be set to ${value}: ${messageOf(cause)}`, {
        cause,
      });
    }
  }
}

function commonSettings(
  path: string,
  controls: readonly V4l2Control[],
  name: string,
  wanted: ControlValue,
  parts: { readonly auto: number; readonly value: readonly number[] },
): ControlSetting[] {
  const auto = controls.find(({ id }) => id === parts.auto);
  if (wanted === 'auto') {
    if (!auto)
      throw new CameraError(
        `${path}: control ${name}: "auto" is not supported by this camera; ${listOf(controls)}`,
      );
    return [{ id: auto.id, value: switchValue(auto, true), name }];
  }
  const control = controls.find(({ id }) => parts.value.includes(id));
  if (!control) throw new CameraError(`${path}: control ${name}: can only be "auto"; ${listOf(controls)}`);
  const setting = { id: control.id, value: settingValue(path, control, name, wanted), name };
  return auto ? [{ id: auto.id, value: switchValue(auto, false), name }, setting] : [setting];
}

function switchValue(auto: V4l2Control, isAutomatic: boolean): number {
  if (auto.id !== ids.exposureAuto) return isAutomatic ? 1 : 0;
  const wanted: readonly number[] = isAutomatic ? exposureAutomatic : exposureManual;
  return wanted.find((value) => auto.menu.some((entry) => entry.value === value)) ?? wanted[0]!;
}

function settingOf(
  path: string,
  controls: readonly V4l2Control[],
  name: string,
  wanted: ControlValue,
): ControlSetting {
  const control = controls.find((each) => controlKey(each.name) === controlKey(name));
  if (!control)
    throw new CameraError(`${path}: control ${name}: this camera has no such control; ${listOf(controls)}`);
  return { id: control.id, value: settingValue(path, control, name, wanted), name };
}

function settingValue(path: string, control: V4l2Control, name: string, wanted: ControlValue): number {
  const refuse = (expected: string): never => {
    throw new CameraError(`${path}: control ${name}: must be ${expected} (it is ${JSON.stringify(wanted)})`);
  };
  if (control.isReadOnly) throw new CameraError(`${path}: control ${name}: is read-only`);
  if (control.type === 'menu') {
    const entry = control.menu.find((each) =>
      typeof wanted === 'string'
        ? each.name.toLowerCase() === wanted.toLowerCase()
        : each.value === Number(wanted),
    );
    return (
      entry?.value ??
      refuse(`one of ${control.menu.map((each) => `"${each.name}" (${each.value})`).join(', ')}`)
    );
  }
  const value = typeof wanted === 'boolean' ? Number(wanted) : wanted;
  if (typeof value !== 'number' || !Number.isInteger(value)) return refuse(rangeText(control));
  // Bit masks have no minimum, and buttons take any value.
  const isInRange = value >= control.min && value <= control.max;
  return control.type === 'button' || isInRange ? value : refuse(rangeText(control));
}

/** e.g. "a whole number from 0 to 255". */
export function rangeText({ type, min, max, step }: V4l2Control): string {
  if (type === 'boolean') return 'true or false';
  return `a whole number from ${min} to ${max}${step > 1 ? ` in steps of ${step}` : ''}`;
}

function listOf(controls: readonly V4l2Control[]): string {
  const names = controls.filter(({ isReadOnly }) => !isReadOnly).map(({ name }) => controlKey(name));
  return names.length === 0 ? 'it has no controls' : `it has ${names.join(', ')}`;
}
