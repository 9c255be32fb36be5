import { Argument, Option } from 'commander'
import * as z from 'zod'
import { storedSource } from '../archive-source.ts'
import { startJob } from '../client/started-job.ts'
import { defineCommand } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { leaveJob } from '../finish-job.ts'
import { jobText } from '../terminal/job-text.ts'
import { exitCodeOf, waitForJob } from '../wait-for-job.ts'

/** `specstar-backup verify`. */
export const VERIFY = defineCommand({
  name: 'verify',
  summary: 'check every byte and every record of an archive where it is, without a restore',
  details: 'A job of the deployment reads the archive. The exit code is 4 if the archive is damaged.',
  arguments: [new Argument('<archive>', 'the id of an export job, or s3://bucket/key[?versionId=…]')],
  options: [new Option('--no-wait', 'print the id of the job without waiting for its end')],
  examples: [
    'verify f6c930a7-2473-4cd3-b740-dbdbf7276118',
    'verify s3://shop-archives/exports/2026/11/29/f6c930a7.acbak --json',
  ],
  input: z.strictObject({ archive: z.string().min(1, 'must not be empty'), wait: z.boolean() }),
  run: async (context, { archive, wait }) => {
    const id = await startJob(context.api(), { path: '/_backup/check', body: { from: storedSource(archive) } })
    if (!wait) return leaveJob(context, id)
    const job = await waitForJob(context, id)
    context.output.show(job, () => jobText(context.output, job))
    // A damaged archive fails the job with the problem of a request that is not valid, as in a restore.
    return job.status === 'failed' && job.error?.status === 400 ? EXIT.verificationFailed : exitCodeOf(job)
  },
})
