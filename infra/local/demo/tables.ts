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
    // Without colors, a log file of the demo contains no escape sequences.
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
      passed ? 'yes' : 'NO',
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

export const memoryTable = (processes: readonly ProcessMemory[]): string =>
  table(
    ['process', 'peak memory'],
    processes.map(({ name, peak }) => [name, prettyBytes(peak, { binary: true, maximumFractionDigits: 0 })]),
  )
