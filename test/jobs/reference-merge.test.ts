import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BlobReferenceSet, PREFIX_COUNT, readBlobReferences } from '../../shared/blobs/blob-references.ts'
import type { BlobReferenceList } from '../../shared/blobs/blob-reference-list.ts'
import { JobStore } from '../../shared/jobs/aws/job-store.ts'
import { LIMITS } from '../../shared/jobs/limits.ts'
import type { Attempt } from '../../shared/jobs/pass.ts'
import { EXPORT_MERGE, mergeLists, planLists } from '../../shared/jobs/reference-merge.ts'
import { WorkFiles } from '../../shared/jobs/work-files.ts'
import { ObjectStore } from '../../shared/objects/aws/object-store.ts'
import { ThrottledError } from '../../shared/throttling/throttled-error.ts'
import { useServices, type TestServers } from '../services.ts'

const ALL = { from: 0, to: PREFIX_COUNT }

describe('the lists of references that one pass reads', () => {
  let servers: TestServers
  let objects: ObjectStore
  let services: { readonly jobs: JobStore; readonly workFiles: WorkFiles; readonly objects: ObjectStore }
  beforeAll(async () => {
    servers = await useServices()
    objects = new ObjectStore(servers.s3)
    const { tables, buckets } = servers.config
    services = {
      jobs: new JobStore(servers.dynamo, tables.jobs),
      workFiles: new WorkFiles(objects, buckets.work),
      objects,
    }
  })
  afterAll(() => servers.stop())

  const fakeLists = (count: number, blobs = 1): BlobReferenceList[] =>
    Array.from({ length: count }, (_, k) => ({
      object: { bucket: 'work', key: `list ${k}`, size: 1, etag: 'e' },
      payloads: 0,
      blobs,
    }))
  const plan = (jobId: string, lists: readonly BlobReferenceList[], listsPerPass: number) =>
    planLists({ ...services, limits: { listsPerPass } }, jobId, EXPORT_MERGE, lists)

  it('are all lists, without the empty ones, if there are few', async () => {
    expect(await plan('few', [...fakeLists(100, 0), ...fakeLists(4)], 4)).toEqual({ lists: fakeLists(4) })
  })

  it('are merged in groups of equal size, of which there are at least 17 and at most 32', async () => {
    for (const count of [33, 34, 63, 64, 65, 96, 97, 129, 1_000, 12_417]) {
      const planned = await plan(`groups of ${count}`, fakeLists(count), LIMITS.listsPerPass)
      const merges = 'merges' in planned ? planned.merges : 0
      expect(merges, `${count}`).toBeGreaterThanOrEqual(17)
      expect(merges, `${count}`).toBeLessThanOrEqual(32)
    }
  })

  it('are the merged lists after all groups are merged', async () => {
    const lists = await writeLists('merged', 5)
    expect(await plan('merged', lists, 2)).toEqual({ merges: 2 })
    const expected = await readBlobReferences(objects, lists, ALL)
    for (const n of [0, 1]) {
      expect(await plan('merged', lists, 2)).toEqual({ merges: 2 })
      const result = await mergeLists(attemptOf('merged', n), { ...services, limits: LIMITS })
      await services.jobs.keepResult('merged', EXPORT_MERGE, n, 0, result)
    }
    const planned = await plan('merged', lists, 2)
    const merged = 'lists' in planned ? planned.lists : []
    // A list of payloads and a list of blobs for each group.
    expect(merged).toHaveLength(4)
    expect(await readBlobReferences(objects, merged, ALL)).toEqual(expected)
  })

  it('are merged in passes that end when their time is up or AWS throttles them, and then continue', async () => {
    const lists = await writeLists('passes', 3)
    expect(await plan('passes', lists, 1)).toEqual({ merges: 1 })
    const limits = { seenBlobs: 1 }
    const throttled = new ThrottledError({ service: 'S3', operation: 'GetObject' }, 1, new Error('Slow Down'))
    let reads = 0
    /** Throttles every read after the first 20. */
    class ThrottledObjects extends ObjectStore {
      override readBytes(...parameters: Parameters<ObjectStore['readBytes']>): Promise<Buffer> {
        reads += 1
        return reads > 20 ? Promise.reject(throttled) : super.readBytes(...parameters)
      }
    }
    const first = await mergeLists(attemptOf('passes', 0), {
      ...services,
      objects: new ThrottledObjects(servers.s3),
      limits,
    })
    expect(first).toMatchObject({ done: false, cursor: expect.stringMatching(/^merge\/[1-9]/v) as string })
    reads = 20
    const blocked = mergeLists(
      { ...attemptOf('passes', 0), ...cursorOf(first) },
      { ...services, objects: new ThrottledObjects(servers.s3), limits },
    )
    await expect(blocked).rejects.toBe(throttled)
    const merged = [...first.lists]
    let cursor = cursorOf(first)
    let passes = 1
    for (let done = false; !done; passes += 1) {
      const attempt = { ...attemptOf('passes', 0, `${passes}`), ...cursor, timeIsUp: () => true }
      const result = await mergeLists(attempt, { ...services, limits })
      merged.push(...result.lists)
      cursor = cursorOf(result)
      done = result.done
    }
    expect(passes).toBeGreaterThan(3)
    expect(merged.length).toBeGreaterThan(3)
    expect(await readBlobReferences(objects, merged, ALL)).toEqual(await readBlobReferences(objects, lists, ALL))
  })

  /** Writes lists with 4 references each. One blob is in all lists. */
  const writeLists = (name: string, count: number): Promise<BlobReferenceList[]> =>
    Promise.all(
      Array.from({ length: count }, (_, k) => {
        const references = new BlobReferenceSet()
        for (const id of ['shared', `a ${k}`, `b ${k}`]) references.addBlob('city', id, true, `resource ${k}`)
        references.addPayload('city', `${k}`.padStart(64, 'abc'))
        return references.write(objects, services.workFiles.bucket, `${name}/${k}`)
      }),
    )

  const attemptOf = (job_id: string, n: number, attempt = `attempt-${n}`): Attempt => ({
    job_id,
    n,
    pass: 0,
    attempt,
    timeIsUp: () => false,
    mustHandOver: (error) => error instanceof ThrottledError,
  })
})

const cursorOf = ({ cursor }: { readonly cursor?: string }): { readonly cursor?: string } =>
  cursor === undefined ? {} : { cursor }
