import { createHash, randomUUID } from 'node:crypto'
import { encodeManifest } from '../archive/manifest.ts'
import { encodeTail } from '../archive/tail.ts'
import { exportJob } from '../jobs/find-job.ts'
import type { ExportJob } from '../jobs/job.ts'
import { assembleStream } from './assemble-stream.ts'
import { assembleArchive } from './assemble-archive.ts'
import { TAIL, type Tail, workName } from './messages.ts'
import type { TailServices } from './tail-services.ts'

/**
 * Returns the tail of an archive or stream. If no attempt has stored a tail yet, creates it. All attempts must use the
 * same manifest, but each attempt would create a manifest with another `created_at`. Therefore, all attempts use the
 * tail that was stored first.
 */
export const createTail = async (services: TailServices, jobId: string): Promise<Tail> => {
  const { workFiles } = services
  const kept = await workFiles.find(TAIL, jobId)
  if (kept !== undefined) return kept
  const job = await exportJob(services, jobId)
  const attempt = randomUUID()
  const tail =
    job.request.format === 'specstar'
      ? await streamTail(services, job, attempt)
      : await archiveTail(services, job, attempt)
  return workFiles.writeOnce(TAIL, tail, jobId)
}

const streamTail = async (services: TailServices, job: ExportJob, attempt: string): Promise<Tail> => {
  const { pieces, end, summary } = await assembleStream(services, job, attempt)
  const object = await services.workFiles.writeBytes(end, job.job_id, workName.tail(attempt))
  return { object, segments: pieces, summary }
}

const archiveTail = async (services: TailServices, job: ExportJob, attempt: string): Promise<Tail> => {
  const { manifest, segments, leftOut, referred_by } = await assembleArchive(services, job)
  const encoded = encodeManifest(manifest)
  const offset = segments.reduce((sum, { size }) => sum + size, 0)
  const tail = await encodeTail(encoded, offset, leftOut)
  return {
    object: await services.workFiles.writeBytes(tail, job.job_id, workName.tail(attempt)),
    segments,
    ...(referred_by === undefined ? {} : { referred_by }),
    manifest_sha256: createHash('sha256').update(encoded).digest('hex'),
  }
}
