import type { KernelFiles } from './kernel-files.ts';

/** Firmware's placeholders for names not filled in. */
const placeholder =
  /^(to be filled|default string|system (manufacturer|product)|not (specified|applicable)|none$|unknown$|o\.e\.m)/i;

/** The board's name from its device tree, else from its DMI tables; null if neither has one. */
export async function readBoardModel(files: KernelFiles): Promise<string | null> {
  // /proc/device-tree is a link to the first, which in a recorded tree would lead to this machine's.
  for (const path of ['/sys/firmware/devicetree/base/model', '/proc/device-tree/model']) {
    const model = await files.name(path);
    if (model !== null) return model;
  }
  for (const folder of ['/sys/class/dmi/id', '/sys/devices/virtual/dmi/id']) {
    const vendor = filledIn(await files.name(`${folder}/sys_vendor`));
    const product = filledIn(await files.name(`${folder}/product_name`));
    if (product === null && vendor === null) continue;
    // "Radxa Computer (Shenzhen) Co., Ltd." makes the "Radxa Orion O6": do not repeat the maker.
    const [maker] = vendor?.split(/[\s,]/) ?? [];
    if (product !== null && maker && product.toLowerCase().startsWith(maker.toLowerCase())) return product;
    return [vendor, product].filter((part) => part !== null).join(' ');
  }
  return null;
}

function filledIn(name: string | null): string | null {
  return name === null || placeholder.test(name) ? null : name;
}
