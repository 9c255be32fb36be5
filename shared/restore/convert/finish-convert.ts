import { encodeManifest } from '../../archive/manifest.ts'
import { toManifestSegment } from '../../archive/manifest.ts'
import { encodeTail } from '../../archive/tail.ts'
import { manifestModels, missingBlobs } from '../../compose/manifest-models.ts'
import type { WrittenSegment } from '../../compose/segments.ts'
import { allResults, type Attempt, untyped } from '../../jobs/pass.ts'
import { restoreJob } from '../../jobs/find-job.ts'
import { Composer } from '../../objects/composer.ts'
import { compareBytes } from '../../values/text-order.ts'
import { MAX_FINDINGS } from '../checks/findings.ts'
import { CONVERTED_ARCHIVE } from '../messages/convert.ts'
import type { Finding } from '../messages/finding.ts'
import type { Services } from '../../runtime/services.ts'
import type { ConvertEnd, ConvertResult, CursorOf, Scanned } from './messages.ts'
import { workKey } from './work-keys.ts'

/** A stream says nothing of when it was made: an export since the beginning of time catches all that changed. */
const NEXT_SINCE = '1970-01-01T00:00:00.000Z'

/** Lays the segments end to end, with the manifest behind them: an archive of version 3, which the restore reads. */
export const finishConvert = async (
  attempt: Attempt,
  services: Services,
  { source }: CursorOf<'finish'>,
): Promise<ConvertEnd> => {
  const { job_id } = attempt
  const { objects, config } = services
  const { started_at, created_at } = await restoreJob(services, job_id)
  const results = await allResults(services, job_id, untyped<ConvertResult>('convert'))
  const scans = results.flatMap((result) => (result.phase === 'scan' ? [result] : []))
  const records = results.flatMap((result) => (result.phase === 'records' ? result.segments : []))
  const blobs = results.flatMap((result) => (result.phase === 'blobs' ? [result] : []))
  const models = [...new Set(scans.flatMap((scan) => scan.models))].sort(compareBytes)
  const missing = await missingBlobs(services.objects, blobs)
  const written: WrittenSegment[] = [...records, ...blobs.flatMap(({ blob_segments }) => blob_segments)]
  let end = 0
  const segments = written.map(({ summary }) => {
    const offset = end
    end += summary.size
    return toManifestSegment(summary, offset)
  })
  const manifest = encodeManifest({
    format: 'acbak',
    version: 3,
    job_id,
    created_at: started_at ?? created_at,
    source: { deployment: 'specstar', region: 'unknown' },
    scope: { models, filters: {} },
    started_at: started_at ?? created_at,
    next_since: NEXT_SINCE,
    complete: missing.length === 0,
    missing_blobs: missing,
    models: await manifestModels(services.objects, models, records, blobs),
    blobs: {
      count: blobs.reduce((sum, result) => sum + result.blobs, 0),
      bytes: blobs.reduce((sum, result) => sum + result.bytes, 0),
    },
    segments,
  })
  const composer = new Composer(objects, config.buckets.work, workKey.archive(job_id, attempt.attempt))
  try {
    for (const { object } of written) await composer.object({ object, start: 0, length: object.size })
    await composer.bytes(await encodeTail(manifest, end))
    const archive = await composer.finish()
    // Another attempt may have been first: it made the same archive.
    await services.workFiles.writeOnce(
      CONVERTED_ARCHIVE,
      { archive, source, findings: await allTold(services, scans) },
      job_id,
    )
    return { phase: 'finish' }
  } catch (error) {
    await composer.abort()
    throw error
  }
}

const allTold = async ({ objects }: Services, scans: readonly Scanned[]): Promise<Finding[]> => {
  const told: Finding[] = []
  for (const { told: list } of scans)
    if (list !== undefined && told.length < MAX_FINDINGS)
      told.push(...(JSON.parse((await objects.readBytes(list, 0, list.size)).toString()) as Finding[]))
  // A migrated revision may stand twice in a stream.
  const once = new Map(told.map((finding) => [JSON.stringify(finding), finding]))
  return [...once.values()].slice(0, MAX_FINDINGS)
}
