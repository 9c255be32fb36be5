import { styleText } from 'node:util'
import Table from 'cli-table3'
import prettyBytes from 'pretty-bytes'
import type { DryRunResult, ExportResult, Report } from './api-client.ts'
import type { Entry, FolderCount } from './listing.ts'
import type { ProcessMemory } from './memory.ts'

/** The time of one operation of the demo. */
export interface OperationTime {
  readonly name: string
  readonly seconds: number
  /** Whether the operation reads or writes the whole store. Only then can its speed be computed. */
  readonly wholeStore: boolean
}

/** The listing shows this number of entries at the start of the archive, and as many at its end. */
const SHOWN_ENTRIES = 6
const MEGABYTE = 1_000_000

const number = (value: number): string => value.toLocaleString('en')
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string => {
  const made = new Table({
    head: [...head],
    colAligns: head.map((_, k) => (k === 0 ? 'left' : 'right')),
    // cli-table3 would colour the head and the border also in a log file.
    style: { head: [], border: [], compact: true },
  })
  made.push(...rows.map((row) => [...row]))
  return made.toString()
}

export const exportTable = ({ models }: ExportResult): string =>
  table(
    ['model', 'resources', 'revisions', 'blobs'],
    Object.entries(models)
      .filter(([, { resources }]) => resources > 0)
      .map(([model, { resources, revisions, blobs }]) => [model, number(resources), number(revisions), number(blobs)]),
  )

/** Lists the first and the last entries of an archive like `tar tvf`, but without owners and dates. */
export const listingText = (entries: readonly Entry[]): string => {
  const lines = entries.map(({ path, size }) => `  ${String(size).padStart(10)} ${path}`)
  const omitted = lines.length - 2 * SHOWN_ENTRIES
  if (omitted <= 0) return lines.join('\n')
  return [
    ...lines.slice(0, SHOWN_ENTRIES),
    `           … ${number(omitted)} more …`,
    ...lines.slice(-SHOWN_ENTRIES),
  ].join('\n')
}

export const folderTable = (folders: readonly FolderCount[]): string =>
  table(
    ['in the archive', 'entries', 'size'],
    folders.map(({ folder, entries, bytes }) => [folder, number(entries), prettyBytes(bytes)]),
  )

export const reportTable = ({ checks }: Report): string =>
  table(
    ['check', 'passed', 'checked', 'findings'],
    Object.entries(checks).map(([name, { passed, checked, findings_total }]) => [
      name,
      passed ? styleText('green', 'yes') : styleText('red', 'NO'),
      number(checked),
      number(findings_total),
    ]),
  )

export const dryRunTable = ({ models, blobs }: DryRunResult): string =>
  table(
    ['compared', 'only in the archive', 'different', 'identical', 'only in the store'],
    [
      ...Object.entries(models)
        .filter(([, counts]) => counts.new + counts.changed + counts.same + counts.target_only > 0)
        .map(([model, counts]) => [
          `model ${model}`,
          ...[counts.new, counts.changed, counts.same, counts.target_only].map(number),
        ]),
      ['blobs', ...[blobs.new, blobs.changed, blobs.same].map(number), ''],
    ],
  )

/**
 * Lists the time of each operation, and the speed of operations on the whole store. The whole store has `storeBytes`
 * bytes.
 */
export const timingTable = (timings: readonly OperationTime[], storeBytes: number): string =>
  table(
    ['operation', 'seconds', 'MB/s'],
    timings.map(({ name, seconds, wholeStore }) => [
      name,
      seconds.toFixed(1),
      wholeStore ? (storeBytes / MEGABYTE / seconds).toFixed(1) : '',
    ]),
  )

/** What the demo has shown. */
export interface DemoFacts {
  /** The sizes of the store. */
  readonly sizes: string
  /** The report of the restore of the whole store. */
  readonly report: Report
  /** The dry run that found the damage. */
  readonly found: DryRunResult
}

/** Returns the facts at the end of the demo, one in each line. */
export const factsText = ({ sizes, report, found }: DemoFacts): string => {
  const checks = Object.values(report.checks)
  const checked = checks.reduce((sum, check) => sum + check.checked, 0)
  const changed = Object.values(found.models).reduce((sum, counts) => sum + counts.changed, 0)
  return [
    ['Restored', `${sizes}, identical to the original byte for byte`],
    ['Proved', `by ${checks.length} checks of ${number(checked)} resources, references and blobs`],
    ['Found', `${found.blobs.changed} damaged blob and ${changed} damaged resource, with a dry run`],
    ['Mended', 'by restoring only what differed: the store is identical to the original again'],
  ]
    .map(([name = '', fact = '']) => `  ${styleText(['bold', 'green'], name.padEnd(9))} ${fact}`)
    .join('\n')
}

export const memoryTable = (processes: readonly ProcessMemory[]): string =>
  table(
    ['process', 'peak memory'],
    processes.map(({ name, peak }) => [name, prettyBytes(peak, { binary: true, maximumFractionDigits: 0 })]),
  )
