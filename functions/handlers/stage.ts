import middy, { type MiddlewareObj } from '@middy/core'
import type { Context } from 'aws-lambda'
import type * as z from 'zod'
import { StageMessageError } from '../../shared/jobs/errors.ts'
import { StageInput, type StageMessages } from '../../shared/jobs/messages.ts'
import type { StageName } from '../../shared/jobs/stage-names.ts'
import { ERROR_TABLE } from '../../shared/problems/error-table.ts'
import { problemOf } from '../../shared/problems/problem.ts'
import { currentServices } from '../../shared/runtime/current-services.ts'
import type { Services } from '../../shared/runtime/services.ts'
import { logger, telemetry } from '../../shared/telemetry/telemetry.ts'
import { whileStoring } from '../../shared/throttling/call-context.ts'
import { ThrottledError } from '../../shared/throttling/throttled-error.ts'
import { schemaMessage } from '../../shared/values/schema-messages.ts'
import { withStageBudget } from './call-budgets.ts'

/**
 * Returns the Lambda handler of a stage. Parses the input and the output of the stage with the schemas of `messages`,
 * and throws `StageMessageError` if one of them does not match. If the stage throws, Step Functions calls it again or
 * fails the workflow.
 *
 * @example
 * export const handler = stage('export-records', RUN_PASSES, exportRecords)
 */
export const stage = <Input, Output>(
  name: StageName,
  messages: StageMessages<Input, Output>,
  work: (input: Input, services: Services) => Promise<Output>,
): ((input: unknown, context: Context) => Promise<Output>) => {
  const handler = middy<unknown, Output>()
    .use(telemetry())
    .use(storeFailure())
    .handler(async (input: unknown): Promise<Output> => {
      const output = await work(parse(name, 'input', messages.input, input), await currentServices())
      return parse(name, 'output', messages.output, output)
    })
  return (input, context) => withStageBudget(context, () => handler(input, context))
}

const parse = <Message>(name: StageName, side: 'input' | 'output', schema: z.ZodType<Message>, message: unknown) => {
  const { success, data, error } = schema.safeParse(message, { error: schemaMessage })
  if (success) return data
  const faults = error.issues.map(({ path, message: fault }) =>
    path.length === 0 ? fault : `field ${path.join('.')}: ${fault}`,
  )
  throw new StageMessageError(name, side, faults.join('; '))
}

/**
 * Stores the error of a failed stage in the job table, as a problem document. Step Functions keeps only the name and
 * the message of an error. A distributed map does not keep the errors of its children. If the input has no job id, the
 * error is not stored.
 *
 * The document of an internal error contains the request id of the function, under which Lambda logs the error.
 *
 * If the write is throttled, an error that the workflow would not retry is replaced by `ThrottledError`, so that the
 * workflow repeats the stage: the stages that follow the failure of a distributed map read the stored error.
 */
const storeFailure = (): MiddlewareObj => ({
  onError: async ({ event, error, context }) => {
    const { success, data } = StageInput.safeParse(event)
    if (!success) return
    const { jobs } = await currentServices()
    const name = error instanceof Error ? error.name : 'Error'
    try {
      await whileStoring(() => jobs.keepFailure(data.job_id, name, problemOf(error, context.awsRequestId)))
    } catch (failure) {
      if (failure instanceof ThrottledError && ERROR_TABLE[name]?.retryable === false) throw failure
      // The workflow must receive the error of the stage, because the name of the error decides what happens next.
      logger.error('the error of a stage could not be stored', {
        error: failure instanceof Error ? failure : String(failure),
      })
    }
  },
})
