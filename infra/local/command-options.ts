import process from 'node:process'
import { parseArgs } from 'node:util'
import { errorMessage } from '../../shared/values/error-message.ts'

/** One option of a command, as `parseArgs` of Node.js describes it. */
export interface CommandOption {
  readonly type: 'string' | 'boolean'
  /** Whether `parseArgs` returns a list, which contains the value of every repetition. */
  readonly multiple?: boolean
  /** The syntax of the option and its effect, for error messages. For example, `--verbose (also prints …)`. */
  readonly usage: string
}

/**
 * Returns the options in the command line, by name. Throws an `Error` that lists all options of the command if the
 * command line contains an unknown option or another argument.
 */
export const readOptions = (options: Readonly<Record<string, CommandOption>>): Readonly<Record<string, unknown>> => {
  try {
    return parseArgs({ args: process.argv.slice(2), options }).values
  } catch (error) {
    throw new Error(`${oneSentence(errorMessage(error))}. ${allowed(options)}`, { cause: error })
  }
}

/** Removes line breaks and the full stop at the end, which some messages of `parseArgs` contain. */
const oneSentence = (message: string): string => message.replaceAll('\n', ' ').replace(/\.$/, '')

const allowed = (options: Readonly<Record<string, CommandOption>>): string => {
  const usages = Object.values(options).map(({ usage }) => usage)
  return usages.length === 0
    ? 'This command has no options. Its settings are environment variables, which infra/local/README.md lists'
    : `The options of this command are: ${usages.join('; ')}`
}
