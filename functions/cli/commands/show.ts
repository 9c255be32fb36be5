import { Argument, Option } from 'commander'
import * as z from 'zod'
import { findJob } from '../client/find-job.ts'
import { defineCommand } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { showEndedJob } from '../finish-job.ts'
import { jobText } from '../terminal/job-text.ts'
import { waitForJob } from '../wait-for-job.ts'

/** `specstar-backup show`. */
export const SHOW = defineCommand({
  name: 'show',
  summary: 'show one job: its progress, result and error',
  arguments: [new Argument('<job>', 'the id of the job')],
  options: [new Option('-w, --wait', 'wait until the job has ended; the exit code is then that of the job')],
  examples: ['show f6c930a7-2473-4cd3-b740-dbdbf7276118', 'show --wait f6c930a7-2473-4cd3-b740-dbdbf7276118'],
  input: z.strictObject({ job: z.string(), wait: z.boolean().optional() }),
  run: async (context, { job, wait = false }) => {
    if (wait) return showEndedJob(context, await waitForJob(context, job, { hasResponded: false }))
    const { api, output } = context
    const found = await findJob(api(), job)
    output.show(found, () => jobText(output, found))
    return EXIT.succeeded
  },
})
