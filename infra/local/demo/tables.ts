import Table from 'cli-table3'
import prettyBytes from 'pretty-bytes'
import type { DryRunResult, ExportResult, Report } from './api-client.ts'
import type { Entry, FolderCount } from './listing.ts'
import type { ProcessMemory } from './memory.ts'

/** One step of the demo, and how long it took. */
export interface Step {
  readonly name: string
  readonly seconds: number
  /** It went through all that the store holds. */
  readonly whole: boolean
}

/** Entries of the listing that are shown, of each end. */
const SHOWN_ENTRIES = 6
const MEGABYTE = 1_000_000

const number = (value: number): string => value.toLocaleString('en')
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string => {
  const made = new Table({
    head: [...head],
    // Names to the left, numbers to the right; no colours, which a log would show as noise.
    colAligns: head.map((_, k) => (k === 0 ? 'left' : 'right')),
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

/** The first and the last entries as `tar tvf` shows them, without owners and dates. */
export const listingText = (entries: readonly Entry[]): string => {
  const lines = entries.map(({ path, size }) => `  ${String(size).padStart(10)} ${path}`)
  const between = lines.length - 2 * SHOWN_ENTRIES
  if (between <= 0) return lines.join('\n')
  return [
    ...lines.slice(0, SHOWN_ENTRIES),
    `           … ${number(between)} more …`,
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
    ['would be', 'new', 'changed', 'same', 'only in the store'],
    [
      ...Object.entries(models)
        .filter(([, counts]) => counts.new + counts.changed + counts.same + counts.target_only > 0)
        .map(([model, counts]) => [
          model,
          ...[counts.new, counts.changed, counts.same, counts.target_only].map(number),
        ]),
      ['blobs', ...[blobs.new, blobs.changed, blobs.same].map(number), ''],
    ],
  )

/** Seconds of each step, and the speed of those that go through all of the bytes that the store holds. */
export const stepTable = (steps: readonly Step[], bytes: number): string =>
  table(
    ['step', 'seconds', 'MB/s'],
    steps.map(({ name, seconds, whole }) => [
      name,
      seconds.toFixed(1),
      whole ? (bytes / MEGABYTE / seconds).toFixed(1) : '',
    ]),
  )

export const memoryTable = (processes: readonly ProcessMemory[]): string =>
  table(
    ['process', 'peak memory'],
    processes.map(({ name, peak }) => [name, prettyBytes(peak, { binary: true, maximumFractionDigits: 0 })]),
  )
