import { basename, join, resolve } from 'node:path';
import { ConfigError } from '../../domain/errors.ts';
import { readOptionalText } from '../../system/read-text.ts';
import type { FloatType, GgufContent } from './gguf-writer.ts';
import { type LlavaConfig, readLlavaConfig } from './llava-config.ts';
import { chatTemplate } from './special-tokens.ts';
import { TensorStore } from './tensor-store.ts';
import { textMetadata, textTensors } from './text-part.ts';
import { readTokenizerFiles } from './tokenizer-files.ts';
import { isIgnored, visionMetadata, visionTensors } from './vision-part.ts';
import { readVocabulary } from './vocabulary.ts';

export interface PlanOptions {
  /** The checkpoint's folder. */
  readonly checkpoint: string;
  /** The vision tower's folder, for checkpoints that do not carry it. */
  readonly visionTower: string | null;
  /** Null: the checkpoint folder's name. */
  readonly name: string | null;
  /** Of the text model's matrices. */
  readonly outtype: FloatType;
}

/** Both files of a conversion, checked as far as possible before the tensors are read. Close it after use. */
export interface ConversionPlan extends AsyncDisposable {
  readonly name: string;
  readonly layout: LlavaConfig['layout'];
  readonly text: GgufContent;
  readonly mmproj: GgufContent;
  /** Remarks about the result, for people. */
  readonly notes: readonly string[];
}

/**
 * Reads a checkpoint's configs, vocabulary and tensor headers.
 * @throws ConfigError with the file, the field or tensor, and what is wrong with it
 */
export async function planConversion({
  checkpoint,
  visionTower,
  name: givenName,
  outtype,
}: PlanOptions): Promise<ConversionPlan> {
  const name = givenName ?? basename(resolve(checkpoint));
  const config = await readLlavaConfig(checkpoint, visionTower);
  await using opened = new AsyncDisposableStack();
  const open = async (folder: string): Promise<TensorStore> => {
    const store = await TensorStore.open(folder);
    opened.defer(() => store.close());
    return store;
  };
  const store = await open(checkpoint);
  const notes: string[] = [];
  const tower = await towerStore(store, config, visionTower, open, notes);
  const tensors = textTensors(store, config.text, outtype);
  const visionPart = visionTensors(store, tower, config);
  for (const each of new Set([store, tower])) refuseUnused(each);

  const tokenizer = await readTokenizerFiles(checkpoint);
  const [rows = 0] = tensors.find((tensor) => tensor.name === 'token_embd.weight')?.shape ?? [];
  const vocabulary = await readVocabulary(tokenizer, rows);
  if (vocabulary.ignored.length > 0)
    notes.push(`left out tokens without an embedding: ${vocabulary.ignored.join(' ')}`);
  const { slidingWindow, contextLength } = config.text;
  if (slidingWindow !== null && slidingWindow < contextLength)
    notes.push(`sliding_window ${slidingWindow} is not applied: do not let the context grow beyond it`);
  const license = await licenseOf(checkpoint);
  const description = {
    name,
    license,
    type: outtype,
    tokenizer,
    vocabulary,
    chatTemplate: await chatTemplate(tokenizer),
  };
  const closing = opened.move();
  return {
    name,
    layout: config.layout,
    text: { metadata: textMetadata(config.text, tensors, description), tensors },
    mmproj: { metadata: visionMetadata(config, name, license), tensors: visionPart },
    notes,
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  };
}

/** Where the vision tower's tensors are. */
async function towerStore(
  store: TensorStore,
  { towerName }: LlavaConfig,
  visionTower: string | null,
  open: (folder: string) => Promise<TensorStore>,
  notes: string[],
): Promise<TensorStore> {
  const suffix = 'embeddings.class_embedding';
  if (store.prefixOf(suffix) !== null) {
    if (visionTower !== null)
      notes.push(`the checkpoint has its own vision tower; only the config of ${visionTower} was used`);
    return store;
  }
  if (visionTower === null)
    throw new ConfigError(
      `${store.folder}: the vision tower's weights are not in this checkpoint; download its tower` +
        `${towerName === null ? '' : ` (mm_vision_tower in config.json: ${towerName})`} in safetensors and give its ` +
        'folder with --vision-tower, or use the -hf checkpoint, which includes it',
    );
  const tower = await open(visionTower);
  if (tower.prefixOf(suffix) === null)
    throw new ConfigError(`${visionTower}: tensor ${suffix} is missing: not a CLIP vision tower`);
  return tower;
}

/** Refuses tensors that the result has no place for: without them the model would run, but with other answers. */
function refuseUnused(store: TensorStore): void {
  const left = store.untaken().filter((name) => !isIgnored(name));
  if (left.length === 0) return;
  const more = left.length > 3 ? ` and ${left.length - 3} more` : '';
  throw new ConfigError(
    `${store.folder}: tensor ${left.slice(0, 3).join(', ')}${more}: not part of LLaVA 1.5 or 1.6; only those can be ` +
      'converted, and adapters (LoRA) must be merged first',
  );
}

/** The licence that the model card's front matter names. */
async function licenseOf(checkpoint: string): Promise<string | null> {
  const card = await readOptionalText(join(checkpoint, 'README.md'));
  const frontMatter = /^---\r?\n([\s\S]*?)\r?\n---/.exec(card ?? '')?.[1] ?? '';
  return /^license:\s*["']?([\w.-]+)["']?\s*$/m.exec(frontMatter)?.[1] ?? null;
}
