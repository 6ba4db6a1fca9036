/** `error.code` of the native layer's errors. */
export type MtmdErrorCode =
  | 'FILE_MISSING'
  | 'FILE_UNREADABLE'
  | 'NOT_GGUF'
  | 'GGUF_CORRUPT' // the header is cut short or damaged
  | 'GGUF_TRUNCATED' // a tensor's data ends beyond the file's end
  | 'NOT_A_TEXT_MODEL' // an mmproj was given as text model
  | 'NOT_AN_MMPROJ' // a text model was given as mmproj
  | 'NO_VISION' // an mmproj without vision encoder
  | 'WIDTH_MISMATCH' // text model and mmproj do not belong together
  | 'LOAD_FAILED' // llama.cpp or libmtmd refused the file; the message has its reason
  | 'BACKEND_MISSING' // no CPU module is loaded or can be loaded
  | 'BACKEND_LOADED' // another CPU module is loaded already
  | 'BUSY' // another call runs on the engine
  | 'CLOSED'
  | 'CANCELLED'
  | 'CONTEXT_FULL' // nothing was decoded
  | 'NO_WEIGHTS' // loaded with `noAlloc`
  | 'DECODE_FAILED'
  | 'ENCODE_FAILED'
  | 'NO_CLASS_ATTENTION' // not LLaVA's projector, or a tower without class token
  | 'TRUNCATE_FAILED' // this model's memory cannot be truncated there
  | 'NO_LOGITS' // the last decode requested none, or the sequence was truncated since
  | 'SAMPLE_FAILED' // the grammar allows nothing more
  | 'BAD_GRAMMAR'
  | 'BAD_TEMPLATE'
  | 'NO_TEMPLATE'
  | 'QUANTIZE_FAILED' // llama.cpp's reason is in the message
  | 'INVALID_ARGUMENT'
  | 'OUT_OF_MEMORY'
  | 'INTERNAL';
