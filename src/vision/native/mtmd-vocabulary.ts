import type { TextInfo } from './mtmd-info.ts';

/** How a language model's text is written. */
export interface MtmdVocabulary {
  /**
   * Both options default to false. `addSpecial` adds the begin token where the model wants it; `parseSpecial` reads
   * special tokens that are written out in the text. SPM models put a space before each text, as they were trained.
   */
  tokenize(
    text: string,
    options?: { readonly addSpecial?: boolean; readonly parseSpecial?: boolean },
  ): Int32Array;
  /** The UTF-8 bytes of a token, which may be part of a character; of a control token nothing, save with `special`. */
  tokenToPiece(token: number, options?: { readonly special?: boolean }): Uint8Array;
  /**
   * Renders a Jinja chat template (default: the model's own) with llama.cpp's engine. A begin token that the
   * tokeniser adds itself is cut off at the start, so the result is to be tokenised with `addSpecial`.
   * @throws BAD_TEMPLATE, NO_TEMPLATE
   */
  applyChatTemplate(
    messages: readonly { readonly role: string; readonly content: string }[],
    options?: { readonly template?: string; readonly addGenerationPrompt?: boolean },
  ): string;
}

/** A text model of which nothing but the vocabulary and the metadata is loaded. */
export interface MtmdVocabularyFile extends MtmdVocabulary {
  readonly info: TextInfo;
}
