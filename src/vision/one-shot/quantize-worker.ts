import { loadAddon, type QuantizeOptions } from '../native/addon.ts';
import { serveParent } from './one-shot-child.ts';

serveParent((options: Omit<QuantizeOptions, 'onProgress'>, onProgress) =>
  loadAddon().quantize({ ...options, onProgress }),
);
