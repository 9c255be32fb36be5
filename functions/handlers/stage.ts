import middy from '@middy/core'
import type { Context } from 'aws-lambda'
import { problemOf } from '../../shared/problems/problem.ts'
import type { StageInput } from '../../shared/jobs/messages.ts'
import type { Services } from '../../shared/runtime/services.ts'
import { currentServices } from '../../shared/runtime/current-services.ts'
import { telemetry } from '../../shared/telemetry/telemetry.ts'

/**
 * A stage's Lambda handler. What it fails with (a corrupt archive, duplicates) is kept in the job table with all its fields
 * before it is thrown: Step Functions carries an error's name and message only, and out of a distributed map neither.
 */
export const stage = <Input extends StageInput, Output>(
  work: (input: Input, services: Services) => Promise<Output>,
): ((input: Input, context: Context) => Promise<Output>) =>
  middy<Input, Output>()
    .use(telemetry())
    .handler(async (input: Input): Promise<Output> => {
      const all = await currentServices()
      try {
        return await work(input, all)
      } catch (error) {
        await all.jobs.keepFailure(input.job_id, error instanceof Error ? error.name : 'Error', problemOf(error))
        throw error
      }
    })
