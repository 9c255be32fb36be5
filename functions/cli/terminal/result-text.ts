import type { Finding, JobResult } from '../client/job-result.ts'
import type { Output } from './output.ts'
import { printable } from './printable.ts'
import { type Column, list, table } from './table.ts'
import { bytesText, counted, countText } from './units.ts'

/** The findings of a check that are shown. The report contains more. */
const SHOWN_FINDINGS = 10
/** The ids and resources of an exception that are shown. */
const SHOWN_IDS = 5

/** Returns the result of a job for people. `model` is the model of a job that has only one. */
export const resultText = (output: Output, result: JobResult, model = ''): string =>
  [
    modelsText(output, result, model),
    blobsText(result),
    archiveText(output, result),
    emptyText(output, result),
    suspiciousText(output, result),
    verificationText(output, result),
    targetOnlyText(result),
    findingsText(output, result.findings ?? []),
    exceptionsText(output, result),
  ]
    .filter((text) => text !== '')
    .join('\n\n')

const modelsText = (output: Output, { models, loaded, skipped, total }: JobResult, model: string): string => {
  const rows =
    models !== undefined
      ? Object.entries(models)
      : total === undefined
        ? []
        : [[model, { loaded: loaded ?? 0, skipped: skipped ?? 0, total }] as const]
  const names = [...new Set(rows.flatMap(([, counts]) => Object.keys(counts)))]
  const counts = names.map((name): Column<(typeof rows)[number]> => ({
    head: name.toUpperCase().replaceAll('_', ' '),
    align: 'right',
    cell: ([, row]) => countText(new Map(Object.entries(row)).get(name) ?? 0),
  }))
  return table(output, [{ head: 'MODEL', cell: ([model]) => model }, ...counts], rows, '')
}

const blobsText = ({ blobs }: JobResult): string =>
  blobs === undefined
    ? ''
    : `Blobs: ${Object.entries(blobs)
        .map(([group, count]) => `${countText(count)} ${printable(group)}`)
        .join(', ')}`

const archiveText = (output: Output, { archive, complete }: JobResult): string => {
  if (archive === undefined) return ''
  const { bucket, key, version_id, size } = archive
  return list(output, [
    ['archive', `s3://${bucket}/${key}`],
    ...(version_id === undefined ? [] : [['version', version_id] as const]),
    ['size', bytesText(size)],
    ...(complete === undefined ? [] : [['complete', complete ? 'yes' : output.style('yellow', 'no')] as const]),
  ])
}

/** Returns a warning if an export has written an archive without resources, for example because of a wrong filter. */
const emptyText = (output: Output, { archive, models }: JobResult): string => {
  const isEmpty = models !== undefined && Object.values(models).every(({ resources = 0 }) => resources === 0)
  return archive === undefined || !isEmpty
    ? ''
    : output.style(
        'yellow',
        'The archive contains no resources: the exported models are empty, no resource matches the filters, ' +
          'or the export has left out all of them',
      )
}

/** Returns why a scheduled archive is suspicious, and the decision of a caller about it. */
const suspiciousText = (output: Output, { suspicious }: JobResult): string => {
  if (suspicious === undefined) return ''
  const { findings, decision } = suspicious
  const state =
    decision === undefined
      ? `${output.style('red', 'Suspicious')}: the archive contains much less than an earlier one. ` +
        'Confirm or reject it on the page (specstar-backup ui), or with POST /_backup/schedules/{name}/confirm'
      : `Suspicious, and ${printable(decision.decision)} by a caller`
  return [
    state,
    ...findings
      .slice(0, SHOWN_FINDINGS)
      .map(({ model, count, before, now }) =>
        printable(`  ${model}: ${countText(now)} ${count}, before ${countText(before)}`),
      ),
  ].join('\n')
}

/** Returns what a restore has left in the store although the archive does not contain it. */
const targetOnlyText = ({ target_only = {}, target_only_unknown = [] }: JobResult): string =>
  [
    ...Object.entries(target_only).map(
      ([model, count]) =>
        `${counted(count, 'resource')} of model ${printable(model)} in the store that the archive does not contain`,
    ),
    ...target_only_unknown.map(
      (model) => `Not counted in time: resources of model ${printable(model)} that the archive does not contain`,
    ),
  ].join('\n')

const verificationText = (output: Output, { verification }: JobResult): string => {
  if (verification === undefined) return ''
  const { passed, proved, checks } = verification
  const hasChecked = proved ?? Object.values(checks).some(({ checked }) => checked > 0)
  const verdict = !passed
    ? output.style('red', 'Verification failed')
    : !hasChecked
      ? output.style('yellow', 'Every check has passed, but nothing was checked')
      : output.style('green', `${proved === undefined ? 'Intact' : 'Proved'}: every check has passed`)
  const rows = table(
    output,
    [
      { head: 'CHECK', cell: ([name]) => name },
      { head: 'RESULT', cell: ([, check]) => (check.passed ? 'passed' : output.style('red', 'failed')) },
      { head: 'CHECKED', align: 'right', cell: ([, { checked }]) => countText(checked) },
      { head: 'FINDINGS', align: 'right', cell: ([, { findings_total }]) => countText(findings_total) },
    ],
    Object.entries(checks),
    '',
  )
  const findings = Object.values(checks).flatMap((check) => check.findings)
  return [verdict, rows, findingsText(output, findings)].filter((text) => text !== '').join('\n')
}

const findingsText = (output: Output, findings: readonly Finding[]): string => {
  if (findings.length === 0) return ''
  const shown = findings.slice(0, SHOWN_FINDINGS)
  const rows = shown.map(
    ({ model, resource_id, what, expected, actual }) =>
      `  ${output.style('yellow', resource_id === '' ? model : `${model}/${resource_id}`)}  ${printable(`${what}: expected ${expected}, found ${actual}`)}`,
  )
  const rest = findings.length - shown.length
  return ['Findings:', ...rows, ...(rest === 0 ? [] : [`  … and ${countText(rest)} more`])].join('\n')
}

/** Returns a line for each member that says what the job did not process. */
const exceptionsText = (output: Output, result: JobResult): string => {
  const { missing_blobs, blob_conflicts, not_found, excluded, left_out, omitted, unaccounted } = result
  const ids = [
    ['missing blob', missing_blobs],
    ['blob that was kept although the archive has other bytes', blob_conflicts],
    ['id that was not found', not_found],
    ['id that the filters exclude', excluded],
  ] as const
  const resources = [
    ['resource that was left out', left_out],
    ['resource with omitted attributes', omitted],
  ] as const
  return [
    ...ids.flatMap(([noun, listed]) =>
      listed === undefined || listed.count === 0 ? [] : [exception(output, noun, listed.count, listed.ids)],
    ),
    ...resources.flatMap(([noun, listed]) =>
      listed === undefined || listed.count === 0
        ? []
        : [
            exception(
              output,
              noun,
              listed.count,
              listed.resources.map(({ model, resource_id, reason }) => `${model}/${resource_id}: ${reason}`),
            ),
          ],
    ),
    ...(unaccounted === undefined || unaccounted.count === 0
      ? []
      : [
          exception(
            output,
            'item that belongs to no resource',
            unaccounted.count,
            Object.entries(unaccounted.reasons ?? {}).map(([reason, count]) => `${reason}: ${countText(count)}`),
          ),
        ]),
  ].join('\n')
}

/** `noun` is in the singular. Its first word gets the plural. */
const exception = (output: Output, noun: string, count: number, examples: readonly string[]): string => {
  const [first = '', ...rest] = noun.split(/ (?=that |with )/)
  const words = [counted(count, first), ...rest].join(' ')
  const shown = examples.slice(0, SHOWN_IDS)
  return [
    output.style('yellow', count === 1 ? words : plural(words)),
    ...shown.map((example) => `  ${printable(example)}`),
    ...(count > shown.length && shown.length > 0 ? ['  …'] : []),
  ].join('\n')
}

const plural = (words: string): string => words.replace(' was ', ' were ').replace(' belongs ', ' belong ')
