import { createHash, randomBytes } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
} from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { digestOf } from '../../../infra/local/s3-gaps/checksums.ts'
import { rangeOf } from '../../../infra/local/s3-gaps/ranges.ts'
import { bucket as Bucket, refusal, runS3 } from './running-s3.ts'

let s3: Awaited<ReturnType<typeof runS3>>
beforeAll(async () => {
  s3 = await runS3()
})
afterAll(() => s3.end())

const put = (Key: string, Body: string | Buffer, more: Partial<PutObjectCommandInput> = {}) =>
  s3.client.send(new PutObjectCommand({ Bucket, Key, Body, ...more }))
const get = (Key: string) => s3.client.send(new GetObjectCommand({ Bucket, Key }))
const head = (Key: string) => s3.client.send(new HeadObjectCommand({ Bucket, Key }))
const read = async (Key: string) => (await get(Key)).Body?.transformToString()

describe('an object', () => {
  it('comes back with its bytes, metadata, type, length and ETag', async () => {
    const Metadata = { job: 'job-1', owner: 'someone' }
    await put('plain', 'hello', { Metadata, ContentType: 'application/json', ContentEncoding: 'identity' })
    const found = await head('plain')
    expect(found).toMatchObject({
      Metadata,
      ContentType: 'application/json',
      ContentLength: 5,
      ContentEncoding: 'identity',
    })
    expect(found.ETag).toBe(`"${createHash('md5').update('hello').digest('hex')}"`)
    expect(await read('plain')).toBe('hello')
  })

  it('may be empty, and have any key', async () => {
    for (const key of [
      'empty',
      'a',
      'a/b',
      'a/b/',
      'a//b',
      '.',
      '..',
      '../up',
      `${'long/'.repeat(200)}x`,
      'ünï %2F ☃',
    ]) {
      await put(key, key === 'empty' ? '' : key)
      expect(await read(key)).toBe(key === 'empty' ? '' : key)
    }
  })

  it('that is not there is 404, in a bucket that is not there too', async () => {
    expect(await refusal(get('nothing'))).toEqual({ name: 'NoSuchKey', status: 404 })
    expect(await refusal(head('nothing'))).toEqual({ name: 'NotFound', status: 404 })
    const other = s3.client.send(new GetObjectCommand({ Bucket: 'no-such-bucket', Key: 'x' }))
    expect(await refusal(other)).toEqual({ name: 'NoSuchBucket', status: 404 })
  })

  it('is read in one state while it is replaced and deleted', async () => {
    const states = Array.from({ length: 4 }, (_, at) => Buffer.alloc(3_000_000 + at, `${at}`))
    await put('changing', states[0] ?? '')
    const stopped = new AbortController()
    const writer = (async () => {
      for (let round = 1; round < 30; round++) {
        if (round % 7 === 0) await s3.client.send(new DeleteObjectCommand({ Bucket, Key: 'changing' }))
        await put('changing', states[round % 4] ?? '')
      }
      stopped.abort()
    })()
    let seen = 0
    while (!stopped.signal.aborted) {
      const found = await get('changing').catch(() => undefined)
      const bytes = await found?.Body?.transformToByteArray()
      if (found === undefined || bytes === undefined) continue
      const state = states[Number(String.fromCharCode(bytes[0] ?? 0))]
      expect(state?.equals(bytes)).toBe(true)
      expect(found.ETag).toBe(`"${createHash('md5').update(bytes).digest('hex')}"`)
      seen++
    }
    await writer
    expect(seen).toBeGreaterThan(5)
  })

  it('leaves no file when it is deleted', async () => {
    const before = await files()
    await put('short-lived', 'x')
    await s3.client.send(new DeleteObjectCommand({ Bucket, Key: 'short-lived' }))
    expect(await files()).toBe(before)
  })
})

describe('conditions', () => {
  it('let one of eight concurrent writers with If-None-Match win', async () => {
    const writers = Array.from({ length: 8 }, (_, at) => put('contested', `writer ${at}`, { IfNoneMatch: '*' }))
    const results = await Promise.allSettled(writers)
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    const winner = results.findIndex(({ status }) => status === 'fulfilled')
    expect(await read('contested')).toBe(`writer ${winner}`)
    expect(await refusal(put('contested', 'late', { IfNoneMatch: '*' }))).toEqual({
      name: 'PreconditionFailed',
      status: 412,
    })
  })

  it('refuse a large body too, and answer its sender', async () => {
    await put('taken', 'first')
    const large = put('taken', Buffer.alloc(20_000_000), { IfNoneMatch: '*' })
    expect(await refusal(large)).toEqual({ name: 'PreconditionFailed', status: 412 })
    expect(await read('taken')).toBe('first')
  })

  it('let If-Match replace the state that it names only', async () => {
    const { ETag } = await put('matched', 'one')
    await put('matched', 'two', { IfMatch: ETag })
    expect(await refusal(put('matched', 'three', { IfMatch: ETag }))).toMatchObject({ status: 412 })
    expect(await refusal(put('unmatched', 'x', { IfMatch: ETag }))).toMatchObject({ status: 404 })
    expect(await read('matched')).toBe('two')
  })

  it('pin a read to one state', async () => {
    const { ETag: old } = await put('pinned', 'one')
    const { ETag } = await put('pinned', 'two')
    for (const Command of [GetObjectCommand, HeadObjectCommand]) {
      const ask = (more: object) => s3.client.send(new Command({ Bucket, Key: 'pinned', ...more }))
      expect((await ask({ IfMatch: ETag })).ETag).toBe(ETag)
      expect(await refusal(ask({ IfMatch: old }))).toMatchObject({ status: 412 })
      expect((await ask({ IfNoneMatch: old })).ETag).toBe(ETag)
      expect(await refusal(ask({ IfNoneMatch: ETag }))).toMatchObject({ status: 304 })
    }
  })

  it('pin the source of a copy, and guard its target', async () => {
    const { ETag: old } = await put('source', 'one')
    const { ETag } = await put('source', 'two')
    const copy = (more: object) =>
      s3.client.send(new CopyObjectCommand({ Bucket, Key: 'copied', CopySource: `${Bucket}/source`, ...more }))
    expect(await refusal(copy({ CopySourceIfMatch: old }))).toMatchObject({ status: 412 })
    expect(await refusal(copy({ CopySourceIfNoneMatch: ETag }))).toMatchObject({ status: 412 })
    await copy({ CopySourceIfMatch: ETag, IfNoneMatch: '*' })
    expect(await refusal(copy({ IfNoneMatch: '*' }))).toMatchObject({ status: 412 })
    expect(await read('copied')).toBe('two')
  })

  it('guard a delete', async () => {
    const { ETag } = await put('guarded', 'one')
    await put('guarded', 'two')
    const remove = s3.client.send(new DeleteObjectCommand({ Bucket, Key: 'guarded', IfMatch: ETag }))
    expect(await refusal(remove)).toMatchObject({ status: 412 })
  })
})

describe('a copy', () => {
  it('has the bytes and metadata of its source, and outlives it', async () => {
    await put('from me (1)+ü', 'content', { Metadata: { kept: 'yes' }, ContentType: 'text/css' })
    const CopySource = `${Bucket}/${encodeURIComponent('from me (1)+ü')}`
    await s3.client.send(new CopyObjectCommand({ Bucket, Key: 'to', CopySource }))
    await s3.client.send(new DeleteObjectCommand({ Bucket, Key: 'from me (1)+ü' }))
    expect(await head('to')).toMatchObject({ Metadata: { kept: 'yes' }, ContentType: 'text/css', ContentLength: 7 })
    expect(await read('to')).toBe('content')
  })

  it('takes new metadata where it is told to, onto itself too', async () => {
    await put('self', 'content', { Metadata: { a: '1' } })
    const itself = { Bucket, Key: 'self', CopySource: `${Bucket}/self` }
    expect(await refusal(s3.client.send(new CopyObjectCommand(itself)))).toMatchObject({ name: 'InvalidRequest' })
    await s3.client.send(new CopyObjectCommand({ ...itself, MetadataDirective: 'REPLACE', Metadata: { b: '2' } }))
    expect((await head('self')).Metadata).toEqual({ b: '2' })
    expect(await read('self')).toBe('content')
  })
})

describe('ranges', () => {
  it.each([
    ['bytes=0-0', '0', 'bytes 0-0/10'],
    ['bytes=3-5', '345', 'bytes 3-5/10'],
    ['bytes=7-', '789', 'bytes 7-9/10'],
    ['bytes=7-100', '789', 'bytes 7-9/10'],
    ['bytes=-3', '789', 'bytes 7-9/10'],
    ['bytes=-100', '0123456789', 'bytes 0-9/10'],
  ])('%s gives %s', async (Range, expected, contentRange) => {
    await put('digits', '0123456789')
    const found = await s3.client.send(new GetObjectCommand({ Bucket, Key: 'digits', Range }))
    expect(await found.Body?.transformToString()).toBe(expected)
    expect(found).toMatchObject({ ContentRange: contentRange, ContentLength: expected.length })
    expect(found.$metadata.httpStatusCode).toBe(206)
    const only = await s3.client.send(new HeadObjectCommand({ Bucket, Key: 'digits', Range }))
    expect(only.ContentLength).toBe(expected.length)
  })

  it('that hold no byte of the object are 416', async () => {
    await put('digits', '0123456789')
    await put('nothing in it', '')
    for (const Range of ['bytes=10-', 'bytes=10-12', 'bytes=-0']) {
      const ask = s3.client.send(new GetObjectCommand({ Bucket, Key: 'digits', Range }))
      expect(await refusal(ask)).toEqual({ name: 'InvalidRange', status: 416 })
    }
    const ask = s3.client.send(new GetObjectCommand({ Bucket, Key: 'nothing in it', Range: 'bytes=0-0' }))
    expect(await refusal(ask)).toMatchObject({ status: 416 })
  })

  it('that are no ranges are ignored', () => {
    for (const header of ['bytes=', 'bytes=-', 'bytes=5-2', 'bytes=a-b', 'lines=1-2', 'bytes=0-1,3-4', undefined]) {
      expect(rangeOf(header, 10)).toBeUndefined()
    }
  })
})

describe('checksums', () => {
  it.each([
    ['crc32', 'y/Q5Jg=='],
    ['crc32c', '4waSgw=='],
    ['crc64nvme', 'rosUhgp5mIg='],
    ['sha1', createHash('sha1').update('123456789').digest('base64')],
    ['sha256', createHash('sha256').update('123456789').digest('base64')],
  ] as const)('%s is that of its catalogue', async (name, expected) => {
    const digest = await digestOf(name)
    digest.update(Buffer.from('1234'))
    digest.update(Buffer.from('56789'))
    expect(digest.base64()).toBe(expected)
  })

  it('that do not fit are refused, and the old object stays', async () => {
    await put('summed', 'old')
    const wrong = createHash('sha256').update('something else').digest('base64')
    expect(await refusal(put('summed', 'new', { ChecksumSHA256: wrong }))).toEqual({ name: 'BadDigest', status: 400 })
    expect(await refusal(put('summed', 'new', { ChecksumCRC32: 'AAAAAA==' }))).toEqual({
      name: 'BadDigest',
      status: 400,
    })
    const md5 = createHash('md5').update('something else').digest('base64')
    expect(await refusal(put('summed', 'new', { ContentMD5: md5 }))).toMatchObject({ status: 400 })
    expect(await read('summed')).toBe('old')
  })

  it('that fit are kept and given back', async () => {
    const ChecksumSHA256 = createHash('sha256').update('content').digest('base64')
    expect(await put('kept', 'content', { ChecksumSHA256 })).toMatchObject({ ChecksumSHA256 })
    const found = await s3.client.send(new HeadObjectCommand({ Bucket, Key: 'kept', ChecksumMode: 'ENABLED' }))
    expect(found).toMatchObject({ ChecksumSHA256, ChecksumType: 'FULL_OBJECT' })
    expect((await head('kept')).ChecksumSHA256).toBeUndefined()
  })
})

describe('a body that is cut off', () => {
  async function cut(path: string, declared: number, sent: number): Promise<void> {
    const url = new URL(path)
    await new Promise<void>((resolve, reject) => {
      const socket = connect(Number(url.port), url.hostname, () => {
        socket.write(
          `PUT ${url.pathname}${url.search} HTTP/1.1\r\nHost: ${url.host}\r\nContent-Length: ${declared}\r\n\r\n`,
        )
        socket.write(randomBytes(sent), () => {
          setTimeout(() => socket.destroy(), 50)
        })
      })
      socket.on('close', () => {
        resolve()
      })
      socket.on('error', reject)
    })
    await sleep(150)
  }

  it('makes no object, leaves no file, and does not touch the old object', async () => {
    s3.client.config.requestChecksumCalculation = () => Promise.resolve('WHEN_REQUIRED')
    await put('whole', 'old and whole')
    const before = await files()
    for (const Key of ['whole', 'never']) {
      const url = await getSignedUrl(s3.client, new PutObjectCommand({ Bucket, Key }))
      await cut(url, 5_000_000, 2_000_000)
      await cut(url, 100, 10)
      await cut(url, 100, 0)
    }
    expect(await read('whole')).toBe('old and whole')
    expect(await refusal(get('never'))).toMatchObject({ status: 404 })
    expect(await files()).toBe(before)
  })

  it('needs to have said its length', async () => {
    const url = await getSignedUrl(s3.client, new PutObjectCommand({ Bucket, Key: 'lengthless' }))
    const body = new Blob(['x']).stream()
    const answer = await fetch(url, { method: 'PUT', body, duplex: 'half' })
    expect(answer.status).toBe(411)
  })
})

describe('what the local S3 has not', () => {
  it('is refused: versions, tags, object locks', async () => {
    await put('single', 'x')
    const versioned = s3.client.send(new GetObjectCommand({ Bucket, Key: 'single', VersionId: 'abc' }))
    expect(await refusal(versioned)).toEqual({ name: 'InvalidArgument', status: 400 })
    const only = await s3.client.send(new GetObjectCommand({ Bucket, Key: 'single', VersionId: 'null' }))
    expect(await only.Body?.transformToString()).toBe('x')
    const CopySource = `${Bucket}/single?versionId=abc`
    const copy = s3.client.send(new CopyObjectCommand({ Bucket, Key: 'versioned', CopySource }))
    expect(await refusal(copy)).toMatchObject({ status: 400 })
    expect(await refusal(put('tagged', 'x', { Tagging: 'a=b' }))).toMatchObject({ status: 501 })
    const tags = s3.client.send(new GetObjectTaggingCommand({ Bucket, Key: 'single' }))
    expect(await refusal(tags)).toMatchObject({ status: 501 })
    const locked = put('locked', 'x', { ObjectLockLegalHoldStatus: 'ON' })
    expect(await refusal(locked)).toMatchObject({ status: 400 })
    expect((await s3.client.send(new GetBucketVersioningCommand({ Bucket }))).Status).toBeUndefined()
  })
})

async function files(): Promise<number> {
  const found = await readdir(`${s3.dir}/content`, { recursive: true, withFileTypes: true })
  return found.filter((entry) => entry.isFile()).length
}
