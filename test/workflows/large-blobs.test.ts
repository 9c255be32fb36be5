import { PutObjectCommand } from '@aws-sdk/client-s3'
import { hash, randomBytes } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { openArchive } from '../../shared/archive/open.ts'
import { readEntries, readIndex } from '../../shared/archive/segment-reader.ts'
import { EXPORT_BLOBS } from '../../shared/export/messages.ts'
import type { Stage } from '../../shared/jobs/stage.ts'
import { cancelJob } from '../../shared/lifecycle/cancel.ts'
import { hasEnded } from '../../shared/jobs/job.ts'
import { APPLY_BLOBS } from '../../shared/restore/messages/apply.ts'
import { PREFLIGHT_BLOBS } from '../../shared/restore/messages/preflight-blobs.ts'
import { VERIFY } from '../../shared/restore/messages/verify.ts'
import { memorySource } from '../archive/memory.ts'
import { stableContents, unfinishedUploads } from '../contents.ts'
import { buildBlobs, buildResource, combine, writeToStore } from './sample-store.ts'
import { startRunner } from './start-runner.ts'
import { JobFailedError } from './workflow-runner.ts'

const MIB = 1024 * 1024

/** A pass ends after each step: 5 MiB of hashing, or the parts that are created at the same time. */
const limits = { passMs: 0, watchMs: 10, largeBlobBytes: 6 * MIB, hashStepBytes: 5 * MIB, copyPartBytes: 10 * MIB }
const runner = await startRunner({ limits })
afterEach(async () => {
  await runner.freeLeases()
  await runner.wipe()
})

const writeCountries = async (flags: Readonly<Record<string, Buffer>>): Promise<void> => {
  const countries = Object.keys(flags).map((id) =>
    buildResource(runner.services.models, { model: 'country', id, payloads: [{ name: id, flag: { file_id: id } }] }),
  )
  await writeToStore(runner.clients, combine(...countries, buildBlobs(flags)))
}
const putBlob = (id: string, Body: Buffer): Promise<unknown> =>
  runner.clients.s3.send(new PutObjectCommand({ Bucket: runner.clients.config.buckets.blobs, Key: `blobs/${id}`, Body }))

/** The number of passes of a stage. */
const passes = async (jobId: string, stage: Stage<unknown>): Promise<number> =>
  (await Array.fromAsync(runner.services.jobs.results(jobId, stage))).length

/** Reads the blobs of an archive, and the number of its segments of blobs, with the reader that verifies every byte. */
const archivedBlobs = async (bytes: Buffer): Promise<{ segments: number; blobs: Record<string, string> }> => {
  const opened = await openArchive(memorySource(bytes))
  const blobs: Record<string, string> = {}
  const segments = opened.segments.filter(({ model }) => model === undefined)
  for (const segment of segments)
    for await (const { entry, content } of readEntries(opened, segment, await readIndex(opened, segment))) {
      const read = Buffer.concat(await content.toArray())
      blobs[entry.file_id ?? ''] = hash('sha256', read)
    }
  return { segments: segments.length, blobs }
}

const digests = (flags: Readonly<Record<string, Buffer>>): Record<string, string> =>
  Object.fromEntries(Object.entries(flags).map(([id, bytes]) => [id, hash('sha256', bytes)]))

describe('a blob that does not fit into one pass', () => {
  it.each([6 * MIB, 12 * MIB, 16 * MIB + 1, 33 * MIB + 777])(
    'of %i bytes is exported, checked, restored and verified in several passes',
    async (size) => {
      const flags = { small: randomBytes(1000), large: randomBytes(size), tiny: Buffer.from('x') }
      await writeCountries(flags)
      const before = stableContents(await runner.contents())
      const { job, archive } = await runner.export(['country'])
      expect(await archivedBlobs(archive)).toMatchObject({ blobs: digests(flags) })
      expect(await passes(job.job_id, EXPORT_BLOBS)).toBeGreaterThan(size / (5 * MIB))
      await runner.wipe()
      const restored = await runner.restore(archive)
      expect(restored).toMatchObject({ status: 'succeeded', result: { verification: { passed: true } } })
      expect(stableContents(await runner.contents())).toEqual(before)
      for (const stage of [PREFLIGHT_BLOBS, VERIFY])
        expect(await passes(restored.job_id, stage)).toBeGreaterThan(size / (5 * MIB))
      if (size > 30 * MIB) expect(await passes(restored.job_id, APPLY_BLOBS)).toBeGreaterThan(4)
      expect(await unfinishedUploads(runner.clients)).toEqual([])
    },
  )
})
