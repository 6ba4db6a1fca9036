/** Runs inside the board VM: V4L2 cameras of vivid, and a USB camera simulated outside the VM. See README.md. */
import { parseArgs } from 'node:util';
import { checkDoctor } from './cameras-doctor.ts';
import { checkIdle } from './cameras-idle.ts';
import { checkUsb } from './cameras-usb.ts';
import { checkVividFaults } from './cameras-vivid-faults.ts';
import { checkVividFormats } from './cameras-vivid-formats.ts';
import { loadVivid } from './in-vm.ts';
import { Suite } from './suite.ts';

const { values } = parseArgs({
  options: {
    'usbip-port': { type: 'string' },
    'control-port': { type: 'string' },
    cycles: { type: 'string', default: '100' },
    only: { type: 'string', default: '' },
  },
});
const usb = { usbipPort: Number(values['usbip-port']), controlPort: Number(values['control-port']) };

const suite = new Suite(values.only);
const vivid = await loadVivid();
await checkVividFormats(suite, vivid);
await checkVividFaults(suite, vivid, Number(values.cycles));
await checkUsb(suite, usb, Number(values.cycles));
await checkDoctor(suite, usb);
await checkIdle(suite, usb);
process.exitCode = suite.finish();
