import { Option } from 'commander'
import * as z from 'zod'
import { Archive } from '../client/archive.ts'
import { listedItems } from '../client/pages.ts'
import { defineCommand } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import type { Output } from '../terminal/output.ts'
import { MORE_ROWS, table } from '../terminal/table.ts'
import { bytesText, countText, timeText } from '../terminal/units.ts'
import { wholeNumber } from '../whole-number.ts'

const MAX_PAGE = 200

/** `specstar-backup archives`. */
export const ARCHIVES = defineCommand({
  name: 'archives',
  summary: 'list archives, newest first, and when they were last checked and proved',
  details: 'Restore a listed archive with restore JOB. The times of --from and --to need a time zone, such as Z.',
  options: [
    new Option('--schedule <name>', 'list only archives of this schedule'),
    new Option('--model <model>', 'list only archives that contain this model'),
    new Option('--from <time>', 'list only archives that were created at this time or later'),
    new Option('--to <time>', 'list only archives that were created before this time'),
    new Option('--complete', 'list only complete archives'),
    new Option('--incomplete', 'list only archives that lack blobs or resources').conflicts('complete'),
    new Option('--latest', 'list only the newest archive; fail if there is none').conflicts(['from', 'to', 'limit']),
    new Option('--limit <number>', 'list at most this number of archives').default('20'),
  ],
  examples: [
    'archives',
    'archives --schedule nightly --from 2026-11-01T00:00:00Z',
    'archives --latest --complete --json',
  ],
  input: z.strictObject({
    schedule: z.string().optional(),
    model: z.string().optional(),
    from: z.string().optional(),
    to: z.string().optional(),
    complete: z.boolean().optional(),
    incomplete: z.boolean().optional(),
    latest: z.boolean().optional(),
    limit: wholeNumber(1, 100_000),
  }),
  run: async (
    { api, output },
    { schedule, model, from, to, complete = false, incomplete = false, latest = false, limit },
  ) => {
    const filter = { schedule, model, complete: complete ? 'true' : incomplete ? 'false' : undefined }
    const { items: archives, hasMore } = latest
      ? {
          items: [await api().request(Archive, { method: 'GET', path: '/_backup/archives/latest', query: filter })],
          hasMore: false,
        }
      : await listedItems(api(), {
          path: '/_backup/archives',
          query: { ...filter, from, to },
          member: 'archives',
          item: Archive,
          maxPage: MAX_PAGE,
          limit,
        })
    output.showAll(archives, () =>
      table(
        output,
        [
          { head: 'JOB', cell: ({ job_id }) => job_id },
          { head: 'CREATED', cell: ({ created_at }) => timeText(created_at) },
          { head: 'SCHEDULE', cell: ({ schedule }) => schedule ?? '-' },
          { head: 'RESOURCES', align: 'right', cell: ({ models }) => countText(resourcesIn(models)) },
          { head: 'SIZE', align: 'right', cell: ({ size }) => bytesText(size) },
          { head: 'STATE', cell: (archive) => stateText(output, archive) },
          { head: 'CHECKED', cell: (archive) => checkedText(output, archive) },
          { head: 'PROVED', cell: ({ last_proved }) => (last_proved === undefined ? '-' : timeText(last_proved.at)) },
        ],
        archives,
        'no archives',
      ),
    )
    if (hasMore) output.note(MORE_ROWS)
    return EXIT.succeeded
  },
})

const resourcesIn = (models: Archive['models']): number =>
  Object.values(models).reduce((sum, { resources }) => sum + resources, 0)

const stateText = (output: Output, { complete, scope, suspicious, decision, locked_until }: Archive): string =>
  [
    complete ? output.style('green', 'complete') : output.style('yellow', 'incomplete'),
    ...(scope?.filters === undefined ? [] : ['filtered']),
    ...(suspicious ? [decision ?? output.style('red', 'suspicious')] : []),
    ...(locked_until === undefined ? [] : [`locked until ${timeText(locked_until)}`]),
  ].join(', ')

const checkedText = (output: Output, { last_checked }: Archive): string => {
  if (last_checked === undefined) return '-'
  return last_checked.passed ? timeText(last_checked.at) : output.style('red', `${timeText(last_checked.at)} failed`)
}
