import { missingError, readMissingBlobs } from '../compose/missing-blobs.ts'
import type { ExportSummary } from '../jobs/export-result.ts'
import type { ExportJob } from '../jobs/job.ts'
import { listedMissingBlobs } from '../jobs/listed-blobs.ts'
import { allResults } from '../jobs/pass.ts'
import type { PinnedObject } from '../objects/object.ts'
import { modelEndFrame, eofFrame, headerFrame, modelStartFrame } from '../specstar/stream-frame.ts'
import { countOf } from '../values/model-counts.ts'
import { compareBytes } from '../values/text-order.ts'
import { listedResources } from '../jobs/listed-resources.ts'
import { readLeftOut } from './left-out.ts'
import { EXPORT_BLOBS, EXPORT_RECORDS, workName } from './messages.ts'
import { allOmitted } from './omitted-data.ts'
import type { TailServices } from './tail-services.ts'

/** The objects and bytes that make up a stream, and its summary for the job's result. */
interface AssembledStream {
  /**
   * The stream without its end. The pieces contain the header and, for each model, the start of its section, its
   * records and its blobs. The end of a section and the start of the next section are in the same piece.
   */
  readonly pieces: readonly PinnedObject[]
  /** The end of the last section, and the end of the stream. */
  readonly end: Buffer
  readonly summary: ExportSummary
}

/**
 * Returns the pieces of SpecStar's stream from the results of all passes. Writes the additional pieces that contain the
 * starts and ends of sections. Throws `BlobsMissingError` if blobs are missing and the export is strict.
 */
export const assembleStream = async (
  services: Pick<TailServices, 'jobs' | 'workFiles'>,
  job: ExportJob,
  attempt: string,
): Promise<AssembledStream> => {
  const { workFiles } = services
  const recordsResults = await allResults(services, job.job_id, EXPORT_RECORDS)
  const records = recordsResults.flatMap((result) => result.pieces)
  const blobs = await allResults(services, job.job_id, EXPORT_BLOBS)
  const leftOut = await readLeftOut(workFiles, recordsResults)
  const missing = await readMissingBlobs(workFiles, blobs)
  if (missing.length > 0 && job.request.strict) throw missingError(missing)
  const { models } = job.request
  const pieces: PinnedObject[] = []
  const counts: Record<string, ExportSummary['models'][string]> = {}
  for (const [index, model] of models.entries()) {
    const before = models[index - 1]
    const frames = Buffer.concat([before === undefined ? headerFrame() : modelEndFrame(before), modelStartFrame(model)])
    const modelRecords = records
      .filter((piece) => piece.model === model)
      .sort((a, b) => compareBytes(a.first_h, b.first_h))
    const modelBlobs = blobs.flatMap((result) => result.pieces ?? []).filter((piece) => piece.model === model)
    pieces.push(
      await workFiles.writeBytes(frames, job.job_id, workName.sectionStart(attempt, index)),
      ...[...modelRecords, ...modelBlobs].map(({ object }) => object),
    )
    counts[model] = {
      resources: modelRecords.reduce((sum, { resources }) => sum + resources, 0),
      revisions: modelRecords.reduce((sum, { revisions }) => sum + revisions, 0),
      blobs: blobs.reduce((sum, result) => sum + countOf(result.models, model), 0),
    }
  }
  const omitted = allOmitted([...recordsResults, ...blobs])
  const last = models.at(-1)
  return {
    pieces,
    end: Buffer.concat([last === undefined ? headerFrame() : modelEndFrame(last), eofFrame()]),
    summary: {
      models: counts,
      complete: missing.length === 0 && leftOut.length === 0 && omitted === undefined,
      missing_blobs: listedMissingBlobs(missing),
      ...(leftOut.length === 0 ? {} : { left_out: listedResources(leftOut) }),
      ...(omitted === undefined ? {} : { omitted }),
    },
  }
}
