/** A command with its options and subcommands, as completion sees it. */
export interface CommandNode {
  readonly name: string
  readonly summary: string
  readonly options: readonly OptionNode[]
  readonly commands: readonly CommandNode[]
}

interface OptionNode {
  /** The long name, such as `--kind`. */
  readonly flag: string
  readonly description: string
  /** The allowed values. Undefined if any value is allowed, and empty if the option has no value. */
  readonly choices: readonly string[] | undefined
}

export const SHELLS = ['bash', 'zsh', 'fish'] as const
type Shell = (typeof SHELLS)[number]

/** Returns the script that completes the command in a shell. */
export const completionScript = (shell: Shell, root: CommandNode): string => SCRIPTS[shell](root.name, contextsOf(root))

/** What can follow the command whose words are `path`. The path of the program itself is empty. */
interface Context {
  /** Each word is preceded by a space. */
  readonly path: string
  readonly words: readonly { readonly word: string; readonly description: string }[]
  readonly options: readonly OptionNode[]
}

const contextsOf = (node: CommandNode, path = ''): Context[] => [
  {
    path,
    words: [
      ...node.commands.map(({ name, summary }) => ({ word: name, description: summary })),
      ...node.options.map(({ flag, description }) => ({ word: flag, description })),
    ],
    options: node.options,
  },
  ...node.commands.flatMap((child) => contextsOf(child, `${path} ${child.name}`)),
]

/** The paths of all commands, as alternatives of a shell pattern. */
const pathsOf = (contexts: readonly Context[], separator: string): string =>
  contexts
    .filter(({ path }) => path !== '')
    .map(({ path }) => `'${path}'`)
    .join(separator)

/** The options that have values, as the path and the option. */
const valuesOf = (contexts: readonly Context[]) =>
  contexts.flatMap(({ path, options }) =>
    options.flatMap(({ flag, choices }) =>
      choices === undefined || choices.length > 0 ? [{ at: `${path}:${flag}`, choices }] : [],
    ),
  )

const functionName = (name: string): string => `_${name.replaceAll('-', '_')}`

const bash = (name: string, contexts: readonly Context[]): string => `# Load it with: source <(${name} completion bash)
# Reads the candidates, one a line. They may contain spaces. bash 3.2 of macOS has no mapfile.
${functionName(name)}_reply() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do COMPREPLY+=("$line"); done
}
${functionName(name)}() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" at="" word words
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$at $word" in
      ${pathsOf(contexts, '|')}) at="$at $word" ;;
    esac
  done
  case "$at:$previous" in
${valuesOf(contexts)
  .map(({ at, choices }) =>
    choices === undefined
      ? `    '${at}')
      compopt -o filenames 2>/dev/null
      ${functionName(name)}_reply < <(compgen -f -- "$current"); return ;;`
      : `    '${at}') ${functionName(name)}_reply < <(compgen -W '${choices.join(' ')}' -- "$current"); return ;;`,
  )
  .join('\n')}
  esac
  case "$at" in
${contexts.map(({ path, words }) => `    '${path}') words='${words.map(({ word }) => word).join(' ')}' ;;`).join('\n')}
  esac
  ${functionName(name)}_reply < <(compgen -W "$words" -- "$current")
}
complete -o default -F ${functionName(name)} ${name}
`

const zsh = (name: string, contexts: readonly Context[]): string => `#compdef ${name}
# Load it with: source <(${name} completion zsh)
${functionName(name)}() {
  local at="" word
  local -a items
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "$at $word" in
      (${pathsOf(contexts, '|')}) at="$at $word" ;;
    esac
  done
  case "$at:\${words[CURRENT-1]}" in
${valuesOf(contexts)
  .map(({ at, choices }) =>
    choices === undefined ? `    ('${at}') _files; return ;;` : `    ('${at}') compadd ${choices.join(' ')}; return ;;`,
  )
  .join('\n')}
  esac
  case "$at" in
${contexts
  .map(
    ({ path, words }) =>
      `    ('${path}') items=(${words.map(({ word, description }) => quoted(`${word}:${description.replaceAll(':', '\\:')}`)).join(' ')}) ;;`,
  )
  .join('\n')}
  esac
  _describe '${name}' items
  [[ "\${words[CURRENT]}" == -* ]] || _files
}
(( $+functions[compdef] )) || { autoload -Uz compinit && compinit; }
compdef ${functionName(name)} ${name}
`

const fish = (name: string, contexts: readonly Context[]): string => {
  const at = `_${functionName(name)}_at`
  const condition = (path: string): string => `complete -c ${name} -n "${at} '${path}'"`
  return `# Load it with: ${name} completion fish | source
function ${at}
    set -l at ''
    for word in (commandline -opc)[2..]
        switch "$at $word"
            case ${pathsOf(contexts, ' ')}
                set at "$at $word"
        end
    end
    test "$at" = "$argv[1]"
end
${contexts
  .flatMap(({ path, words, options }) =>
    words.map(({ word, description }) => {
      const option = options.find(({ flag }) => flag === word)
      if (option === undefined) return `${condition(path)} -a ${word} -d ${quoted(description)}`
      const value =
        option.choices === undefined ? ' -r' : option.choices.length === 0 ? '' : ` -x -a '${option.choices.join(' ')}'`
      return `${condition(path)} -l ${word.slice(2)}${value} -d ${quoted(description)}`
    }),
  )
  .join('\n')}
`
}

/** Returns a text in single quotes, for all three shells. An apostrophe is replaced by a typographic one. */
const quoted = (text: string): string => `'${text.replaceAll("'", '’')}'`

const SCRIPTS: Readonly<Record<Shell, (name: string, contexts: readonly Context[]) => string>> = { bash, zsh, fish }
