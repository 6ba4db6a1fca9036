import { bytesField, type KernelFiles } from './kernel-files.ts';

/** A process's resident memory in bytes, now (VmRSS) or at its peak (VmHWM); null if it has exited. */
export async function readProcessMemory(
  files: KernelFiles,
  pid: number,
  field: 'VmRSS' | 'VmHWM',
): Promise<number | null> {
  return bytesField((await files.text(`/proc/${pid}/status`)) ?? '', field);
}
