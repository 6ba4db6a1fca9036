/** Home Assistant's limit for a state. */
const maxStateCharacters = 255;
/**
 * Home Assistant's database drops all attributes of an entity if they exceed 16,384 bytes. As JSON, a character takes at
 * most 6.
 */
const maxAttributeCharacters = 2500;

/**
 * Template for the state of a text sensor. Home Assistant takes `None` as "unknown": that is right for null, and the text
 * `None` is shown as `none`. Longer states are refused.
 */
export function textState(path: string): string {
  const text = `value_json.${path}`;
  return `{{ none if ${text} is none else 'none' if ${text} | trim == 'None' else ${text} | truncate(${maxStateCharacters}, false, '…', 0) }}`;
}

/** Template for the attribute `name` with a text that may be longer than a state. */
export function textAttribute(name: string, path: string): string {
  const text = `value_json.${path}`;
  return `{{ {'${name}': none if ${text} is none else ${text} | truncate(${maxAttributeCharacters}, true, '…', 0)} | tojson }}`;
}

/** Template for attributes that are fields of the payload; none if the topic was cleared. */
export function attributes(...fields: readonly string[]): string {
  const values = fields.map((field) => `'${field}': value_json.${field}`).join(', ');
  return `{{ {${values}} | tojson if value_json is defined else '{}' }}`;
}

/** What `textState` shows for a value. */
export function shownValue(value: string): string {
  return value === 'None' ? 'none' : value;
}

/** A select shows `none`, in upper or lower case, as "unknown". */
const promptMark = ' (prompt)';
const answerMark = ' (answer)';

/** The option of a select for a prompt. */
export function promptOption(prompt: string): string {
  return isNone(prompt) ? `${prompt}${promptMark}` : prompt;
}

export const promptState = optionState('value_json.prompt', promptMark);
export const promptCommand = `{{ value | replace('${promptMark}', '') | tojson }}`;

/** The option of a select for an answer. */
export function answerOption(answer: string): string {
  return isNone(answer) ? `${answer}${answerMark}` : answer;
}

/** An answer of null is unknown. */
export const answerState = optionState('value_json.value', answerMark);

/** Template for a command that says that the chosen number, or option, is the right answer. */
export function answerCommand(camera: string, question: string, kind: 'number' | 'option'): string {
  const value = kind === 'number' ? 'value | int' : `value | replace('${answerMark}', '')`;
  return `{{ {'camera': '${camera}', 'question': '${question}', 'value': ${value}} | tojson }}`;
}

function isNone(text: string): boolean {
  return text.toLowerCase() === 'none';
}

function optionState(path: string, mark: string): string {
  return `{{ ${path} ~ '${mark}' if ${path} is string and ${path} | lower == 'none' else ${path} }}`;
}
