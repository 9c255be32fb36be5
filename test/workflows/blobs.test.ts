import { createHash } from 'node:crypto'
import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { readIndex } from '../../shared/archive/segment-reader.ts'
import { openArchive } from '../../shared/archive/open.ts'
import type { Report } from '../../shared/restore/report/make-report.ts'
import type { RestoreJob } from '../../shared/jobs/job.ts'
import { memorySource } from '../archive/memory.ts'
import { lasting } from '../contents.ts'
import { blobs, fill, smallWorld, worldWith, joinWorlds, type World } from './small-world.ts'
import { JobFailed, StagedWorkflows } from './staged.ts'

let staged: StagedWorkflows
let world: World
beforeAll(async () => {
  staged = await StagedWorkflows.start()
  world = smallWorld(staged.services.models)
})
afterAll(() => staged.stop())
beforeEach(() => fill(staged.outside, world))
afterEach(() => staged.wipe())

const MODELS = ['city', 'country', 'memo']
const object = (id: string): { Bucket: string; Key: string } => ({
  Bucket: staged.outside.config.buckets.blobs,
  Key: `blobs/${id}`,
})
const put = (id: string, Body: string | Buffer): Promise<unknown> =>
  staged.outside.s3.send(new PutObjectCommand({ ...object(id), Body }))
const remove = (id: string): Promise<unknown> => staged.outside.s3.send(new DeleteObjectCommand(object(id)))
const bytesOf = async (id: string): Promise<string | undefined> => {
  const base64 = (await staged.contents()).objects.get(`blobs/${id}`)
  return base64 === undefined ? undefined : Buffer.from(base64, 'base64').toString()
}
const reportOf = async (job: RestoreJob): Promise<Report | undefined> =>
  staged.services.objects.getJson<Report>(job.result?.report?.bucket ?? '', job.result?.report?.key ?? '')

/** File ids of all blob entries of an archive, in its order. */
const archivedBlobs = async (bytes: Buffer): Promise<string[]> => {
  const opened = await openArchive(memorySource(bytes))
  const ids: string[] = []
  for (const segment of opened.segments)
    for (const { kind, file_id = '' } of await readIndex(opened, segment)) if (kind === 'blob') ids.push(file_id)
  return ids
}

describe('a blob whose id has other bytes in the target', () => {
  it('is replaced under overwrite', async () => {
    const { archive } = await staged.export(MODELS)
    const before = lasting(await staged.contents())
    await put('flag-n', 'someone else’s')
    const job = await staged.restore(archive)
    expect(job).toMatchObject({ status: 'succeeded', result: { blob_conflicts: { count: 0, ids: [] } } })
    expect(lasting(await staged.contents())).toEqual(before)
  })

  it('keeps the bytes of the target under skip: the resource is loaded, the id is listed, and the job ends partial', async () => {
    const { archive } = await staged.export(MODELS)
    await staged.wipe()
    await put('flag-n', 'someone else’s')
    const job = await staged.restore(archive, { on_duplicate: 'skip' })
    expect(job).toMatchObject({
      status: 'partial',
      result: {
        models: { city: { loaded: 6, skipped: 0 }, country: { loaded: 2, skipped: 0 } },
        blob_conflicts: { count: 1, ids: ['flag-n'] },
        verification: { passed: true },
      },
    })
    expect(await reportOf(job)).toMatchObject({ passed: true, blob_conflicts: ['flag-n'] })
    expect(await bytesOf('flag-n')).toBe('someone else’s')
    expect(await bytesOf('flag-s')).toBe('south')
  })

  it('is a duplicate under raise_error, so that nothing is written', async () => {
    const { archive } = await staged.export(MODELS)
    await staged.wipe()
    await put('flag-n', 'someone else’s')
    const before = await staged.contents()
    const job = await staged.restore(archive, { on_duplicate: 'raise_error' })
    expect(job).toMatchObject({
      status: 'failed',
      error: { type: 'duplicates', duplicates: { count: 1, ids: ['blob flag-n'] } },
    })
    expect(await staged.contents()).toEqual(before)
  })

  it('is no duplicate if the bytes are the same', async () => {
    const { archive } = await staged.export(MODELS)
    await staged.removeItems(...world.items)
    const job = await staged.restore(archive, { on_duplicate: 'raise_error' })
    expect(job).toMatchObject({ status: 'succeeded', result: { blob_conflicts: { count: 0 } } })
  })

  it('is neither compared nor written if only skipped resources refer to it', async () => {
    const { archive } = await staged.export(MODELS)
    await put('flag-n', 'someone else’s')
    await remove('arms-d')
    const before = await staged.contents()
    const job = await staged.restore(archive, { on_duplicate: 'skip' })
    expect(job).toMatchObject({
      status: 'succeeded',
      result: { models: { city: { loaded: 0, skipped: 6 } }, blob_conflicts: { count: 0 } },
    })
    expect(await staged.contents()).toEqual(before)
  })
})

describe('a blob that another writer creates after preflight', () => {
  const MIB = 1024 * 1024
  const large = Buffer.alloc(17 * MIB, 'ours ')
  /** Exports countries and a document with a blob that S3 copies, and wipes the store. */
  const archived = async (): Promise<Buffer> => {
    await fill(
      staged.outside,
      joinWorlds(
        worldWith(staged.services.models, {
          model: 'doc',
          id: 'heavy',
          payloads: [{ title: 'x', names: [{ file_id: 'large', size: large.length }] }],
        }),
        blobs({ large }),
      ),
    )
    const { archive } = await staged.export(['country', 'doc'])
    await staged.wipe()
    return archive
  }
  const writeBlobs = async (): Promise<void> => {
    await put('flag-n', 'someone else’s')
    await put('flag-s', 'south')
    await put('large', 'someone else’s')
  }

  it('stays under skip if its bytes differ: it is listed, and the job ends partial', async () => {
    const archive = await archived()
    staged.before('apply-blobs', writeBlobs)
    const job = await staged.restore(archive, { on_duplicate: 'skip' })
    expect(job).toMatchObject({
      status: 'partial',
      result: { blob_conflicts: { count: 2 }, verification: { passed: true }, models: { country: { loaded: 2 } } },
    })
    expect((await reportOf(job))?.blob_conflicts.toSorted()).toEqual(['flag-n', 'large'])
    expect(await bytesOf('flag-n')).toBe('someone else’s')
    expect(await bytesOf('flag-s')).toBe('south')
    expect(await bytesOf('large')).toBe('someone else’s')
  })

  it.each(['flag-n', 'large'])('is a conflict under raise_error and stays: %s', async (id) => {
    const archive = await archived()
    staged.before('apply-blobs', () => put(id, 'someone else’s').then(() => undefined))
    const job = await staged.restore(archive, { on_duplicate: 'raise_error' })
    expect(job).toMatchObject({ status: 'failed', error: { type: 'conflict', id } })
    expect(await bytesOf(id)).toBe('someone else’s')
    expect((await staged.contents()).items.size).toBe(0)
    await staged.settle()
  })

  it('is replaced under overwrite', async () => {
    const archive = await archived()
    staged.before('apply-blobs', writeBlobs)
    expect(await staged.restore(archive)).toMatchObject({ status: 'succeeded' })
    expect(await bytesOf('flag-n')).toBe('north')
    expect(await bytesOf('large')).toBe(large.toString())
  })
})

describe('a blob that is missing from the store', () => {
  const failure = async (): Promise<unknown> => {
    try {
      await staged.export(MODELS)
    } catch (error) {
      return error instanceof JobFailed ? error.error : error
    }
    return undefined
  }

  it('fails a strict export, whose error names it', async () => {
    await remove('flag-n')
    await remove('arms-d')
    expect(await failure()).toMatchObject({
      type: 'blobs-missing',
      status: 409,
      missing_blobs: { count: 2, ids: ['arms-d', 'flag-n'] },
    })
  })

  it('is omitted from an export that is not strict; the export and its restore end partial', async () => {
    await remove('flag-n')
    const { job, archive } = await staged.export(MODELS, {}, false)
    expect(job).toMatchObject({
      status: 'partial',
      result: { complete: false, missing_blobs: { count: 1, ids: ['flag-n'] }, models: { country: { blobs: 1 } } },
    })
    const { manifest } = await openArchive(memorySource(archive))
    expect(manifest).toMatchObject({ complete: false, missing_blobs: ['flag-n'], blobs: { count: 2 } })
    const before = lasting(await staged.contents())
    await staged.wipe()
    const restored = await staged.restore(archive)
    expect(restored).toMatchObject({
      status: 'partial',
      result: {
        models: { country: { loaded: 2 }, city: { loaded: 6 } },
        missing_blobs: { count: 1, ids: ['flag-n'] },
        verification: { passed: true },
      },
    })
    expect(await reportOf(restored)).toMatchObject({ missing_blobs: ['flag-n'] })
    expect(lasting(await staged.contents())).toEqual(before)
  })

  it('does not affect a restore of resources that do not refer to it', async () => {
    await remove('flag-n')
    const { archive } = await staged.export(MODELS, {}, false)
    await staged.wipe()
    const memos = await staged.restore(archive, { models: ['memo'] })
    expect(memos).toMatchObject({ status: 'succeeded', result: { missing_blobs: { count: 0 } } })
    const one = await staged.restore(archive, { models: ['city'], filters: { ids: ['d'] } })
    expect(one).toMatchObject({ status: 'succeeded', result: { missing_blobs: { count: 0 } } })
    expect(await bytesOf('arms-d')).toBe('a lion')
  })

  it('counts as missing if its bytes do not match the SHA-256 in its metadata', async () => {
    await staged.outside.s3.send(
      new PutObjectCommand({ ...object('flag-n'), Body: 'damaged', Metadata: { sha256: 'ab'.repeat(32), size: '7' } }),
    )
    expect(await failure()).toMatchObject({ type: 'blobs-missing', missing_blobs: { count: 1, ids: ['flag-n'] } })
  })
})

describe('the blobs of an archive', () => {
  it('are stored once, however many resources and models refer to them', async () => {
    const { archive } = await staged.export(MODELS)
    expect((await archivedBlobs(archive)).sort()).toEqual(['arms-d', 'flag-n', 'flag-s'])
    const { manifest } = await openArchive(memorySource(archive))
    expect(manifest.models).toMatchObject({ country: { blobs: 2 }, city: { blobs: 2 }, memo: { blobs: 0 } })
    expect(manifest.blobs).toEqual({ count: 3, bytes: 5 + 5 + 6 })
  })

  it('can be empty, slightly smaller than, exactly, and larger than the 16 MiB from which S3 copies them', async () => {
    const of = (size: number, fill: string): Buffer => Buffer.alloc(size, fill)
    const MIB = 1024 * 1024
    const contents = {
      none: of(0, ''),
      under: of(16 * MIB - 1, 'under '),
      exactly: of(16 * MIB, 'exactly '),
      over: of(17 * MIB + 3, 'over and over '),
    }
    const names = Object.entries(contents).map(([file_id, { length: size }]) => ({ file_id, size }))
    await fill(
      staged.outside,
      joinWorlds(
        worldWith(staged.services.models, { model: 'doc', id: 'heavy', payloads: [{ title: 'x', names }] }),
        blobs(contents),
      ),
    )
    const sums = async (): Promise<Record<string, string>> =>
      Object.fromEntries(
        [...(await staged.contents()).objects].map(([key, base64]) => [
          key,
          createHash('sha256').update(base64).digest('hex'),
        ]),
      )
    const before = await sums()
    const { archive, job } = await staged.export(['doc'])
    expect(job.result?.models).toMatchObject({ doc: { resources: 1, blobs: 4 } })
    await staged.wipe()
    const restored = await staged.restore(archive)
    expect(restored).toMatchObject({ status: 'succeeded', result: { verification: { passed: true } } })
    const wanted = Object.keys(contents).map((id) => `blobs/${id}`)
    expect(await sums()).toEqual(Object.fromEntries(wanted.map((key) => [key, before[key]])))
    // The second restore replaces other bytes of the same size by copying.
    await put('over', of(17 * MIB + 3, 'something else'))
    expect(await staged.restore(archive)).toMatchObject({ status: 'succeeded' })
    expect((await sums())['blobs/over']).toBe(before['blobs/over'])
  })
})
