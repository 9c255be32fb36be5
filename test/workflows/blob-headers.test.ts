import { HeadObjectCommand, PutObjectCommand, type PutObjectCommandInput } from '@aws-sdk/client-s3'
import { hash } from 'node:crypto'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openArchive } from '../../shared/archive/open.ts'
import { readIndex } from '../../shared/archive/segment-reader.ts'
import type { RestoreJob } from '../../shared/jobs/job.ts'
import type { RestoreRequest } from '../../shared/jobs/job-request.ts'
import { memorySource } from '../archive/memory.ts'
import { buildStream } from '../specstar/build-stream.ts'
import { buildResource, type StoreData, writeToStore } from './sample-store.ts'
import { JobFailedError } from './workflow-runner.ts'
import { startRunner } from './start-runner.ts'

const HEADERS = {
  ContentType: 'text/css',
  CacheControl: 'max-age=60',
  ContentDisposition: 'attachment; filename="a b.css"',
  ContentEncoding: 'gzip',
  ContentLanguage: 'de',
  Expires: new Date('2030-01-02T03:04:05Z'),
  Metadata: { owner: 'anna', title: '=?UTF-8?B?Wm/Dqw==?=', type: '100% cotton' },
}
const SMALL = Buffer.from('body{}')
const LARGE = Buffer.alloc(17 * 1024 * 1024, 'large ')

// With this limit, each pass of the blob stages ends after one blob with headers.
const runner = await startRunner({ limits: { indexBytes: 100 } })
afterEach(async () => {
  await runner.freeLeases()
  await runner.wipe()
})

/** One resource that refers to these blobs. */
const docWith = (...blobs: readonly string[]): StoreData => {
  const names = blobs.map((file_id) => ({ file_id }))
  return buildResource(runner.services.models, { model: 'doc', id: 'one', payloads: [{ title: 'x', names }] })
}

type Properties = Partial<Omit<PutObjectCommandInput, 'Bucket' | 'Key' | 'Body'>>
const objectOf = (id: string): { Bucket: string; Key: string } => ({
  Bucket: runner.clients.config.buckets.blobs,
  Key: `blobs/${id}`,
})
const putBlob = (id: string, Body: Buffer, properties: Properties = {}): Promise<unknown> =>
  runner.clients.s3.send(new PutObjectCommand({ ...objectOf(id), Body, ...properties }))

/** The headers of a stored blob, and its user metadata without the entries that this program adds. */
const headersOf = async (id: string): Promise<object> => {
  const head = await runner.clients.s3.send(new HeadObjectCommand(objectOf(id)))
  const { ContentType, CacheControl, ContentDisposition, ContentEncoding, ContentLanguage, ExpiresString } = head
  const Metadata = Object.fromEntries(
    Object.entries(head.Metadata ?? {}).filter(([name]) => name !== 'sha256' && name !== 'size'),
  )
  return { ContentType, CacheControl, ContentDisposition, ContentEncoding, ContentLanguage, ExpiresString, Metadata }
}
const allHeaders = async (): Promise<readonly object[]> => Promise.all(['small', 'large', 'bare'].map(headersOf))

describe('the headers and user metadata of a blob', () => {
  const fillStore = async (): Promise<void> => {
    await writeToStore(runner.clients, docWith('small', 'large', 'bare'))
    await putBlob('small', SMALL, HEADERS)
    await putBlob('large', LARGE, HEADERS)
    await putBlob('bare', Buffer.from('bare'))
  }
  let archive: Buffer
  let before: readonly object[]
  beforeAll(async () => {
    await fillStore()
    before = await allHeaders()
    archive = (await runner.export(['doc'])).archive
  })
  beforeEach(fillStore)

  const restore = (
    on_duplicate: RestoreRequest['on_duplicate'],
    more: Partial<RestoreRequest> = {},
  ): Promise<RestoreJob> => runner.restore(archive, { on_duplicate, ...more })
  /** Removes the resource, so that the restore does not skip it. The blobs stay. */
  const removeResource = (): Promise<void> => runner.removeItems(...docWith('small', 'large', 'bare').items)

  it.each(['overwrite', 'skip', 'raise_error'] as const)(
    'are restored into an empty store under %s',
    async (strategy) => {
      expect(before[0]).toEqual({
        ...HEADERS,
        Expires: undefined,
        ExpiresString: 'Wed, 02 Jan 2030 03:04:05 GMT',
      })
      await runner.wipe()
      expect(await restore(strategy)).toMatchObject({
        status: 'succeeded',
        result: { verification: { passed: true, checks: { blobs: { checked: 3 } } } },
      })
      expect(await allHeaders()).toEqual(before)
      expect((await runner.export(['doc'])).job.result?.models).toMatchObject({ doc: { blobs: 3 } })
    },
  )

  it('are in the index of the archive; the index also lists a blob without headers', async () => {
    const opened = await openArchive(memorySource(archive))
    const lines = new Map<string, object>()
    for (const segment of opened.segments)
      for (const { file_id, content_type, headers, user_metadata } of await readIndex(opened, segment))
        if (file_id !== undefined) lines.set(file_id, { content_type, headers, user_metadata })
    const full = {
      content_type: 'text/css',
      headers: {
        cache_control: 'max-age=60',
        content_disposition: 'attachment; filename="a b.css"',
        content_encoding: 'gzip',
        content_language: 'de',
        expires: 'Wed, 02 Jan 2030 03:04:05 GMT',
      },
      user_metadata: HEADERS.Metadata,
    }
    expect(Object.fromEntries(lines)).toEqual({
      small: full,
      large: full,
      bare: { content_type: 'application/octet-stream', headers: {}, user_metadata: undefined },
    })
  })

  const CHANGES: readonly [string, string, Buffer, Properties][] = [
    ['another header', 'small', SMALL, { ...HEADERS, CacheControl: 'no-store' }],
    ['a missing header', 'large', LARGE, { ...HEADERS, ContentEncoding: undefined }],
    ['an additional header', 'bare', Buffer.from('bare'), { ContentLanguage: 'de' }],
    ['another content type', 'bare', Buffer.from('bare'), { ContentType: 'text/plain' }],
    ['other user metadata', 'small', SMALL, { ...HEADERS, Metadata: { ...HEADERS.Metadata, owner: 'bob' } }],
    ['no user metadata', 'small', SMALL, { ...HEADERS, Metadata: {} }],
  ]

  it.each(CHANGES)('are written again under overwrite if the store has %s', async (_, id, bytes, properties) => {
    await putBlob(id, bytes, properties)
    expect(await restore('overwrite', { dry_run: true })).toMatchObject({
      result: {
        dry_run: {
          blobs: { new: 0, changed: 1, same: 2 },
          findings: [{ model: 'doc', what: `blob ${id} has other headers` }],
        },
      },
    })
    expect(await restore('overwrite')).toMatchObject({ status: 'succeeded' })
    expect(await allHeaders()).toEqual(before)
  })

  it('are kept under skip if they differ: the blob is listed, and the job ends as partial', async () => {
    await removeResource()
    await putBlob('small', SMALL, { ...HEADERS, CacheControl: 'no-store' })
    const changed = await allHeaders()
    expect(await restore('skip')).toMatchObject({
      status: 'partial',
      result: { blob_conflicts: { count: 1, ids: ['small'] }, verification: { passed: true } },
    })
    expect(await allHeaders()).toEqual(changed)
  })

  it('make the blob a duplicate under raise_error if they differ, but not if they are equal', async () => {
    await removeResource()
    await putBlob('small', SMALL, { ...HEADERS, CacheControl: 'no-store' })
    expect(await restore('raise_error')).toMatchObject({
      status: 'failed',
      error: { type: 'duplicates', duplicates: { count: 1, ids: ['blob small'] } },
    })
    await putBlob('small', SMALL, HEADERS)
    expect(await restore('raise_error')).toMatchObject({ status: 'succeeded' })
  })

  it.each(['small', 'large'])(
    'cause a conflict if another writer creates the blob %s with different headers',
    async (id) => {
      await runner.wipe()
      runner.beforeStage('apply-blobs', async () => {
        await putBlob(id, id === 'small' ? SMALL : LARGE, { ...HEADERS, CacheControl: 'no-store' })
      })
      expect(await restore('skip')).toMatchObject({
        status: 'partial',
        result: { blob_conflicts: { count: 1, ids: [id] }, verification: { passed: true } },
      })
    },
  )

  it('make the check of blobs fail if they change before the verification', async () => {
    runner.beforeStage('plan-verify', async () => {
      await putBlob('small', SMALL, { ...HEADERS, ContentEncoding: undefined, Metadata: { owner: 'anna' } })
    })
    const job = await restore('overwrite')
    expect(job).toMatchObject({ status: 'failed', error: { type: 'verification-failed', checks: ['blobs'] } })
    expect((await runner.readReport(job))?.checks.blobs.findings).toEqual([
      {
        model: 'doc',
        resource_id: '',
        what: 'blob small has other headers',
        expected:
          'content-encoding: the archived value, 4 bytes, x-amz-meta-title: the archived value, 4 bytes, ' +
          'x-amz-meta-type: the archived value, 11 bytes',
        actual: 'content-encoding: absent, x-amz-meta-title: absent, x-amz-meta-type: absent',
      },
    ])
  })
})

describe('user metadata that looks as if this program had added it', () => {
  beforeEach(() => writeToStore(runner.clients, docWith('small')))
  /** Exports the store and restores it after everything has been deleted. */
  const exportAndRestore = async (): Promise<RestoreJob> => {
    const { archive } = await runner.export(['doc'])
    await runner.wipe()
    return runner.restore(archive, { on_duplicate: 'raise_error' })
  }

  it.each<[string, Properties]>([
    ['a type that cannot be decoded', { Metadata: { type: '100% cotton' }, ContentType: 'application/octet-stream' }],
    ['a type that is no content type', { Metadata: { type: 'invoice' }, ContentType: 'application/octet-stream' }],
    ['a SHA-256 in upper case', { Metadata: { sha256: 'AB'.repeat(32), size: '6' } }],
    ['a wrong SHA-256', { Metadata: { sha256: 'ab'.repeat(32) } }],
    ['a wrong size', { Metadata: { sha256: 'ab'.repeat(32), size: '99' } }],
    ['2 KB in all', { Metadata: { note: 'x'.repeat(2044) } }],
  ])('is kept: %s', async (_, properties) => {
    await putBlob('small', SMALL, properties)
    const head = (): Promise<object> => runner.clients.s3.send(new HeadObjectCommand(objectOf('small')))
    const { Metadata = {}, ContentType = 'application/octet-stream' } = properties
    expect(await exportAndRestore()).toMatchObject({ status: 'succeeded' })
    expect(await head()).toMatchObject({ Metadata, ContentType })
  })

  it('gives the content type of an object that an earlier version wrote', async () => {
    const Metadata = { sha256: hash('sha256', SMALL), size: '6', type: '%C3%B1' }
    await putBlob('small', SMALL, { Metadata, ContentType: 'application/octet-stream' })
    expect(await runner.services.blobs.head('small')).toMatchObject({ content_type: 'ñ', user_metadata: {} })
    expect(await exportAndRestore()).toMatchObject({ status: 'succeeded' })
    const head = await runner.clients.s3.send(new HeadObjectCommand(objectOf('small')))
    expect(head).toMatchObject({ Metadata, ContentType: 'application/octet-stream' })
  })
})

describe('a stream of SpecStar, which contains no headers', () => {
  const bytes = Buffer.from('of a stream')
  const payload = '{"title":"x","names":[{"file_id":"blob 0"}]}'
  const stream = buildStream({
    doc: { resources: [{ id: 'streamed', revisions: { 'streamed:1': payload } }], blobs: [bytes] },
  })

  it('does not replace a blob with equal bytes, whatever headers it has', async () => {
    await putBlob('blob%200', bytes, HEADERS)
    const stored = await headersOf('blob%200')
    expect(await runner.restore(stream)).toMatchObject({ status: 'succeeded' })
    expect(await headersOf('blob%200')).toEqual(stored)
  })

  it('is restored without headers', async () => {
    expect(await runner.restore(stream)).toMatchObject({ status: 'succeeded' })
    expect(await headersOf('blob%200')).toEqual({ ContentType: 'binary/octet-stream', Metadata: {} })
  })
})

describe('a blob whose headers an archive cannot contain', () => {
  it('is reported as missing, and is not left out silently', async () => {
    await writeToStore(runner.clients, docWith('small', 'bare'))
    await putBlob('small', SMALL, HEADERS)
    await putBlob('bare', Buffer.from('bare'))
    const { blobs } = runner.services
    const open = blobs.open.bind(blobs)
    blobs.open = async (fileId) => {
      const opened = await open(fileId)
      return opened === undefined || fileId !== 'small' ? opened : { ...opened, fault: 'S3 cannot return it' }
    }
    try {
      const failed = await runner.export(['doc']).catch((error: unknown) => error)
      expect(failed).toBeInstanceOf(JobFailedError)
      expect(failed).toMatchObject({
        error: {
          type: 'blobs-missing',
          missing_blobs: {
            ids: ['small'],
            referred_by: [{ id: 'small', reason: expect.stringContaining('S3 cannot') as string }],
          },
        },
      })
      expect((failed as JobFailedError).error?.detail).not.toContain('models.json')
      const { job } = await runner.export(['doc'], {}, false)
      expect(job).toMatchObject({ status: 'partial', result: { missing_blobs: { count: 1, ids: ['small'] } } })
    } finally {
      blobs.open = open
    }
  })
})
