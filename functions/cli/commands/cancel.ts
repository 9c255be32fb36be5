import { Argument } from 'commander'
import * as z from 'zod'
import { cancelJob } from '../client/cancel-job.ts'
import { defineCommand } from '../command.ts'
import { EXIT } from '../exit-codes.ts'

/** `specstar-backup cancel`. */
export const CANCEL = defineCommand({
  name: 'cancel',
  summary: 'cancel a job that has not ended',
  details:
    'The workers of the job stop within some seconds. Resources and blobs that a restore has written stay in the store.',
  arguments: [new Argument('<job>', 'the id of the job')],
  examples: ['cancel f6c930a7-2473-4cd3-b740-dbdbf7276118'],
  input: z.strictObject({ job: z.string() }),
  run: async ({ api, output }, { job }) => {
    const cancelled = await cancelJob(api(), job)
    output.show(cancelled, () => `Job ${cancelled.job_id} is cancelled.`)
    return EXIT.succeeded
  },
})
