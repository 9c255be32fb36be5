import type { Job } from '../client/job.ts'
import type { Check, Finding, JobResult } from '../client/job-result.ts'
import type { Output } from './output.ts'
import { printable } from './printable.ts'
import { type Column, list, table } from './table.ts'
import { bytesText, counted, countText } from './units.ts'

/** The findings of a check that are shown. The report contains more. */
const SHOWN_FINDINGS = 10
/** The ids and resources of an exception that are shown. */
const SHOWN_IDS = 5

/** Returns the result of a job for people. */
export const resultText = (output: Output, result: JobResult, request: Job['request'] = {}): string =>
  [
    modelsText(output, result, request.models?.[0] ?? ''),
    blobsText(result, request.on_duplicate),
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

const modelsText = (output: Output, { models, loaded = 0, skipped = 0, total }: JobResult, model: string): string => {
  const counts = total === undefined ? {} : { [model]: { loaded, skipped, total } }
  const rows = Object.entries(models ?? counts)
  const names = [...new Set(rows.flatMap(([, counts]) => Object.keys(counts)))]
  const columns = names.map((name): Column<(typeof rows)[number]> => ({
    head: name.toUpperCase().replaceAll('_', ' '),
    align: 'right',
    cell: ([, row]) => countText(new Map(Object.entries(row)).get(name) ?? 0),
  }))
  return table(output, [{ head: 'MODEL', cell: ([model]) => model }, ...columns], rows, '')
}

/** Returns the blobs that a dry run has compared. With `skip`, it does not compare all of them. */
const blobsText = ({ blobs, models }: JobResult, strategy: string | undefined): string => {
  if (blobs === undefined) return ''
  const counts = Object.entries(blobs).map(([group, count]) => `${countText(count)} ${printable(group)}`)
  const existing = sumOf(models, 'changed') + sumOf(models, 'same')
  return [
    `Blobs: ${counts.join(', ')}`,
    ...(strategy !== 'skip' || existing === 0
      ? []
      : [
          `Not compared: blobs to which only the ${counted(existing, 'existing resource')} ` +
            `${existing === 1 ? 'refers' : 'refer'}, because a restore with skip does not write these blobs`,
        ]),
  ].join('\n')
}

/** Returns the sum of one count over all models. */
const sumOf = (models: JobResult['models'], count: string): number =>
  Object.values(models ?? {}).reduce((total, counts) => total + (counts[count] ?? 0), 0)

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

/**
 * Returns a warning if an export has written an archive without resources, for example because of a wrong filter. States
 * the possible reasons only if the result does not contain the reason.
 */
const emptyText = (output: Output, { archive, models, not_found, excluded, left_out }: JobResult): string => {
  if (archive === undefined || models === undefined || sumOf(models, 'resources') > 0) return ''
  const hasReason = [not_found, excluded, left_out].some((listed) => (listed?.count ?? 0) > 0)
  return output.style(
    'yellow',
    hasReason
      ? 'The archive contains no resources'
      : 'The archive contains no resources: the exported models are empty, or no resource matches the filters',
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

const verificationText = (output: Output, result: JobResult): string => {
  const { verification } = result
  if (verification === undefined) return ''
  const { checks } = verification
  const rows = table(
    output,
    [
      { head: 'CHECK', cell: ([name]) => name },
      { head: 'RESULT', cell: ([, check]) => checkText(output, check) },
      { head: 'CHECKED', align: 'right', cell: ([, { checked }]) => countText(checked) },
      { head: 'FINDINGS', align: 'right', cell: ([, { findings_total }]) => countText(findings_total) },
    ],
    Object.entries(checks),
    '',
  )
  const findings = Object.values(checks).flatMap((check) => check.findings)
  return [verdictText(output, result), rows, skippedText(output, result), findingsText(output, findings)]
    .filter((text) => text !== '')
    .join('\n')
}

const verdictText = (output: Output, result: JobResult): string => {
  const { passed, proved } = result.verification ?? {}
  if (passed !== true) return output.style('red', 'Verification failed')
  if (proved === false) return output.style('yellow', `Nothing was checked${unchecked(result)}`)
  if (proved === undefined) return output.style('green', 'Intact: every check has passed')
  return restoredAll(result)
    ? output.style('green', 'Proved: every check has passed')
    : output.style('yellow', 'Every check of what was restored has passed')
}

/** Returns true if a restore has restored, and therefore checked, everything that it has selected. */
const restoredAll = (result: JobResult): boolean => {
  const { blob_conflicts, missing_blobs, left_out } = result
  const hasExceptions = [blob_conflicts, missing_blobs, left_out].some((listed) => (listed?.count ?? 0) > 0)
  return skippedOf(result) === 0 && !hasExceptions
}

const checkText = (output: Output, { passed, checked, findings_total }: Check): string => {
  if (!passed) return output.style('red', 'failed')
  return checked === 0 && findings_total === 0 ? 'nothing to check' : 'passed'
}

/** Returns the reason why a restore has checked nothing, if its counts show it. */
const unchecked = (result: JobResult): string => {
  if (totalOf(result) === 0) return ': the restore has selected no resources'
  return hasSkippedAll(result)
    ? `: the restore has skipped every selected resource (${countText(totalOf(result))})`
    : ''
}

const totalOf = ({ total, models }: JobResult): number => total ?? sumOf(models, 'total')
const hasSkippedAll = (result: JobResult): boolean => totalOf(result) === skippedOf(result)
const skippedOf = ({ skipped, models }: JobResult): number => skipped ?? sumOf(models, 'skipped')

const LISTS = new Intl.ListFormat('en')

/** Returns what a restore with `skip` has not checked. */
const skippedText = (output: Output, result: JobResult): string => {
  const skipped = hasSkippedAll(result) ? 0 : skippedOf(result)
  const kept = result.blob_conflicts?.count ?? 0
  if (skippedOf(result) + kept === 0) return ''
  const unchecked = [
    ...(skipped === 0 ? [] : [counted(skipped, 'skipped resource'), 'blobs to which only skipped resources refer']),
    ...(kept === 0 ? [] : [counted(kept, 'kept blob')]),
  ]
  const advice = 'To compare them with the archive, run: specstar-backup diff ARCHIVE --live'
  return output.style('yellow', unchecked.length === 0 ? advice : `Not checked: ${LISTS.format(unchecked)}. ${advice}`)
}

const findingsText = (output: Output, findings: readonly Finding[]): string => {
  if (findings.length === 0) return ''
  const shown = findings.slice(0, SHOWN_FINDINGS)
  const rows = shown.map(({ model, resource_id, what, expected, actual }) => {
    const subject = resource_id === '' ? model : `${model}/${resource_id}`
    return `  ${output.style('yellow', subject)}  ${printable(`${what}: expected ${expected}, found ${actual}`)}`
  })
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
