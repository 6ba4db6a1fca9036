import { type CommandTree, flattenTree } from './command-tree.ts';

/**
 * Completion of commands and options for bash. For values and files, bash completes file
 * names. It needs no bash-completion library.
 */
export function bashCompletion(tree: CommandTree): string {
  const [program = ''] = tree.path;
  const commands = flattenTree(tree);
  const names = commands.slice(1).map(({ path }) => `'${path.slice(1).join(' ')}'`);
  const cases = commands.flatMap(({ path, commands: below, options }) => {
    const withValue = options.filter(({ takesValue }) => takesValue).flatMap((option) => option.names);
    return [
      `    '${path.slice(1).join(' ')}')`,
      `      words='${below.map((command) => command.path.at(-1)).join(' ')}'`,
      `      options='${options.flatMap((option) => option.names).join(' ')}'`,
      `      valued='${withValue.join(' ')}'`,
      '      ;;',
    ];
  });
  return `# bash completion for ${program}; made from its commands
_${program}() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]} command='' next i words options valued
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    next="\${command:+$command }\${COMP_WORDS[i]}"
    case $next in
      ${names.join(' | ')}) command=$next ;;
    esac
  done
  case $command in
${cases.join('\n')}
  esac
  [[ " $valued " == *" $previous "* ]] && return
  [[ $current == -* ]] && words=$options
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -o default -F _${program} ${program}
`;
}
