import * as z from 'zod'
import { restoreSource } from './archive-source.ts'
import { pages } from './client/pages.ts'
import type { CommandContext } from './command.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { startRestore } from './start-restore.ts'
import type { TextFormat } from './terminal/output.ts'
import { jobText } from './terminal/job-text.ts'
import { counted, countText } from './terminal/units.ts'
import { exitCodeOf, waitForJob } from './wait-for-job.ts'

/** A value as its JSON, or as its type, size and hash. With JSON, `size` means that the JSON is cut. */
const Value = z.looseObject({
  json: z.exactOptional(z.string()),
  type: z.exactOptional(z.string()),
  size: z.exactOptional(z.number()),
  sha256: z.exactOptional(z.string()),
})
const Field = z.looseObject({ path: z.string(), archived: z.exactOptional(Value), stored: z.exactOptional(Value) })
const Difference = z.looseObject({
  group: z.string(),
  model: z.string(),
  resource_id: z.string(),
  fields: z.exactOptional(z.array(Field)),
  fields_total: z.exactOptional(z.number()),
  revisions_total: z.exactOptional(z.number()),
})

interface LiveDiffOptions {
  readonly model: string | undefined
  /** If true, the fields of changed resources are shown, with their values. */
  readonly fields: boolean
}

const MAX_PAGE = 1_000

/**
 * Compares an archive with the store by a dry run, and writes one line for each difference. A resource has the sign `+`
 * if only the store contains it, `-` if only the archive contains it, and `~` if they differ.
 */
export const diffLive = async (
  context: CommandContext,
  archive: string,
  { model, fields }: LiveDiffOptions,
): Promise<ExitCode> => {
  const { api, io, output } = context
  const source = await restoreSource(archive)
  const id = await startRestore(context, source, { model, parameters: { on_duplicate: 'overwrite', dry_run: 'true' } })
  const job = await waitForJob(context, id)
  if (job.status !== 'succeeded' && job.status !== 'partial') {
    output.show(job, () => jobText(output, job))
    return exitCodeOf(job)
  }
  let total = 0
  const request = {
    path: `/_backup/jobs/${encodeURIComponent(id)}/differences`,
    query: { detail: fields ? 'fields' : 'ids' },
    member: 'differences',
    item: Difference,
    maxPage: MAX_PAGE,
  }
  for await (const { items } of pages(api(), request)) {
    total += items.length
    for (const difference of items)
      io.stdout.write(output.json ? `${JSON.stringify(difference)}\n` : `${differenceText(context, difference)}\n`)
  }
  if (!output.json) output.note(`${counted(total, 'difference')} between ${archive} and the store`)
  return total === 0 ? EXIT.succeeded : EXIT.differences
}

const SIGNS = new Map<string, { readonly sign: string; readonly format: TextFormat }>([
  ['new', { sign: '-', format: 'red' }],
  ['changed', { sign: '~', format: 'yellow' }],
  ['missing', { sign: '-', format: 'red' }],
  ['target_only', { sign: '+', format: 'green' }],
])

const differenceText = ({ output }: CommandContext, difference: z.output<typeof Difference>): string => {
  const { group, model, resource_id, fields = [], fields_total = fields.length, revisions_total = 0 } = difference
  const { sign, format } = SIGNS.get(group) ?? { sign: '?', format: 'reset' }
  return [
    output.style(format, `${sign} ${model}/${resource_id}`),
    ...fields.map(({ path, archived, stored }) => `    ${path}: ${valueText(archived)} → ${valueText(stored)}`),
    ...(fields_total > fields.length ? [`    … and ${counted(fields_total - fields.length, 'field')} more`] : []),
    ...(revisions_total > 0 ? [`    ${counted(revisions_total, 'revision')} differ`] : []),
  ].join('\n')
}

const valueText = (value: z.output<typeof Value> | undefined): string => {
  if (value === undefined) return '(absent)'
  const { json, type = 'value', size, sha256 = '' } = value
  if (json !== undefined) return size === undefined ? json : `${json}…`
  return `(${type}, ${countText(size ?? 0)} bytes, sha256 ${sha256.slice(0, 16)}…)`
}
