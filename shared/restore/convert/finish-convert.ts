import { encodeManifest, type Manifest } from '../../archive/manifest.ts'
import { encodeTail } from '../../archive/tail.ts'
import { manifestModels, manifestSegments } from '../../compose/manifest-parts.ts'
import { readMissingBlobs } from '../../compose/missing-blobs.ts'
import type { WrittenSegment } from '../../compose/segments.ts'
import { continueAt } from '../../jobs/cursor.ts'
import { archiveJob } from '../../jobs/find-job.ts'
import { allResults, type Attempt } from '../../jobs/pass.ts'
import type { WorkFiles } from '../../jobs/work-files.ts'
import { compareBytes } from '../../values/text-order.ts'
import { whileStoring } from '../../throttling/call-context.ts'
import { MAX_FINDINGS } from '../checks/findings.ts'
import {
  CONVERT,
  CONVERTED_ARCHIVE,
  type ConvertedArchive,
  type ConvertCursorOf,
  type ConvertResult,
  type ConvertResultOf,
  SCAN_FINDINGS,
  STREAM_FAULT_PAGES,
  type StreamFaultPage,
} from '../messages/convert.ts'
import type { Finding } from '../messages/finding.ts'
import { checkFaultCount, checkLineCounts } from './check-counts.ts'
import { composeConverted } from './compose-converted.ts'
import { collectDamagedBlobs } from './damaged-blobs.ts'
import { resultsOf } from './phase-results.ts'
import type { ConvertServices } from './services.ts'

/**
 * The `next_since` of the manifest. A stream does not contain the time of its export, so the earliest time is used. An
 * export of the changes since this time contains every resource.
 */
const NEXT_SINCE = '1970-01-01T00:00:00.000Z'

/**
 * Runs one pass that composes an archive from the segments and a manifest. The later stages read this archive. If it is
 * large, several passes compose it.
 */
export const finishConvert = async (
  pass: Attempt,
  services: ConvertServices,
  { source, unfinished }: ConvertCursorOf<'finish'>,
): Promise<ConvertResultOf<'finish'>> => {
  const { job_id, attempt } = pass
  const { workFiles } = services
  const results = await allResults(services, job_id, CONVERT)
  checkLineCounts(results)
  const written: WrittenSegment[] = [
    ...resultsOf(results, 'records').flatMap(({ segments }) => segments),
    ...resultsOf(results, 'blobs').flatMap(({ blob_segments }) => blob_segments),
  ]
  const composed = await composeConverted(
    pass,
    services,
    {
      segments: written.map(({ object }) => object),
      tail: async () => {
        const size = written.reduce((sum, { summary }) => sum + summary.size, 0)
        return encodeTail(encodeManifest(await createManifest(services, job_id, results, written)), size)
      },
    },
    unfinished,
  )
  if ('unfinished' in composed)
    return { ...continueAt({ phase: 'finish', source, unfinished: composed.unfinished }), phase: 'finish' }
  const { archive } = composed
  return whileStoring(async () => {
    const findings = await readFindings(workFiles, resultsOf(results, 'scan'))
    const faults = await collectFaults(workFiles, { job_id, attempt }, results)
    const damaged = await collectDamagedBlobs(workFiles, { job_id, attempt }, resultsOf(results, 'blobs'))
    // If another attempt has already written this file, the file is kept. It refers to an archive with the same
    // content.
    await workFiles.writeOnce(CONVERTED_ARCHIVE, { archive, source, findings, ...faults, ...damaged }, job_id)
    return { ...continueAt(undefined), phase: 'finish' }
  })
}

const createManifest = async (
  services: ConvertServices,
  jobId: string,
  results: readonly ConvertResult[],
  written: readonly WrittenSegment[],
): Promise<Manifest> => {
  const { objects, workFiles } = services
  const { started_at, created_at } = await archiveJob(services, jobId)
  const records = resultsOf(results, 'records').flatMap(({ segments }) => segments)
  const blobs = resultsOf(results, 'blobs')
  const models = [...new Set(resultsOf(results, 'scan').flatMap((scan) => scan.models))].sort(compareBytes)
  const missing = (await readMissingBlobs(workFiles, blobs)).map(({ id }) => id)
  return {
    format: 'acbak',
    version: 3,
    job_id: jobId,
    created_at: started_at ?? created_at,
    source: { deployment: 'specstar', region: 'unknown' },
    scope: { models, filters: {} },
    started_at: started_at ?? created_at,
    next_since: NEXT_SINCE,
    complete: missing.length === 0,
    missing_blobs: missing,
    models: await manifestModels(objects, models, records, blobs, services.models.blobPathsOf(models)),
    blobs: {
      count: blobs.reduce((sum, result) => sum + result.blobs, 0),
      bytes: blobs.reduce((sum, result) => sum + result.bytes, 0),
    },
    segments: manifestSegments(written),
  }
}

/**
 * Writes a file with the pages of all resources that cannot be restored. Returns an object with the member `faults`,
 * which refers to the file. If all resources can be restored, writes no file and returns an empty object.
 */
const collectFaults = async (
  workFiles: WorkFiles,
  { job_id, attempt }: Pick<Attempt, 'job_id' | 'attempt'>,
  results: readonly ConvertResult[],
): Promise<Pick<ConvertedArchive, 'faults'>> => {
  const records = resultsOf(results, 'records')
  const ofRecords = await readPages(workFiles, records)
  checkFaultCount(records, ofRecords)
  const pages = [...ofRecords, ...(await readPages(workFiles, resultsOf(results, 'blobs')))]
  return pages.length === 0
    ? {}
    : { faults: await workFiles.write(STREAM_FAULT_PAGES, pages, job_id, `all-${attempt}`) }
}

const readPages = async (
  workFiles: WorkFiles,
  results: readonly Pick<ConvertResultOf<'records' | 'blobs'>, 'faults'>[],
): Promise<StreamFaultPage[]> => {
  const pages: StreamFaultPage[] = []
  for (const { faults } of results)
    if (faults !== undefined) pages.push(...(await workFiles.readPinned(STREAM_FAULT_PAGES, faults)))
  return pages
}

/**
 * Returns the first 1,000 findings of all scans. Duplicates are removed, because a stream may contain a migrated
 * revision twice.
 */
const readFindings = async (workFiles: WorkFiles, scans: readonly ConvertResultOf<'scan'>[]): Promise<Finding[]> => {
  const distinct = new Map<string, Finding>()
  for (const { findings } of scans) {
    if (findings === undefined || distinct.size >= MAX_FINDINGS) continue
    for (const finding of await workFiles.readPinned(SCAN_FINDINGS, findings))
      distinct.set(JSON.stringify(finding), finding)
  }
  return [...distinct.values()].slice(0, MAX_FINDINGS)
}
