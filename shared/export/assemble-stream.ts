import { BlobsMissingError } from '../blobs/errors.ts'
import type { ExportJob, ExportResult } from '../jobs/job.ts'
import { allResults, untyped } from '../jobs/pass.ts'
import { listedBlobs } from '../jobs/listed-blobs.ts'
import type { PinnedObject } from '../objects/object.ts'
import { compareBytes } from '../values/text-order.ts'
import type { Services } from '../runtime/services.ts'
import { endFrame, eofFrame, headerFrame, startFrame } from '../specstar/stream-frame.ts'
import type { BlobsResult } from './blobs.ts'
import { missingBlobs } from '../compose/manifest-models.ts'
import type { RecordsResult } from './records.ts'
import { workKey } from './work-keys.ts'
import { countOf } from '../values/model-counts.ts'

/** What lies end to end in a stream, and what the job tells of it. */
export interface AssembledStream {
  /** All but the end: header, and for each model its start, records, blobs and end. */
  readonly pieces: readonly PinnedObject[]
  /** The last bytes. */
  readonly end: Buffer
  readonly told: Pick<ExportResult, 'models' | 'complete' | 'missing_blobs'>
}

/** Puts together what the workers left as pieces of SpecStar's stream. Fails under `strict` where blobs are missing. */
export const assembleStream = async (services: Services, job: ExportJob, attempt: string): Promise<AssembledStream> => {
  const records = (await allResults(services, job.job_id, untyped<RecordsResult>('export-records'))).flatMap(
    (result) => result.pieces,
  )
  const blobs = await allResults(services, job.job_id, untyped<BlobsResult>('export-blobs'))
  const missing = await missingBlobs(services.objects, blobs)
  if (missing.length > 0 && job.request.strict) throw new BlobsMissingError(missing)
  const { models } = job.request
  const pieces: PinnedObject[] = []
  const told: Record<string, ExportResult['models'][string]> = {}
  for (const [k, model] of models.entries()) {
    const before = models[k - 1]
    const border = Buffer.concat([before === undefined ? headerFrame() : endFrame(before), startFrame(model)])
    const own = records.filter((piece) => piece.model === model).sort((a, b) => compareBytes(a.first_h, b.first_h))
    const ownBlobs = blobs.flatMap((result) => result.pieces ?? []).filter((piece) => piece.model === model)
    pieces.push(
      await services.objects.put(services.config.buckets.work, workKey.border(job.job_id, attempt, k), border),
      ...[...own, ...ownBlobs].map(({ object }) => object),
    )
    told[model] = {
      resources: own.reduce((sum, { resources }) => sum + resources, 0),
      revisions: own.reduce((sum, { revisions }) => sum + revisions, 0),
      blobs: blobs.reduce((sum, result) => sum + countOf(result.models, model), 0),
    }
  }
  const last = models.at(-1)
  return {
    pieces,
    end: Buffer.concat([last === undefined ? headerFrame() : endFrame(last), eofFrame()]),
    told: {
      models: told,
      complete: missing.length === 0,
      missing_blobs: listedBlobs(missing),
    },
  }
}
