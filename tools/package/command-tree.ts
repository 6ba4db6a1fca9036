import type { Command } from 'commander';

/** An argument or option, as shown in help texts. */
export interface CommandTerm {
  /** `<image...>`, or `-c, --config <file>`. */
  readonly term: string;
  /** At most one sentence, with default and choices. */
  readonly description: string;
}

export interface CommandOption extends CommandTerm {
  /** `--config`, and `-c` if it has a short form. */
  readonly names: readonly string[];
  readonly takesValue: boolean;
}

/** A command and its subcommands, as plain data. */
export interface CommandTree {
  /** The path from the program: `['scenecast', 'models', 'pull']`. */
  readonly path: readonly string[];
  readonly description: string;
  readonly arguments: readonly CommandTerm[];
  readonly options: readonly CommandOption[];
  readonly commands: readonly CommandTree[];
}

/** The command tree of a commander program, without its implicit `help` commands. */
export function commandTree(command: Command, above: readonly string[] = []): CommandTree {
  const help = command.createHelp();
  const path = [...above, command.name()];
  return {
    path,
    description: command.description(),
    arguments: command.registeredArguments.map((argument) => ({
      term: argument.required
        ? `<${argument.name()}${argument.variadic ? '...' : ''}>`
        : `[${argument.name()}${argument.variadic ? '...' : ''}]`,
      description: help.argumentDescription(argument),
    })),
    options: help.visibleOptions(command).map((option) => ({
      term: help.optionTerm(option),
      description: help.optionDescription(option),
      names: [option.long, option.short].filter((name) => typeof name === 'string'),
      takesValue: option.required || option.optional,
    })),
    commands: help
      .visibleCommands(command)
      .filter((sub) => command.commands.includes(sub))
      .map((sub) => commandTree(sub, path)),
  };
}

/** The command and all its descendants, in the order of help texts. */
export function flattenTree(tree: CommandTree): CommandTree[] {
  return [tree, ...tree.commands.flatMap(flattenTree)];
}
