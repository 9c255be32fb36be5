import * as z from 'zod'
import { listSchedules, type Schedule } from '../../client/schedule.ts'
import { defineCommand } from '../../command.ts'
import { EXIT } from '../../exit-codes.ts'
import type { Output } from '../../terminal/output.ts'
import { statusText } from '../../terminal/status-text.ts'
import { table } from '../../terminal/table.ts'
import { timeText } from '../../terminal/units.ts'

/** `specstar-backup schedules list`. */
export const SCHEDULES_LIST = defineCommand({
  name: 'schedules list',
  summary: 'list the schedules, with their last and next runs',
  examples: ['schedules list', 'schedules list --json'],
  input: z.strictObject({}),
  run: async ({ api, output }) => {
    const schedules = await listSchedules(api())
    output.showAll(schedules, () =>
      [schedulesTable(output, schedules), decisionText(schedules)].filter((text) => text !== '').join('\n\n'),
    )
    return EXIT.succeeded
  },
})

const schedulesTable = (output: Output, schedules: readonly Schedule[]): string =>
  table(
    output,
    [
      { head: 'SCHEDULE', cell: ({ name }) => name },
      { head: 'WHEN', cell: whenText },
      { head: 'MODELS', cell: ({ models }) => models?.join(', ') ?? 'all' },
      { head: 'LAST RUN', cell: (schedule) => lastText(output, schedule) },
      { head: 'LAST GOOD', cell: lastGoodText },
      { head: 'NEXT RUN', cell: ({ next_at }) => (next_at === undefined ? '-' : timeText(next_at)) },
      { head: 'STATE', cell: (schedule) => stateText(output, schedule) },
    ],
    schedules,
    'no schedules: the settings of the deployment contain none',
  )

/** Says how to decide about suspicious archives, because no command does. Returns an empty string if there are none. */
const decisionText = (schedules: readonly Schedule[]): string => {
  const waiting = schedules.filter(({ undecided }) => undecided !== undefined)
  const [first] = waiting
  if (first === undefined) return ''
  const name = waiting.length === 1 ? encodeURIComponent(first.name) : '{name}'
  return (
    'Until somebody decides about a suspicious archive, no archive of its schedule is deleted.\n' +
    `To confirm or reject it, open the page with specstar-backup ui, or send POST /_backup/schedules/${name}/confirm.`
  )
}

const whenText = ({ cron, rate, timezone }: Schedule): string =>
  cron === undefined ? `every ${rate ?? '?'}` : `${cron}${timezone === undefined ? '' : ` ${timezone}`}`

const lastText = (output: Output, { last }: Schedule): string =>
  last === undefined
    ? '-'
    : [
        `${timeText(last.due_at)} ${statusText(output, last.status)}`,
        ...(last.damaged === true
          ? [output.style('red', 'damaged or deleted')]
          : last.judgement === undefined
            ? []
            : [last.judgement]),
      ].join(', ')

/** The server does not examine all archives if many of them are not good. */
const lastGoodText = ({ last_good_at, searched_until }: Schedule): string =>
  last_good_at !== undefined
    ? timeText(last_good_at)
    : searched_until !== undefined
      ? `none since ${timeText(searched_until)}`
      : '-'

const stateText = (output: Output, { overdue, undecided, paused }: Schedule): string => {
  const states = [
    ...(overdue === true ? [output.style('red', 'overdue')] : []),
    // The search for a good archive has ended before the last due time.
    ...(overdue === undefined ? [output.style('red', 'unknown')] : []),
    ...(undecided === undefined ? [] : [output.style('red', `decide about ${undecided.job_id}`)]),
    ...(paused === undefined ? [] : [output.style('yellow', `paused by ${paused.by} until ${timeText(paused.until)}`)]),
  ]
  return states.length === 0 ? output.style('green', 'on time') : states.join(', ')
}
