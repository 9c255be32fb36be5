import process from 'node:process'
import * as z from 'zod'
import { withCallBudget } from '../../shared/throttling/call-context.ts'
import { errorMessage } from '../../shared/values/error-message.ts'

/** A command has no time limit. A throttled call is repeated for 10 minutes, as long as a worker would repeat it. */
export const BUDGET = { ms: 24 * 3_600_000, perCallMs: 600_000 }

/** Runs a command. If the command throws, prints the message of the error to stderr and sets the exit code to 1. */
export const runCommand = async (name: string, command: () => Promise<void>): Promise<void> => {
  try {
    await withCallBudget(BUDGET, command)
  } catch (error) {
    process.stderr.write(`${name}: ${describe(error)}\n`)
    process.exitCode = 1
  }
}

const describe = (error: unknown): string => {
  if (error instanceof z.ZodError)
    return error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ')
  return errorMessage(error)
}
