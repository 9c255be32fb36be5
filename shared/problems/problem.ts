import { randomUUID } from 'node:crypto'
import * as z from 'zod'
import { truncate } from '../values/message-text.ts'
import { actionableError } from './errors.ts'
import { type ErrorRow, INTERNAL_ERROR } from './error-row.ts'
import { ERROR_TABLE } from './error-table.ts'

/**
 * A problem document (RFC 9457). It is the body of an error response, and the member `error` of a failed job. Some
 * types have further members, such as `duplicates`, `job_id` and `until`.
 */
export const Problem = z
  .looseObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    errors: z.exactOptional(z.array(z.object({ field: z.string(), message: z.string() }).readonly()).readonly()),
  })
  .readonly()
  .meta({ id: 'Problem' })
export type Problem = z.output<typeof Problem>

/**
 * An error as Step Functions reports it. `Error` is the name of the error's class, and `Cause` contains its message.
 * The other fields of the error are lost.
 */
export const WorkflowError = z.object({ Error: z.string(), Cause: z.exactOptional(z.string()) }).readonly()
export type WorkflowError = z.output<typeof WorkflowError>

/**
 * The largest number of characters in `detail`. The limit keeps the item of the job, which contains the problem, small.
 */
const MAX_DETAIL_CHARACTERS = 4_000

/** The details of the errors with which `lifecycle/` ends the jobs of stopped executions, by the name of the error. */
const STOPPED_DETAILS: Readonly<Record<string, string>> = {
  WorkflowStoppedError: 'the execution of the workflow was stopped from outside',
  'States.Timeout': 'the workflow exceeded its time limit and was stopped',
}

/**
 * Returns the problem document of an error. An error without a row in `ERROR_TABLE` counts as an internal error.
 *
 * The document of an internal error contains a request id, with which the caller must log the error. It contains the
 * cause only if an operator can remove the cause (`actionableError`).
 */
export const problemOf = (error: unknown, requestId: string = randomUUID()): Problem => {
  if (!(error instanceof Error)) return internalProblem(requestId)
  const row = rowOf(error.name)
  if (row.type === INTERNAL_ERROR.type) {
    const actionable = actionableError(error)
    return actionable === undefined ? internalProblem(requestId) : { ...problemOf(actionable), request_id: requestId }
  }
  const { type, status, title, members } = row
  const own = members?.(Object.fromEntries(Object.entries(error))) ?? {}
  return { type, title, status, detail: truncate(error.message, MAX_DETAIL_CHARACTERS), ...own }
}

/** Returns the problem document of an error that only Step Functions has reported. */
export const problemOfWorkflow = ({ Error: name, Cause }: WorkflowError, requestId: string = randomUUID()): Problem => {
  const stopped = Object.hasOwn(STOPPED_DETAILS, name) ? STOPPED_DETAILS[name] : undefined
  if (stopped !== undefined) return { ...internalProblem(requestId), detail: `${stopped} (request ${requestId})` }
  const row = rowOf(name)
  if (row.type === INTERNAL_ERROR.type) return internalProblem(requestId)
  const { type, title, status } = row
  return { type, title, status, detail: truncate(messageIn(Cause) ?? title, MAX_DETAIL_CHARACTERS) }
}

/**
 * Returns true if the deployment and not the caller caused the error. Such an error must be logged. If it occurs while
 * an event is handled, the event must be delivered again.
 */
export const isInternal = ({ status }: Problem): boolean => status >= 500

/**
 * Returns what the caller must change to avoid problems of this type. Returns undefined if callers do not cause such
 * problems.
 */
export const callerFaultOf = (type: string): ErrorRow['callerFault'] =>
  Object.values(ERROR_TABLE).find((row) => row.type === type)?.callerFault

/** Returns true if the details of problems of this type state what their titles state. */
export const repeatsTitle = (type: string): boolean =>
  Object.values(ERROR_TABLE).some((row) => row.type === type && row.messageRepeatsTitle === true)

const rowOf = (name: string): ErrorRow =>
  Object.hasOwn(ERROR_TABLE, name) ? (ERROR_TABLE[name] ?? INTERNAL_ERROR) : INTERNAL_ERROR

const internalProblem = (requestId: string): Problem => ({
  type: INTERNAL_ERROR.type,
  title: INTERNAL_ERROR.title,
  status: INTERNAL_ERROR.status,
  detail: `an internal error occurred; search the log for request ${requestId}`,
  request_id: requestId,
})

/**
 * Returns the message in the cause of an error, or undefined if the cause contains no message. On Lambda, the cause is
 * the JSON `{ errorType, errorMessage, trace }`. In the local program, the cause is the message itself.
 */
const messageIn = (cause: string | undefined): string | undefined => {
  if (cause === undefined || cause === '') return undefined
  try {
    const parsed: unknown = JSON.parse(cause)
    if (typeof parsed !== 'object' || parsed === null) return cause
    if ('errorMessage' in parsed && typeof parsed.errorMessage === 'string') return parsed.errorMessage
    return undefined
  } catch {
    return cause
  }
}
