import { CameraError, messageOf } from '../domain/errors.ts';
import type { V4l2Control, V4l2Device } from './v4l2-addon.ts';

/** A control's value as a person writes it: "auto", a number, a boolean, or a menu entry's words. */
export type ControlValue = string | number | boolean;

/** What to set, in this order. */
export interface ControlSetting {
  readonly id: number;
  readonly value: number;
  /** For messages. */
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

/** The common controls: each has an automatic part, and one for a value. */
const common: Readonly<Record<string, { readonly auto: number; readonly value: readonly number[] }>> = {
  exposure: { auto: ids.exposureAuto, value: [ids.exposureAbsolute, ids.exposureSimple] },
  gain: { auto: ids.autoGain, value: [ids.gain] },
  white_balance: { auto: ids.whiteBalanceAuto, value: [ids.whiteBalanceTemperature] },
  focus: { auto: ids.focusAuto, value: [ids.focusAbsolute] },
};

/** A control's name as v4l2-ctl and configs write it: "White Balance, Automatic" is white_balance_automatic. */
export function controlKey(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_|_$/g, '');
}

/**
 * What to set for the controls of a config: the common ones (exposure, gain, white_balance, focus: "auto" or a number)
 * and any other by its V4L2 name. Switches between automatic and manual come before the values that they free.
 * @throws CameraError that names the control and lists what the device has
 */
export function controlSettings(
  path: string,
  controls: readonly V4l2Control[],
  wishes: Readonly<Record<string, ControlValue>>,
): ControlSetting[] {
  const settings = Object.entries(wishes).flatMap(([name, wish]) => {
    const parts = common[name];
    // A camera without the parts may still have a control of this very name.
    if (!parts || !controls.some(({ id }) => id === parts.auto || parts.value.includes(id)))
      return [settingOf(path, controls, name, wish)];
    return commonSettings(path, controls, name, wish, parts);
  });
  const isSwitch = ({ id }: ControlSetting): boolean => Object.values(common).some(({ auto }) => auto === id);
  return [...settings.filter(isSwitch), ...settings.filter((each) => !isSwitch(each))];
}

/** Sets them one after another. @throws CameraError that names the control, its value and the driver's reason */
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
  wish: ControlValue,
  parts: { readonly auto: number; readonly value: readonly number[] },
): ControlSetting[] {
  const auto = controls.find(({ id }) => id === parts.auto);
  if (wish === 'auto') {
    if (!auto)
      throw new CameraError(
        `${path}: control ${name}: "auto" is not something this camera can do; ${listOf(controls)}`,
      );
    return [{ id: auto.id, value: switchValue(auto, true), name }];
  }
  const control = controls.find(({ id }) => parts.value.includes(id));
  if (!control) throw new CameraError(`${path}: control ${name}: can only be "auto"; ${listOf(controls)}`);
  const setting = { id: control.id, value: settingValue(path, control, name, wish), name };
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
  wish: ControlValue,
): ControlSetting {
  const control = controls.find((each) => controlKey(each.name) === controlKey(name));
  if (!control)
    throw new CameraError(`${path}: control ${name}: this camera has none of that name; ${listOf(controls)}`);
  return { id: control.id, value: settingValue(path, control, name, wish), name };
}

function settingValue(path: string, control: V4l2Control, name: string, wish: ControlValue): number {
  const refuse = (expected: string): never => {
    throw new CameraError(`${path}: control ${name}: must be ${expected} (it is ${JSON.stringify(wish)})`);
  };
  if (control.isReadOnly) throw new CameraError(`${path}: control ${name}: can only be read`);
  if (control.type === 'menu') {
    const entry = control.menu.find((each) =>
      typeof wish === 'string' ? each.name.toLowerCase() === wish.toLowerCase() : each.value === Number(wish),
    );
    return (
      entry?.value ??
      refuse(`one of ${control.menu.map((each) => `"${each.name}" (${each.value})`).join(', ')}`)
    );
  }
  const value = typeof wish === 'boolean' ? Number(wish) : wish;
  if (typeof value !== 'number' || !Number.isInteger(value)) return refuse(rangeText(control));
  // Bit masks have no least value, and buttons take any.
  const isInRange = value >= control.least && value <= control.most;
  return control.type === 'button' || isInRange ? value : refuse(rangeText(control));
}

/** e.g. "a whole number from 0 to 255". */
export function rangeText({ type, least, most, step }: V4l2Control): string {
  if (type === 'boolean') return 'true or false';
  return `a whole number from ${least} to ${most}${step > 1 ? ` in steps of ${step}` : ''}`;
}

function listOf(controls: readonly V4l2Control[]): string {
  const names = controls.filter(({ isReadOnly }) => !isReadOnly).map(({ name }) => controlKey(name));
  return names.length === 0 ? 'it has no controls' : `it has ${names.join(', ')}`;
}
