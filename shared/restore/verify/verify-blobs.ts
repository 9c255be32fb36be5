import pMap from 'p-map'
import type { Services } from '../../runtime/services.ts'
import type { RestoredBlob } from '../preflight/blob-list.ts'
import type { Findings } from './findings.ts'

/** Reads of the store that run beside each other: bodies are hashed as they stream. */
const PARALLEL = 8

/**
 * Checks that each blob is there with its size and SHA-256: S3's own where it keeps one, else its bytes are read.
 * Gives the place where the next pass goes on, where time was up.
 */
export const verifyBlobs = async (
  services: Services,
  list: readonly RestoredBlob[],
  first: number,
  timeIsUp: () => boolean,
  findings: Findings,
): Promise<number | undefined> => {
  let next = first
  while (next < list.length) {
    if (timeIsUp() && next > first) return next
    const batch = list.slice(next, next + 64)
    await pMap(batch, (blob) => verifyBlob(services, blob, findings), { concurrency: PARALLEL })
    next += batch.length
  }
  return undefined
}

const verifyBlob = async (
  { blobs, payloads }: Services,
  { kind, id, size, sha256, models }: RestoredBlob,
  findings: Findings,
): Promise<void> => {
  if (kind === 'blob') findings.checked('blobs')
  const stored = await (kind === 'payload' ? payloads.sha256Of(id) : blobs.sha256Of(id))
  const expected = `${size} bytes, sha256 ${sha256}`
  const actual = stored === undefined ? 'not there' : `${stored.object.size} bytes, sha256 ${stored.sha256}`
  if (actual === expected) return
  const what = `${kind} ${id} ${stored === undefined ? 'is missing' : 'has other bytes'}`
  findings.fail(kind === 'payload' ? 'content' : 'blobs', {
    model: models.join(', '),
    resource_id: '',
    what,
    expected,
    actual,
  })
}
