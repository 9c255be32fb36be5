import { randomUUID } from 'node:crypto'
import type { Context } from 'aws-lambda'
import type { Json } from '../../../functions/workflows/states.ts'
import { isInternal, problemOf } from '../../../shared/problems/problem.ts'
import { localContext } from '../program/local-context.ts'

/** The handler of a stage, with the signature of a Lambda function whose event and result are JSON values. */
export type StageHandler = (input: Json, context: Context) => Promise<Json>

/** The largest input or output of a state that Step Functions accepts, in bytes. */
const MAX_STATE_BYTES = 256 * 1024

/** The time limit of a stage on Lambda. */
const TIMEOUT_MS = 900_000

/** Thrown if the input or output of a state is too large. Step Functions uses the same name for this error. */
class StateTooLargeError extends Error {
  override readonly name = 'States.DataLimitExceeded'
}

/**
 * Returns a function that calls a handler with the restrictions of Step Functions: input and output are converted to
 * JSON and back, and have a maximum size. Logs internal errors.
 */
export const checkedHandler =
  (state: string, handler: StageHandler): ((input: Json) => Promise<Json>) =>
  async (input) => {
    const context = localContext(state, randomUUID(), TIMEOUT_MS)
    try {
      const output = await handler(throughJson(state, 'input', input), context)
      return throughJson(state, 'output', output)
    } catch (error) {
      logInternalError(state, context.awsRequestId, error)
      throw error
    }
  }

/**
 * Logs an error whose problem document refers to the log. On AWS, Lambda logs the errors of stages. Other errors are
 * not logged, because their problem documents contain everything that is known about them.
 */
const logInternalError = (state: string, requestId: string, error: unknown): void => {
  if (isInternal(problemOf(error, requestId)))
    console.error(`local workflow engine: the stage ${state} failed (request ${requestId})`, error)
}

const throughJson = (state: string, side: 'input' | 'output', value: unknown): Json => {
  const text = JSON.stringify(value ?? null)
  const bytes = Buffer.byteLength(text)
  if (bytes > MAX_STATE_BYTES)
    throw new StateTooLargeError(`the ${side} of state ${state} has ${bytes} bytes; the limit is ${MAX_STATE_BYTES}`)
  return JSON.parse(text) as Json
}
