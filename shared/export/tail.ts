import { createHash, randomUUID } from 'node:crypto'
import { encodeManifest } from '../archive/manifest.ts'
import { encodeTail } from '../archive/tail.ts'
import { exportJob } from '../jobs/find-job.ts'
import type { ExportJob } from '../jobs/job.ts'
import { assembleStream } from './assemble-stream.ts'
import { assembleArchive } from './assemble-archive.ts'
import { TAIL, type Tail, workName } from './messages.ts'
import type { TailStores } from './tail-stores.ts'

/**
 * Creates what follows the segments of an archive or the pieces of a stream. Every attempt must use the same manifest, whose
 * `created_at` differs between attempts. Therefore, each attempt writes its own tail, and all attempts use the first one that is stored.
 */
export const createTail = async (stores: TailStores, jobId: string): Promise<Tail> => {
  const { workFiles } = stores
  const kept = await workFiles.find(TAIL, jobId)
  if (kept !== undefined) return kept
  const job = await exportJob(stores, jobId)
  const attempt = randomUUID()
  const tail =
    job.request.format === 'specstar' ? await streamTail(stores, job, attempt) : await archiveTail(stores, job, attempt)
  return workFiles.writeOnce(TAIL, tail, jobId)
}

const streamTail = async (stores: TailStores, job: ExportJob, attempt: string): Promise<Tail> => {
  const { pieces, end, summary } = await assembleStream(stores, job, attempt)
  const object = await stores.workFiles.writeBytes(end, job.job_id, workName.tail(attempt))
  return { object, segments: pieces, summary }
}

const archiveTail = async (stores: TailStores, job: ExportJob, attempt: string): Promise<Tail> => {
  const { manifest, segments } = await assembleArchive(stores, job)
  const encoded = encodeManifest(manifest)
  const offset = segments.reduce((sum, { size }) => sum + size, 0)
  return {
    object: await stores.workFiles.writeBytes(await encodeTail(encoded, offset), job.job_id, workName.tail(attempt)),
    segments,
    manifest_sha256: createHash('sha256').update(encoded).digest('hex'),
  }
}
