import type { TextInfo } from './mtmd-info.ts';

/** A language model's tokeniser and chat templates. */
export interface MtmdVocabulary {
  /**
   * Both options default to false. `addSpecial` adds the begin token if the model uses one; `parseSpecial` parses
   * special tokens written out in the text. SPM models add a space before each text, as in training.
   */
  tokenize(
    text: string,
    options?: { readonly addSpecial?: boolean; readonly parseSpecial?: boolean },
  ): Int32Array;
  /** The UTF-8 bytes of a token, which may be part of a character; empty for a control token without `special`. */
  tokenToPiece(token: number, options?: { readonly special?: boolean }): Uint8Array;
  /**
   * Renders a Jinja chat template (default: the model's own) with llama.cpp's engine. A begin token that the
   * tokeniser adds itself is removed from the start, so tokenise the result with `addSpecial`.
   * @throws BAD_TEMPLATE, NO_TEMPLATE
   */
  applyChatTemplate(
    messages: readonly { readonly role: string; readonly content: string }[],
    options?: { readonly template?: string; readonly addGenerationPrompt?: boolean },
  ): string;
}

/** A text model with only its vocabulary and metadata loaded. */
export interface MtmdVocabularyFile extends MtmdVocabulary {
  readonly info: TextInfo;
}
