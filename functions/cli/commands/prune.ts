import { Option } from 'commander'
import * as z from 'zod'
import { pages } from '../client/pages.ts'
import { defineCommand } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { table } from '../terminal/table.ts'
import { counted, timeText, withTimeTexts } from '../terminal/units.ts'
import { Problem } from '../../../shared/problems/problem.ts'

const MAX_PAGE = 1000
const PrunedObject = z.looseObject({
  retention: z.string(),
  schedule: z.exactOptional(z.string()),
  bucket: z.string(),
  key: z.string(),
  at: z.string(),
  action: z.enum(['delete', 'keep']),
  reason: z.string(),
})
const Failures = z.looseObject({
  failures: z.exactOptional(
    z.array(z.looseObject({ retention: z.string(), schedule: z.exactOptional(z.string()), error: Problem })),
  ),
})

/** `specstar-backup prune`. */
export const PRUNE = defineCommand({
  name: 'prune',
  summary: 'explain what the next daily deletion will delete, and why',
  details: 'The command deletes nothing. It fails if the program cannot read all objects.',
  options: [new Option('--all', 'also list what is kept')],
  examples: ['prune', 'prune --all', 'prune --all --json'],
  input: z.strictObject({ all: z.boolean().optional() }),
  run: async ({ api, output }, { all = false }) => {
    const objects: z.output<typeof PrunedObject>[] = []
    const failures: string[] = []
    const request = { path: '/_backup/prune', member: 'objects', item: PrunedObject, maxPage: MAX_PAGE }
    for await (const { items, body } of pages(api(), request)) {
      objects.push(...items)
      for (const { retention, schedule, error } of Failures.parse(body).failures ?? [])
        failures.push(`${schedule === undefined ? retention : `schedule ${schedule}`}: ${output.problemText(error)}`)
    }
    const deleted = objects.filter(({ action }) => action === 'delete')
    const shown = all ? objects : deleted
    output.showAll(shown, () =>
      [
        table(
          output,
          [
            { head: 'ACTION', cell: ({ action }) => (action === 'delete' ? output.style('red', action) : action) },
            { head: 'RULE', cell: ({ retention, schedule }) => schedule ?? retention },
            { head: 'TIME', cell: ({ at }) => timeText(at) },
            { head: 'OBJECT', cell: ({ bucket, key }) => `s3://${bucket}/${key}` },
            { head: 'REASON', cell: ({ reason }) => withTimeTexts(reason) },
          ],
          shown,
          '',
        ),
        summaryText(deleted.length, objects.length - deleted.length, failures.length),
      ]
        .filter((text) => text !== '')
        .join('\n\n'),
    )
    for (const failure of failures) output.note(output.styleNote('red', `not read: ${failure}`), { not_read: failure })
    return failures.length === 0 ? EXIT.succeeded : EXIT.error
  },
})

const summaryText = (deleted: number, kept: number, notRead: number): string =>
  deleted + kept === 0
    ? `No rule of the daily deletion applies to any object that was read${notRead === 0 ? ', so the next run deletes nothing' : ''}.`
    : `The next daily deletion deletes ${counted(deleted, 'object')} and keeps ${counted(kept, 'object')}. ` +
      'Objects to which no rule applies are kept, too.'
