import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  GetBucketVersioningCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandInput,
  type ListObjectVersionsCommandOutput,
  PutBucketVersioningCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startUpload } from './multipart.ts'
import { rejection, type S3Session } from './session.ts'

/** Versioned buckets: version ids, delete markers and ListObjectVersions. */
export const versionContract = (s3: S3Session): void => {
  const Bucket = `${s3.bucket}-versions`
  const inBucket = { Bucket }
  let round = 0
  /** a key that no other test uses */
  let Key = ''

  const setVersioning = (Status: 'Enabled' | 'Suspended') =>
    s3.client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status } }))
  const put = async (body: string): Promise<string> => (await s3.put(Key, body, inBucket)).VersionId ?? ''
  const remove = (VersionId?: string) => s3.client.send(new DeleteObjectCommand({ Bucket, Key, VersionId }))
  const text = (VersionId?: string) => s3.text(Key, { Bucket, VersionId })
  /** ids of the versions and markers of the key, the newest first; markers begin with `-`, the latest ends with `*` */
  const history = async (more: Partial<ListObjectVersionsCommandInput> = {}): Promise<readonly string[]> => {
    const input = { Bucket, Prefix: Key, ...more }
    const { Versions = [], DeleteMarkers = [] } = await s3.client.send(new ListObjectVersionsCommand(input))
    const name = (id = '', latest = false): string => `${id}${latest ? '*' : ''}`
    return [
      ...Versions.map(({ VersionId, IsLatest }) => name(VersionId, IsLatest)),
      ...DeleteMarkers.map(({ VersionId, IsLatest }) => `-${name(VersionId, IsLatest)}`),
    ]
  }

  describe.runIf(s3.has('versions'))('a versioned bucket', () => {
    beforeAll(async () => {
      await s3.createBucket(Bucket)
    })
    beforeEach(async () => {
      round += 1
      Key = `key-${round}`
      await setVersioning('Enabled')
    })
    afterAll(() => s3.removeBucket(Bucket))

    it('reports its versioning status', async () => {
      const status = async () => (await s3.client.send(new GetBucketVersioningCommand({ Bucket }))).Status
      expect(await status()).toBe('Enabled')
      await setVersioning('Suspended')
      expect(await status()).toBe('Suspended')
      const other = new GetBucketVersioningCommand({ Bucket: s3.bucket })
      expect((await s3.client.send(other)).Status).toBeUndefined()
    })

    it('keeps every version of an object, and reads each of them by its id', async () => {
      const first = await put('one')
      const second = await put('two')
      expect(first).not.toBe(second)
      expect(await text()).toBe('two')
      expect([await text(first), await text(second)]).toEqual(['one', 'two'])
      const found = await s3.head(Key, { Bucket, VersionId: first })
      expect(found).toMatchObject({ VersionId: first, ContentLength: 3 })
      expect((await s3.get(Key, inBucket)).VersionId).toBe(second)
      expect(await s3.text(Key, { Bucket, VersionId: first, Range: 'bytes=1-1' })).toBe('n')
      expect(await history()).toEqual([`${second}*`, first])
    })

    it('reads a version through a presigned URL that contains its id', async () => {
      const first = await put('one')
      await put('two')
      const command = new GetObjectCommand({ Bucket, Key, VersionId: first })
      expect(await (await fetch(await getSignedUrl(s3.client, command))).text()).toBe('one')
    })

    it('hides a deleted object behind a delete marker, and shows it again when the marker is deleted', async () => {
      const version = await put('content')
      const { VersionId: marker = '', DeleteMarker } = await remove()
      expect(DeleteMarker).toBe(true)
      expect(await rejection(s3.get(Key, inBucket))).toEqual({ name: 'NoSuchKey', status: 404 })
      expect(await rejection(s3.head(Key, inBucket))).toMatchObject({ status: 404 })
      expect(await rejection(s3.get(Key, { Bucket, VersionId: marker }))).toMatchObject({ status: 405 })
      expect(await text(version)).toBe('content')
      expect(await history()).toEqual([version, `-${marker}*`])
      const list = await s3.client.send(new ListObjectsV2Command({ Bucket, Prefix: Key }))
      expect(list.KeyCount).toBe(0)
      expect(await remove(marker)).toMatchObject({ DeleteMarker: true, VersionId: marker })
      expect(await text()).toBe('content')
    })

    it('creates a marker also for a key that does not exist', async () => {
      expect((await remove()).DeleteMarker).toBe(true)
      expect(await history()).toHaveLength(1)
    })

    it('deletes a version for good, and the version before it becomes current', async () => {
      const [first, second, third] = [await put('one'), await put('two'), await put('three')]
      await remove(second)
      expect(await text()).toBe('three')
      await remove(third)
      expect(await text()).toBe('one')
      expect(await history()).toEqual([`${first}*`])
      expect(await rejection(s3.get(Key, { Bucket, VersionId: third }))).toEqual({
        name: 'NoSuchVersion',
        status: 404,
      })
      await remove(first)
      expect(await rejection(s3.get(Key, inBucket))).toMatchObject({ status: 404 })
      expect(await history()).toEqual([])
    })

    it('keeps an object hidden while an older delete marker is the latest entry', async () => {
      await put('one')
      const { VersionId: older } = await remove()
      const { VersionId: newer } = await remove()
      await remove(newer)
      expect(await rejection(s3.get(Key, inBucket))).toMatchObject({ status: 404 })
      await remove(older)
      expect(await text()).toBe('one')
    })

    it('lets If-None-Match create an object over a delete marker', async () => {
      await put('one')
      expect(await rejection(s3.put(Key, 'two', { Bucket, IfNoneMatch: '*' }))).toMatchObject({ status: 412 })
      await remove()
      await s3.put(Key, 'three', { Bucket, IfNoneMatch: '*' })
      expect(await text()).toBe('three')
    })

    it('copies the named version of a source, and returns both version ids', async () => {
      const first = await put('one')
      await put('two')
      const CopySource = `${Bucket}/${Key}?versionId=${first}`
      const restored = await s3.client.send(new CopyObjectCommand({ Bucket, Key, CopySource }))
      expect(restored.CopySourceVersionId).toBe(first)
      expect(await history()).toHaveLength(3)
      expect(await text(restored.VersionId)).toBe('one')
      expect(await text()).toBe('one')

      const upload = await startUpload(s3, 'from-version')
      const { UploadId } = upload
      const target = { Bucket: s3.bucket, Key: 'from-version', UploadId }
      const { CopyPartResult } = await s3.client.send(
        new UploadPartCopyCommand({ ...target, PartNumber: 1, CopySource }),
      )
      await upload.complete([{ PartNumber: 1, ETag: CopyPartResult?.ETag }])
      expect(await s3.text('from-version')).toBe('one')
    })

    it('gives a completed upload a version id', async () => {
      const upload = await startUpload({ bucket: Bucket, plainClient: s3.plainClient }, Key)
      const part = await upload.part(1, Buffer.from('part'))
      const { UploadId } = upload
      const { VersionId } = await s3.client.send(
        new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts: [part] } }),
      )
      expect(await history()).toEqual([`${VersionId ?? ''}*`])
      expect(await text(VersionId)).toBe('part')
    })

    it('keeps every version of eight concurrent writes', async () => {
      const bodies = Array.from({ length: 8 }, (_, writer) => `writer ${writer}`)
      const ids = await Promise.all(bodies.map((body) => put(body)))
      expect(await Promise.all(ids.map((id) => text(id)))).toEqual(bodies)
      expect(await history()).toHaveLength(8)
    })

    it('deletes versions and markers in a batch', async () => {
      const [first, second] = [await put('one'), await put('two')]
      const hide = { Objects: [{ Key }] }
      const hidden = await s3.client.send(new DeleteObjectsCommand({ Bucket, Delete: hide }))
      const marker = hidden.Deleted?.[0]?.DeleteMarkerVersionId
      expect(hidden.Deleted).toMatchObject([{ Key, DeleteMarker: true }])
      const Objects = [first, second, marker].map((VersionId) => ({ Key, VersionId }))
      const { Deleted } = await s3.client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }))
      expect(Deleted?.map(({ VersionId }) => VersionId)).toEqual([first, second, marker])
      expect(await history()).toEqual([])
    })

    it('keeps one null version while versioning is suspended', async () => {
      const version = await put('with an id')
      await setVersioning('Suspended')
      await put('first')
      await put('second')
      expect(await history()).toEqual(['null*', version])
      expect([await text(), await text('null'), await text(version)]).toEqual(['second', 'second', 'with an id'])
      await setVersioning('Enabled')
      const newest = await put('with an id again')
      expect(await history()).toEqual([`${newest}*`, 'null', version])
      expect(await text('null')).toBe('second')
      await setVersioning('Suspended')
      await remove()
      expect(await history()).toEqual([newest, version, '-null*'])
    })

    it('lists versions in pages of any size, also while they are deleted', async () => {
      Key = `paged-${round}/`
      const keys = [`${Key}a`, `${Key}b`, `${Key}c/d`, `${Key}c/e`]
      const written: string[] = []
      for (const key of keys) {
        const ids: string[] = []
        for (const body of ['1', '2', '3']) ids.unshift((await s3.put(key, body, inBucket)).VersionId ?? '')
        written.push(...ids.map((id) => `${key} ${id}`))
      }
      for (let MaxKeys = 1; MaxKeys <= written.length + 1; MaxKeys++) {
        expect(await pages(MaxKeys)).toEqual(written)
      }
      const input = { Bucket, Prefix: Key, Delimiter: '/' }
      const grouped = await s3.client.send(new ListObjectVersionsCommand(input))
      expect(grouped.Versions).toHaveLength(6)
      expect(grouped.CommonPrefixes).toEqual([{ Prefix: `${Key}c/` }])
      expect(await pages(2, true)).toEqual(written)
      expect(await history()).toEqual([])
    })

    const pages = async (MaxKeys: number, deleting = false): Promise<readonly string[]> => {
      const found: string[] = []
      let markers: Partial<ListObjectVersionsCommandInput> | undefined = {}
      while (markers !== undefined) {
        const page: ListObjectVersionsCommandOutput = await s3.client.send(
          new ListObjectVersionsCommand({ Bucket, Prefix: Key, MaxKeys, ...markers }),
        )
        for (const { Key = '', VersionId = '' } of page.Versions ?? []) {
          found.push(`${Key} ${VersionId}`)
          if (deleting) await s3.client.send(new DeleteObjectCommand({ Bucket, Key, VersionId }))
        }
        markers =
          page.IsTruncated === true
            ? { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker }
            : undefined
      }
      return found
    }

    it('is not deleted while it contains a version or a marker', async () => {
      await remove()
      const full = s3.client.send(new DeleteBucketCommand({ Bucket }))
      expect(await rejection(full)).toEqual({ name: 'BucketNotEmpty', status: 409 })
    })
  })

  describe('a bucket without versions', () => {
    it('returns no version ids, and knows its objects as null versions', async () => {
      const { VersionId } = await s3.put('single', 'x')
      expect(VersionId).toBeUndefined()
      expect((await s3.get('single')).VersionId).toBeUndefined()
      expect(await s3.text('single', { VersionId: 'null' })).toBe('x')
    })

    it.runIf(s3.has('versions'))('keeps its objects as null versions when versioning is enabled', async () => {
      const Bucket = `${s3.bucket}-later`
      await s3.createBucket(Bucket)
      await s3.put('early', 'before', { Bucket })
      const VersioningConfiguration = { Status: 'Enabled' as const }
      await s3.client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }))
      await s3.put('early', 'after', { Bucket })
      expect(await s3.text('early', { Bucket })).toBe('after')
      expect(await s3.text('early', { Bucket, VersionId: 'null' })).toBe('before')
      await s3.removeBucket(Bucket)
    })
  })
}
