import { Argument } from 'commander'
import * as z from 'zod'
import { Job } from '../client/job.ts'
import { defineCommand } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { jobText } from '../terminal/job-text.ts'

/** `specstar-backup show`. */
export const SHOW = defineCommand({
  name: 'show',
  summary: 'show one job: its progress, result and error',
  arguments: [new Argument('<job>', 'the id of the job')],
  examples: ['show f6c930a7-2473-4cd3-b740-dbdbf7276118'],
  input: z.strictObject({ job: z.string() }),
  run: async ({ api, output }, { job }) => {
    const found = await api().request(Job, { method: 'GET', path: `/_backup/jobs/${encodeURIComponent(job)}` })
    output.show(found, () => jobText(output, found))
    return EXIT.succeeded
  },
})
