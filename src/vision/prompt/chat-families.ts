/**
 * A family of chat templates: the conversation format that its models were trained with. `arrange` puts the picture and
 * the question into the user's message.
 */
export interface ChatFamily {
  readonly jinja: string;
  readonly arrange: (picture: string, question: string) => string;
}

/** The picture on a line of its own before the question: LLaVA's way (DEFAULT_IMAGE_TOKEN + "\n" + question). */
export const pictureLineFirst = (picture: string, question: string): string => `${picture}\n${question}`;
/** The picture right before the question, as most later models were trained. */
export const pictureFirst = (picture: string, question: string): string => `${picture}${question}`;

const visionAssistant =
  'You are a helpful language and vision assistant. You are able to understand the visual content that the user ' +
  'provides, and assist the user with a variety of tasks using natural language.';

/**
 * A Jinja template that renders `system` if the conversation has no system message, and `reply` where the model
 * continues.
 */
function conversation(
  system: string,
  roles: { system: string; user: string; assistant: string },
  reply: string,
): string {
  return (
    (system === '' ? '' : `{% if messages[0]['role'] != 'system' %}${system}{% endif %}`) +
    `{% for message in messages %}{% if message['role'] == 'system' %}${roles.system}` +
    `{% elif message['role'] == 'user' %}${roles.user}{% else %}${roles.assistant}{% endif %}{% endfor %}` +
    `{% if add_generation_prompt %}${reply}{% endif %}`
  );
}

const content = "{{ message['content'] }}";

function chatml(system: string, end: string): string {
  const turn = (role: string): string => `<|im_start|>${role}\n${content}${end}`;
  const roles = { system: turn('system'), user: turn('user'), assistant: turn('assistant') };
  return conversation(system, roles, '<|im_start|>assistant\n');
}

function llama2(system: string): string {
  return (
    "{% if messages[0]['role'] == 'system' %}{% set system = messages[0]['content'] %}" +
    `{% else %}{% set system = '${system}' %}{% endif %}` +
    "{% for message in messages %}{% if message['role'] == 'user' %}[INST] " +
    "{% if system and (loop.first or loop.index0 == 1 and messages[0]['role'] == 'system') %}" +
    '<<SYS>>\n{{ system }}\n<</SYS>>\n\n{% endif %}' +
    `${content} [/INST]{% elif message['role'] == 'assistant' %} ${content}</s>{% endif %}{% endfor %}`
  );
}

/**
 * The template of each family, for files without one. The tokeniser adds the begin token. Sources: LLaVA's conversation.py (conv_vicuna_v1, conv_mistral_instruct, conv_chatml_direct,
 * conv_llava_llama_2, and LLaVA-NeXT's conv_llava_llama_3), the model cards of Obsidian, Moondream, Gemma and Phi-3.
 */
export const chatFamilies = {
  vicuna: {
    jinja: conversation(
      'A chat between a curious user and an artificial intelligence assistant. The assistant gives helpful, ' +
        "detailed, and polite answers to the user's questions. ",
      { system: `${content} `, user: `USER: ${content} `, assistant: `ASSISTANT: ${content}</s>` },
      'ASSISTANT:',
    ),
    arrange: pictureLineFirst,
  },
  mistral: { jinja: llama2(''), arrange: pictureLineFirst },
  'llama-2': { jinja: llama2(visionAssistant), arrange: pictureLineFirst },
  chatml: { jinja: chatml('', '<|im_end|>\n'), arrange: pictureLineFirst },
  // LLaVA-1.6 34B: no line break between the turns.
  yi: {
    jinja: chatml('<|im_start|>system\nAnswer the questions.<|im_end|>', '<|im_end|>'),
    arrange: pictureLineFirst,
  },
  llama3: {
    jinja: conversation(
      `<|start_header_id|>system<|end_header_id|>\n\n${visionAssistant}<|eot_id|>`,
      {
        system: `<|start_header_id|>system<|end_header_id|>\n\n${content}<|eot_id|>`,
        user: `<|start_header_id|>user<|end_header_id|>\n\n${content}<|eot_id|>`,
        assistant: `<|start_header_id|>assistant<|end_header_id|>\n\n${content}<|eot_id|>`,
      },
      '<|start_header_id|>assistant<|end_header_id|>\n\n',
    ),
    arrange: pictureLineFirst,
  },
  phi3: {
    jinja: conversation(
      '',
      {
        system: `<|system|>\n${content}<|end|>\n`,
        user: `<|user|>\n${content}<|end|>\n`,
        assistant: `<|assistant|>\n${content}<|end|>\n`,
      },
      '<|assistant|>\n',
    ),
    arrange: pictureLineFirst,
  },
  gemma: {
    jinja: conversation(
      '',
      {
        system: `<start_of_turn>user\n${content}<end_of_turn>\n`,
        user: `<start_of_turn>user\n${content}<end_of_turn>\n`,
        assistant: `<start_of_turn>model\n${content}<end_of_turn>\n`,
      },
      '<start_of_turn>model\n',
    ),
    arrange: pictureFirst,
  },
  moondream: {
    jinja:
      "{% for message in messages %}{% if message['role'] == 'user' %}" +
      `${content}\n\n{% elif message['role'] == 'assistant' %}Answer: ${content}<|endoftext|>\n\n{% endif %}` +
      '{% endfor %}{% if add_generation_prompt %}Answer:{% endif %}',
    arrange: (picture, question) => `${picture}\n\nQuestion: ${question}`,
  },
  obsidian: { jinja: chatml('', '\n###\n'), arrange: pictureLineFirst },
} as const satisfies Record<string, ChatFamily>;

export type ChatFamilyName = keyof typeof chatFamilies;

/** Whether a word names a family: `vicuna`, `mistral` and so on. */
export function isChatFamily(word: string): word is ChatFamilyName {
  return Object.hasOwn(chatFamilies, word);
}
