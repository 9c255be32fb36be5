import { Option } from 'commander'
import * as z from 'zod'
import { JOB_STATUSES } from '../../../shared/jobs/job.ts'
import { ListedJob } from '../client/job.ts'
import { listedItems } from '../client/pages.ts'
import { defineCommand } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { statusText } from '../terminal/status-text.ts'
import { MORE_ROWS, table } from '../terminal/table.ts'
import { bytesText, countText, durationText, timeText } from '../terminal/units.ts'
import { wholeNumber } from '../whole-number.ts'

const KINDS = ['export', 'restore', 'check'] as const
const MAX_PAGE = 200

/** `specstar-backup jobs`. */
export const JOBS = defineCommand({
  name: 'jobs',
  summary: 'list jobs, newest first',
  options: [
    new Option('--kind <kind>', 'list only jobs of this kind').choices(KINDS),
    new Option('--status <status>', 'list only jobs with this status').choices(JOB_STATUSES),
    new Option('--limit <number>', 'list at most this number of jobs').default('20'),
  ],
  examples: ['jobs', 'jobs --kind restore --status failed', 'jobs --limit 500 --json'],
  input: z.strictObject({
    kind: z.enum(KINDS).optional(),
    status: z.enum(JOB_STATUSES).optional(),
    limit: wholeNumber(1, 100_000),
  }),
  run: async ({ api, output }, { kind, status, limit }) => {
    const { items: jobs, hasMore } = await listedItems(api(), {
      path: '/_backup/jobs',
      query: { kind, status },
      member: 'jobs',
      item: ListedJob,
      maxPage: MAX_PAGE,
      limit,
    })
    output.showAll(jobs, () =>
      table(
        output,
        [
          { head: 'JOB', cell: ({ job_id }) => job_id },
          { head: 'KIND', cell: ({ kind, request }) => (request?.dry_run === true ? 'dry run' : kind) },
          { head: 'STATUS', cell: ({ status }) => statusText(output, status) },
          { head: 'CREATED', cell: ({ created_at }) => timeText(created_at) },
          { head: 'DURATION', align: 'right', cell: ({ duration_seconds }) => orDash(duration_seconds, durationText) },
          { head: 'RESOURCES', align: 'right', cell: ({ models }) => orDash(resourcesIn(models), countText) },
          { head: 'SIZE', align: 'right', cell: ({ archive }) => orDash(archive?.size, bytesText) },
          { head: 'STARTED BY', cell: ({ requested_by }) => requested_by },
        ],
        jobs,
        'no jobs',
      ),
    )
    if (hasMore) output.note(MORE_ROWS)
    return EXIT.succeeded
  },
})

const orDash = (value: number | undefined, text: (value: number) => string): string =>
  value === undefined ? '-' : text(value)

/** The counts by which a job has processed resources: those of an export, of a restore or of a dry run. */
const resourcesIn = (models: ListedJob['models']): number | undefined =>
  models === undefined
    ? undefined
    : Object.values(models).reduce((sum, counts) => sum + (counts.resources ?? counts.total ?? archived(counts)), 0)

const archived = (counts: Readonly<Record<string, number>>): number =>
  (counts['new'] ?? 0) + (counts['changed'] ?? 0) + (counts['same'] ?? 0)
