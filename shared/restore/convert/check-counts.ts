import type { ConvertResult, ConvertResultOf, LineCounts, StreamFaultPage } from '../messages/convert.ts'
import { resultsOf } from './phase-results.ts'

/**
 * Compares the record lines that the passes of `scan` have written with those that the segments contain. Throws an
 * error if lines are missing: the verification of the restore compares the target only with the segments, so that it
 * could not find the lost records. Results of earlier releases have no counts, and are not compared.
 */
export const checkLineCounts = (results: readonly ConvertResult[]): void => {
  const scanned = sumOf(resultsOf(results, 'scan').map(({ lines }) => lines))
  const converted = sumOf(resultsOf(results, 'records').map(convertedLines))
  if (scanned === undefined || converted === undefined) return
  if (scanned.metadata === converted.metadata && scanned.revisions === converted.revisions) return
  throw new Error(
    `the scan of the stream has found ${describe(scanned)}, but the conversion has processed ${describe(converted)}; ` +
      'the restore has written nothing. Start the restore again, and report this fault of SpecStar Backup',
  )
}

/**
 * Compares the number of faults that the passes of `records` have found with the pages that list them. Throws an error
 * if they differ.
 */
export const checkFaultCount = (
  records: readonly ConvertResultOf<'records'>[],
  pages: readonly StreamFaultPage[],
): void => {
  let found = 0
  for (const { fault_count } of records) {
    if (fault_count === undefined) return
    found += fault_count
  }
  const listed = pages.reduce((sum, { count }) => sum + count, 0)
  if (listed === found) return
  throw new Error(
    `the conversion of the stream has found ${found} resources that cannot be restored, but has listed ${listed}; ` +
      'the restore has written nothing. Start the restore again, and report this fault of SpecStar Backup',
  )
}

/** Returns the number of lines that a pass of `records` has written to segments or has omitted. */
const convertedLines = ({ segments, omitted_lines }: ConvertResultOf<'records'>): LineCounts | undefined =>
  sumOf([omitted_lines, ...segments.map(({ resources, revisions }) => ({ metadata: resources, revisions }))])

/** Returns the sum of all counts. Undefined if one of them is undefined. */
const sumOf = (all: readonly (LineCounts | undefined)[]): LineCounts | undefined => {
  const sum = { metadata: 0, revisions: 0 }
  for (const counts of all) {
    if (counts === undefined) return undefined
    sum.metadata += counts.metadata
    sum.revisions += counts.revisions
  }
  return sum
}

const describe = ({ metadata, revisions }: LineCounts): string =>
  `${metadata} records of metadata and ${revisions} revisions`
