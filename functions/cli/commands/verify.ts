import { Argument, Option } from 'commander'
import * as z from 'zod'
import { restoreSource } from '../archive-source.ts'
import { parseAddress } from '../archives/sources/address.ts'
import { verifyFile } from '../archives/verify/verify-file.ts'
import { startJob } from '../client/started-job.ts'
import { type CommandContext, defineCommand } from '../command.ts'
import type { ExitCode } from '../exit-codes.ts'
import { finishJob, leaveJob } from '../finish-job.ts'
import { UsageError } from '../usage-error.ts'

/** `specstar-backup verify`. */
export const VERIFY = defineCommand({
  name: 'verify',
  summary: 'check every byte and every record of an archive where it is, without a restore',
  details:
    'A file or a URL is read by this command, without a deployment and with little memory. ' +
    'The archive of a job, or an object in S3, is read by a job of the deployment. ' +
    'The exit code is 4 if the archive is damaged, or lacks what it does not list as missing. ' +
    'An archive that lists missing blobs or resources can pass. ' +
    "SpecStar's streams do not list missing blobs, so they pass without them; the result counts them.",
  arguments: [new Argument('<archive>', 'a file, an https URL, the id of an export job, or s3://bucket/key')],
  options: [new Option('--no-wait', 'print the id of the job without waiting for its end')],
  examples: [
    'verify backup.acbak',
    'verify f6c930a7-2473-4cd3-b740-dbdbf7276118',
    'verify s3://shop-archives/exports/2026/11/29/f6c930a7.acbak --json',
  ],
  input: z.strictObject({ archive: z.string().min(1, 'must not be empty'), wait: z.boolean() }),
  run: async (context, { archive, wait }) => {
    const source = parseAddress(archive).kind === 'url' ? undefined : await restoreSource(archive)
    if (source?.in === 's3') return verifyByJob(context, source.from, wait)
    if (!wait) throw new UsageError('--no-wait: a file is read by this command, so it cannot be verified later')
    return verifyFile(context, archive)
  },
})

const verifyByJob = async (context: CommandContext, from: object, wait: boolean): Promise<ExitCode> => {
  const id = await startJob(context.api(), { path: '/_backup/check', body: { from } })
  return wait ? finishJob(context, id) : leaveJob(context, id)
}
