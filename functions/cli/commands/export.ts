import { Option } from 'commander'
import * as z from 'zod'
import { findJob } from '../client/find-job.ts'
import { startJob } from '../client/started-job.ts'
import { type CommandContext, defineCommand } from '../command.ts'
import { checkTarget, download, openJobArchive, STDOUT } from '../download-archive.ts'
import type { ExitCode } from '../exit-codes.ts'
import { finishJob, leaveJob, showEndedJob } from '../finish-job.ts'
import { filterOption, parseFilters, RepeatableOption, texts } from '../options.ts'
import { jobText } from '../terminal/job-text.ts'
import { printable } from '../terminal/printable.ts'
import { exitCodeOf, waitForJob } from '../wait-for-job.ts'

const FORMATS = ['acbak', 'specstar'] as const

/** `specstar-backup export`. */
export const EXPORT = defineCommand({
  name: 'export',
  summary: 'write an archive of all models, or of selected resources',
  details:
    'By default, the command starts the export and prints the id of its job. ' +
    'With --wait or --output, it waits until the job has ended.',
  options: [
    new RepeatableOption('-m, --model <model>', 'export only this model'),
    filterOption(),
    new Option('--format <format>', 'the format of the archive').choices(FORMATS).default('acbak'),
    new Option('--no-strict', 'leave out resources that cannot be exported, and missing blobs'),
    new Option('-w, --wait', 'wait until the job has ended, and print its result'),
    new Option('-o, --output <file>', 'wait, and download the archive to a new file (- for stdout)'),
  ],
  examples: [
    'export --wait',
    'export --output backup.acbak',
    'export --model country --model city --filter is_deleted=false --wait',
  ],
  input: z.strictObject({
    model: texts,
    filter: texts,
    format: z.enum(FORMATS),
    strict: z.boolean(),
    wait: z.boolean().optional(),
    output: z.string().min(1, 'must not be empty').optional(),
  }),
  run: async (context, { model, filter, format, strict, wait = false, output }) => {
    const body = { ...(model === undefined ? {} : { models: model }), ...parseFilters(filter), format, strict }
    // A file that cannot be written is reported before the export begins.
    if (output !== undefined) await checkTarget(context, output)
    const job = await startJob(context.api(), { path: '/_backup/export', body })
    if (output !== undefined) return exportTo(context, job, output)
    return wait ? finishJob(context, job) : leaveJob(context, job)
  },
})

const exportTo = async (context: CommandContext, jobId: string, path: string): Promise<ExitCode> => {
  const { api, output } = context
  const job = await waitForJob(context, jobId)
  if (job.status !== 'succeeded' && job.status !== 'partial') return showEndedJob(context, job)
  const open = () => openJobArchive(job, () => findJob(api(), jobId))
  await download(context, open, { name: `the archive of job ${jobId}`, address: jobId, path })
  if (path === STDOUT) output.show(job, () => jobText(output, job))
  else output.show({ ...job, file: path }, () => `${jobText(output, job)}\nfile: ${printable(path)}`)
  return exitCodeOf(job)
}
