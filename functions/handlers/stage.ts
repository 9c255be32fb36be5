import middy, { type MiddlewareObj } from '@middy/core'
import type { Context } from 'aws-lambda'
import type { StageInput } from '../../shared/jobs/messages.ts'
import { problemOf } from '../../shared/problems/problem.ts'
import { currentServices } from '../../shared/runtime/current-services.ts'
import type { Services } from '../../shared/runtime/services.ts'
import { telemetry } from '../../shared/telemetry/telemetry.ts'

/**
 * Returns the Lambda handler of a stage. If the stage throws, Step Functions calls it again or fails the workflow.
 *
 * @example
 * export const handler = stage(exportRecords)
 */
export const stage = <Input extends StageInput, Output>(
  work: (input: Input, services: Services) => Promise<Output>,
): ((input: Input, context: Context) => Promise<Output>) =>
  middy<Input, Output>()
    .use(telemetry())
    .use(storeFailure())
    .handler(async (input: Input): Promise<Output> => work(input, await currentServices()))

/**
 * Stores the error of a failed stage in the job table, as a problem document. Step Functions keeps only the name and
 * the message of an error. A distributed map does not keep the errors of its children.
 */
const storeFailure = (): MiddlewareObj<StageInput> => ({
  onError: async ({ event, error }) => {
    const { jobs } = await currentServices()
    await jobs.keepFailure(event.job_id, error instanceof Error ? error.name : 'Error', problemOf(error))
  },
})
