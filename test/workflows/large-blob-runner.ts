import { PutObjectCommand } from '@aws-sdk/client-s3'
import { hash } from 'node:crypto'
import { afterEach } from 'vitest'
import { openArchive } from '../../shared/archive/open.ts'
import { readEntries, readIndex } from '../../shared/archive/segment-reader.ts'
import type { Stage } from '../../shared/jobs/stage.ts'
import { memorySource } from '../archive/memory.ts'
import { buildBlobs, buildResource, combine, writeToStore } from './sample-store.ts'
import { startRunner } from './start-runner.ts'
import type { WorkflowRunner } from './workflow-runner.ts'

const MIB = 1024 * 1024

/**
 * The largest size of a step. The steps of an archived blob are equal, and also the parts in which it is copied. S3
 * requires 5 MiB for a part.
 */
export const STEP_BYTES = 10 * MIB
/** A pass ends after each step of hashing, or after the parts that are created at the same time. */
const limits = {
  ...{ passMs: 0, watchMs: 10 },
  ...{ largeBlobBytes: 6 * MIB, hashStepBytes: STEP_BYTES, copyPartBytes: STEP_BYTES },
}

/** Starts a runner for all tests of a file, whose jobs need several passes for a blob of 6 MiB or more. */
export const startLargeBlobRunner = async (): Promise<WorkflowRunner> => {
  const runner = await startRunner({ limits })
  afterEach(async () => {
    await runner.freeLeases()
    await runner.wipe()
  })
  return runner
}

/** Writes a country with each of these flags. */
export const writeCountries = async (
  runner: WorkflowRunner,
  flags: Readonly<Record<string, Buffer>>,
): Promise<void> => {
  const countries = Object.keys(flags).map((id) =>
    buildResource(runner.services.models, { model: 'country', id, payloads: [{ name: id, flag: { file_id: id } }] }),
  )
  await writeToStore(runner.clients, combine(...countries, buildBlobs(flags)))
}
export const putBlob = (runner: WorkflowRunner, id: string, Body: Buffer): Promise<unknown> =>
  runner.clients.s3.send(
    new PutObjectCommand({ Bucket: runner.clients.config.buckets.blobs, Key: `blobs/${id}`, Body }),
  )

/** The number of passes of a stage. */
export const passes = async (runner: WorkflowRunner, jobId: string, stage: Stage<unknown>): Promise<number> =>
  (await Array.fromAsync(runner.services.jobs.results(jobId, stage))).length

/** Reads the blobs of an archive, and the number of its segments of blobs, with the reader that verifies every byte. */
export const archivedBlobs = async (bytes: Buffer): Promise<{ segments: number; blobs: Record<string, string> }> => {
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

export const digests = (flags: Readonly<Record<string, Buffer>>): Record<string, string> =>
  Object.fromEntries(Object.entries(flags).map(([id, bytes]) => [id, hash('sha256', bytes)]))
