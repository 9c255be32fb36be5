import type { Argument, Command, Option } from 'commander'
import type * as z from 'zod'
import type { ApiClient } from './client/api-client.ts'
import type { Settings } from './client/settings.ts'
import type { ExitCode } from './exit-codes.ts'
import type { Io } from './terminal/io.ts'
import type { Output } from './terminal/output.ts'
import { UsageError } from './usage-error.ts'

/** What a command uses. */
export interface CommandContext {
  readonly io: Io
  readonly output: Output
  /** Returns the settings. Throws `UsageError` if they are not valid. Commands without the API do not call it. */
  readonly settings: () => Settings
  /** Returns the client of the API. */
  readonly api: () => ApiClient
  /** The program with all its commands. */
  readonly program: Command
}

interface CommandDefinition<Input extends z.ZodType> {
  /** One word, or the word of a group and one word, such as `schedules run`. */
  readonly name: string
  /** One line, which begins with a verb. */
  readonly summary: string
  /** More sentences for the help of the command. */
  readonly details?: string
  readonly arguments?: readonly Argument[]
  readonly options?: readonly Option[]
  /** The arguments of example calls, without the name of the program. */
  readonly examples: readonly string[]
  /** Parses an object with the arguments and options by their names in camel case. Absent options are undefined. */
  readonly input: Input
  /** Runs the command. Throws `UsageError` if the arguments do not fit together. */
  readonly run: (context: CommandContext, input: z.output<Input>) => Promise<ExitCode>
}

/** A command of `specstar-backup`. `commands.ts` lists all of them. */
export interface CliCommand extends Omit<CommandDefinition<z.ZodType>, 'input' | 'run'> {
  readonly run: (context: CommandContext, input: unknown) => Promise<ExitCode>
}

/** Defines a command. `run` receives the arguments and options that `input` has parsed. */
export const defineCommand = <Input extends z.ZodType>({
  input,
  run,
  ...command
}: CommandDefinition<Input>): CliCommand => ({
  ...command,
  run: (context, given) => {
    const { data, error } = input.safeParse(given)
    if (error === undefined) return run(context, data)
    const faults = error.issues.map(({ path, message }) => `${flagOf(command.options, path[0])}: ${message}`)
    throw new UsageError(faults.join('\n'))
  },
})

/** Returns the name of an option as the user writes it. Arguments have no other name. */
const flagOf = (options: readonly Option[] = [], name: PropertyKey | undefined): string =>
  options.find((option) => option.attributeName() === name)?.long ?? String(name ?? 'arguments')
