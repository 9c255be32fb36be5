import { Argument, type Command, type Option } from 'commander'
import * as z from 'zod'
import { defineCommand } from '../command.ts'
import { type CommandNode, completionScript, SHELLS } from '../completion-scripts.ts'
import { EXIT } from '../exit-codes.ts'

/** `specstar-backup completion`. */
export const COMPLETION = defineCommand({
  name: 'completion',
  summary: 'print a script that completes this command in a shell',
  arguments: [new Argument('<shell>', 'the shell').choices(SHELLS)],
  examples: ['completion bash', 'completion zsh', 'completion fish'],
  input: z.strictObject({ shell: z.enum(SHELLS) }),
  run: ({ io, output, program }, { shell }) => {
    const script = completionScript(shell, nodeOf(program))
    if (output.json) output.show({ shell, script }, () => script)
    // A text of `output` cannot contain tabs.
    else io.stdout.write(script)
    return Promise.resolve(EXIT.succeeded)
  },
})

/** Every command accepts the options of the program. */
const nodeOf = (command: Command, inherited: CommandNode['options'] = []): CommandNode => {
  const help = command.createHelp()
  const own = help.visibleOptions(command).flatMap(optionNode)
  const options = [...own, ...inherited.filter(({ flag }) => !own.some((option) => option.flag === flag))]
  return {
    name: command.name(),
    summary: command.summary() || command.description(),
    options,
    commands: command.commands.map((child) => nodeOf(child, command.parent === null ? options : inherited)),
  }
}

const optionNode = ({ long, description, required, optional, argChoices }: Option): CommandNode['options'] =>
  long === undefined ? [] : [{ flag: long, description, choices: required || optional ? argChoices : [] }]
