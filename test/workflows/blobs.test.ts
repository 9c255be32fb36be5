import { createHash } from 'node:crypto'
import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readIndex } from '../../shared/archive/segment-reader.ts'
import { MISSING_BLOBS_HINT } from '../../shared/blobs/errors.ts'
import { openArchive } from '../../shared/archive/open.ts'
import { memorySource } from '../archive/memory.ts'
import { stableContents } from '../contents.ts'
import { buildBlobs, writeToStore, sampleStore, buildResource, combine } from './sample-store.ts'
import { JobFailedError } from './workflow-runner.ts'
import { startRunner } from './start-runner.ts'

const runner = await startRunner()
const sample = sampleStore(runner.services.models)
beforeEach(() => writeToStore(runner.clients, sample))
afterEach(() => runner.wipe())

const MODELS = ['city', 'country', 'memo']
const locationOf = (id: string): { Bucket: string; Key: string } => ({
  Bucket: runner.clients.config.buckets.blobs,
  Key: `blobs/${id}`,
})
const putBlob = (id: string, Body: string | Buffer): Promise<unknown> =>
  runner.clients.s3.send(new PutObjectCommand({ ...locationOf(id), Body }))
const removeBlob = (id: string): Promise<unknown> => runner.clients.s3.send(new DeleteObjectCommand(locationOf(id)))
const readBlob = async (id: string): Promise<string | undefined> => {
  const base64 = (await runner.contents()).objects.get(`blobs/${id}`)
  return base64 === undefined ? undefined : Buffer.from(base64, 'base64').toString()
}

/** The file ids of all blob entries of an archive, in the order of the entries. */
const archivedBlobs = async (bytes: Buffer): Promise<string[]> => {
  const opened = await openArchive(memorySource(bytes))
  const ids: string[] = []
  for (const segment of opened.segments)
    for (const { kind, file_id = '' } of await readIndex(opened, segment)) if (kind === 'blob') ids.push(file_id)
  return ids
}

describe('a blob id that already exists in the target', () => {
  it('gets the archived content under overwrite', async () => {
    const { archive } = await runner.export(MODELS)
    const before = stableContents(await runner.contents())
    await putBlob('flag-n', 'other content')
    const job = await runner.restore(archive)
    expect(job).toMatchObject({ status: 'succeeded', result: { blob_conflicts: { count: 0, ids: [] } } })
    expect(stableContents(await runner.contents())).toEqual(before)
  })

  it('keeps different content under skip; the resources are restored, the id is listed, and the job ends as partial', async () => {
    const { archive } = await runner.export(MODELS)
    await runner.wipe()
    await putBlob('flag-n', 'other content')
    expect(await runner.restore(archive, { on_duplicate: 'skip', dry_run: true })).toMatchObject({
      status: 'partial',
      result: { dry_run: { blobs: { changed: 1 } }, blob_conflicts: { count: 1, ids: ['flag-n'] } },
    })
    const job = await runner.restore(archive, { on_duplicate: 'skip' })
    expect(job).toMatchObject({
      status: 'partial',
      result: {
        models: { city: { loaded: 6, skipped: 0 }, country: { loaded: 2, skipped: 0 } },
        blob_conflicts: { count: 1, ids: ['flag-n'] },
        verification: { passed: true },
      },
    })
    expect(await runner.readReport(job)).toMatchObject({ passed: true, blob_conflicts: ['flag-n'] })
    expect(await readBlob('flag-n')).toBe('other content')
    expect(await readBlob('flag-s')).toBe('south')
  })

  it('is a duplicate under raise_error if its content differs, and nothing is written', async () => {
    const { archive } = await runner.export(MODELS)
    await runner.wipe()
    await putBlob('flag-n', 'other content')
    const before = await runner.contents()
    const job = await runner.restore(archive, { on_duplicate: 'raise_error' })
    expect(job).toMatchObject({
      status: 'failed',
      error: { type: 'duplicates', duplicates: { count: 1, ids: ['blob flag-n'] } },
    })
    expect(await runner.contents()).toEqual(before)
  })

  it('is not a duplicate if its content is equal', async () => {
    const { archive } = await runner.export(MODELS)
    await runner.removeItems(...sample.items)
    const job = await runner.restore(archive, { on_duplicate: 'raise_error' })
    expect(job).toMatchObject({ status: 'succeeded', result: { blob_conflicts: { count: 0 } } })
  })

  it('is neither compared nor written if only skipped resources refer to it', async () => {
    const { archive } = await runner.export(MODELS)
    await putBlob('flag-n', 'other content')
    await removeBlob('arms-d')
    const before = await runner.contents()
    const job = await runner.restore(archive, { on_duplicate: 'skip' })
    expect(job).toMatchObject({
      status: 'succeeded',
      result: { models: { city: { loaded: 0, skipped: 6 } }, blob_conflicts: { count: 0 } },
    })
    expect(await runner.contents()).toEqual(before)
  })
})

describe('a blob that another writer creates after preflight', () => {
  const MIB = 1024 * 1024
  const large = Buffer.alloc(17 * MIB, 'ours ')
  /** Exports countries and a document with a blob that S3 copies, and wipes the store. */
  const exportAndWipe = async (): Promise<Buffer> => {
    await writeToStore(
      runner.clients,
      combine(
        buildResource(runner.services.models, {
          model: 'doc',
          id: 'heavy',
          payloads: [{ title: 'x', names: [{ file_id: 'large', size: large.length }] }],
        }),
        buildBlobs({ large }),
      ),
    )
    const { archive } = await runner.export(['country', 'doc'])
    await runner.wipe()
    return archive
  }
  const writeBlobs = async (): Promise<void> => {
    await putBlob('flag-n', 'other content')
    await putBlob('flag-s', 'south')
    await putBlob('large', 'other content')
  }

  it('is kept under skip if its bytes differ: it is listed, and the job ends as partial', async () => {
    const archive = await exportAndWipe()
    runner.beforeStage('apply-blobs', writeBlobs)
    const job = await runner.restore(archive, { on_duplicate: 'skip' })
    expect(job).toMatchObject({
      status: 'partial',
      result: { blob_conflicts: { count: 2 }, verification: { passed: true }, models: { country: { loaded: 2 } } },
    })
    expect((await runner.readReport(job))?.blob_conflicts.toSorted()).toEqual(['flag-n', 'large'])
    expect(await readBlob('flag-n')).toBe('other content')
    expect(await readBlob('flag-s')).toBe('south')
    expect(await readBlob('large')).toBe('other content')
  })

  it.each(['flag-n', 'large'])('is a conflict under raise_error and is kept: %s', async (id) => {
    const archive = await exportAndWipe()
    runner.beforeStage('apply-blobs', () => putBlob(id, 'other content').then(() => undefined))
    const job = await runner.restore(archive, { on_duplicate: 'raise_error' })
    expect(job).toMatchObject({ status: 'failed', error: { type: 'conflict', id } })
    expect(await readBlob(id)).toBe('other content')
    expect((await runner.contents()).items.size).toBe(0)
    await runner.freeLeases()
  })

  it('is overwritten under overwrite', async () => {
    const archive = await exportAndWipe()
    runner.beforeStage('apply-blobs', writeBlobs)
    expect(await runner.restore(archive)).toMatchObject({ status: 'succeeded' })
    expect(await readBlob('flag-n')).toBe('north')
    expect(await readBlob('large')).toBe(large.toString())
  })
})

describe('a blob that is missing from the store', () => {
  const FLAG_REFERRERS = [
    { model: 'city', resource_id: 'a' },
    { model: 'country', resource_id: 'north' },
  ]
  const failure = async (): Promise<unknown> => {
    try {
      await runner.export(MODELS)
    } catch (error) {
      return error instanceof JobFailedError ? error.error : error
    }
    return undefined
  }

  it('makes a strict export fail with an error that names the blob', async () => {
    await removeBlob('flag-n')
    await removeBlob('arms-d')
    expect(await failure()).toMatchObject({
      type: 'blobs-missing',
      status: 409,
      missing_blobs: {
        count: 2,
        ids: ['arms-d', 'flag-n'],
        referred_by: [
          { id: 'arms-d', resources: [{ model: 'city', resource_id: 'd' }] },
          { id: 'flag-n', resources: FLAG_REFERRERS },
        ],
      },
      detail: expect.stringContaining('arms-d (model city, resource "d")') as string,
    })
  })

  it('is omitted from an export that is not strict; the export and its restore end as partial', async () => {
    await removeBlob('flag-n')
    const { job, archive } = await runner.export(MODELS, {}, false)
    const referred_by = [{ id: 'flag-n', resources: FLAG_REFERRERS }]
    expect(job).toMatchObject({
      status: 'partial',
      result: {
        complete: false,
        missing_blobs: { count: 1, ids: ['flag-n'], referred_by },
        models: { country: { blobs: 1 } },
      },
    })
    const { manifest } = await openArchive(memorySource(archive))
    expect(manifest).toMatchObject({ complete: false, missing_blobs: ['flag-n'], blobs: { count: 2 } })
    const before = stableContents(await runner.contents())
    await runner.wipe()
    const restored = await runner.restore(archive)
    expect(restored).toMatchObject({
      status: 'partial',
      result: {
        models: { country: { loaded: 2 }, city: { loaded: 6 } },
        missing_blobs: { count: 1, ids: ['flag-n'], referred_by },
        verification: { passed: true },
      },
    })
    expect(await runner.readReport(restored)).toMatchObject({
      missing_blobs: ['flag-n'],
      missing_blobs_referred_by: referred_by,
      missing_blobs_hint: MISSING_BLOBS_HINT,
    })
    expect(stableContents(await runner.contents())).toEqual(before)
  })

  it('does not affect a restore of resources that do not refer to it', async () => {
    await removeBlob('flag-n')
    const { archive } = await runner.export(MODELS, {}, false)
    await runner.wipe()
    const memos = await runner.restore(archive, { models: ['memo'] })
    expect(memos).toMatchObject({ status: 'succeeded', result: { missing_blobs: { count: 0 } } })
    const one = await runner.restore(archive, { models: ['city'], filters: { ids: ['d'] } })
    expect(one).toMatchObject({ status: 'succeeded', result: { missing_blobs: { count: 0 } } })
    expect(await readBlob('arms-d')).toBe('a lion')
  })

  it('counts as missing if its bytes do not match the SHA-256 in its metadata', async () => {
    await runner.clients.s3.send(
      new PutObjectCommand({
        ...locationOf('flag-n'),
        Body: 'damaged',
        Metadata: { sha256: 'ab'.repeat(32), size: '7' },
      }),
    )
    expect(await failure()).toMatchObject({ type: 'blobs-missing', missing_blobs: { count: 1, ids: ['flag-n'] } })
  })
})

describe('the blobs of an archive', () => {
  it('are stored once, for any number of resources and models that refer to them', async () => {
    const { archive } = await runner.export(MODELS)
    expect((await archivedBlobs(archive)).sort()).toEqual(['arms-d', 'flag-n', 'flag-s'])
    const { manifest } = await openArchive(memorySource(archive))
    expect(manifest.models).toMatchObject({ country: { blobs: 2 }, city: { blobs: 2 }, memo: { blobs: 0 } })
    expect(manifest.blobs).toEqual({ count: 3, bytes: 5 + 5 + 6 })
  })

  it('can be empty, or have slightly less than, exactly or more than the 16 MiB from which S3 copies them', async () => {
    const content = (size: number, fill: string): Buffer => Buffer.alloc(size, fill)
    const MIB = 1024 * 1024
    const contents = {
      none: content(0, ''),
      under: content(16 * MIB - 1, 'under '),
      exactly: content(16 * MIB, 'exactly '),
      over: content(17 * MIB + 3, 'over and over '),
    }
    const names = Object.entries(contents).map(([file_id, { length: size }]) => ({ file_id, size }))
    await writeToStore(
      runner.clients,
      combine(
        buildResource(runner.services.models, { model: 'doc', id: 'heavy', payloads: [{ title: 'x', names }] }),
        buildBlobs(contents),
      ),
    )
    const checksums = async (): Promise<Record<string, string>> =>
      Object.fromEntries(
        [...(await runner.contents()).objects].map(([key, base64]) => [
          key,
          createHash('sha256').update(base64).digest('hex'),
        ]),
      )
    const before = await checksums()
    const { archive, job } = await runner.export(['doc'])
    expect(job.result?.models).toMatchObject({ doc: { resources: 1, blobs: 4 } })
    await runner.wipe()
    const restored = await runner.restore(archive)
    expect(restored).toMatchObject({ status: 'succeeded', result: { verification: { passed: true } } })
    const wanted = Object.keys(contents).map((id) => `blobs/${id}`)
    expect(await checksums()).toEqual(Object.fromEntries(wanted.map((key) => [key, before[key]])))
    // The second restore replaces other bytes of the same size by copying.
    await putBlob('over', content(17 * MIB + 3, 'something else'))
    expect(await runner.restore(archive)).toMatchObject({ status: 'succeeded' })
    expect((await checksums())['blobs/over']).toBe(before['blobs/over'])
  })
})
