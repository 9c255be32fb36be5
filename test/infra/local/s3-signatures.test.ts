import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import {
  DeleteObjectsCommand,
  GetObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { decodeChunks } from '../../../infra/local/s3-gaps/chunked-bodies.ts'
import { chunkSignature } from '../../../infra/local/s3-gaps/signatures.ts'
import { bucket as Bucket, clientOf, refusal, runS3 } from './running-s3.ts'

let s3: Awaited<ReturnType<typeof runS3>>
beforeAll(async () => {
  s3 = await runS3()
})
afterAll(() => s3.end())

describe('a signature', () => {
  it('of the right secret passes for objects, lists, batch deletes and the service', async () => {
    await s3.client.send(new PutObjectCommand({ Bucket, Key: "odd key (1) +'*!ü/", Body: 'x' }))
    const list = await s3.client.send(new ListObjectsV2Command({ Bucket, Prefix: 'odd key (' }))
    expect(list.Contents?.map(({ Key }) => Key)).toEqual(["odd key (1) +'*!ü/"])
    await s3.client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: "odd key (1) +'*!ü/" }] } }))
    const buckets = await s3.client.send(new ListBucketsCommand())
    expect(buckets.Buckets?.map(({ Name }) => Name)).toEqual([Bucket])
  })

  it('of a wrong secret is refused on objects and on lists', async () => {
    const stranger = clientOf(s3.endpoint, 'WRONG')
    const denied = { name: 'SignatureDoesNotMatch', status: 403 }
    expect(await refusal(stranger.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'x' })))).toEqual(denied)
    expect(await refusal(stranger.send(new ListObjectsV2Command({ Bucket })))).toEqual(denied)
  })

  it('is required', async () => {
    const answer = await fetch(`${s3.endpoint}/${Bucket}?list-type=2`)
    expect(answer.status).toBe(403)
    expect(await answer.text()).toContain('<Code>AccessDenied</Code>')
  })

  it('covers the path and every parameter of a presigned URL', async () => {
    await s3.client.send(new PutObjectCommand({ Bucket, Key: 'signed', Body: 'hello' }))
    const url = await getSignedUrl(s3.client, new GetObjectCommand({ Bucket, Key: 'signed' }))
    expect(await (await fetch(url)).text()).toBe('hello')
    expect((await fetch(url.replace('/signed', '/other'))).status).toBe(403)
    expect((await fetch(`${url}&response-content-type=text%2Fhtml`)).status).toBe(403)
  })

  it('ends when its URL expires', async () => {
    const signingDate = new Date(Date.now() - 120_000)
    const options = { expiresIn: 60, signingDate }
    const url = await getSignedUrl(s3.client, new GetObjectCommand({ Bucket, Key: 'signed' }), options)
    const answer = await fetch(url)
    expect(answer.status).toBe(403)
    expect(await answer.text()).toContain('Request has expired')
  })

  it('of a body is compared with the body that came', async () => {
    const tampering = clientOf(s3.endpoint)
    tampering.middlewareStack.add(
      (next) => (args) => next({ ...args, request: Object.assign(Object(args.request), { body: 'tampered' }) }),
      { step: 'finalizeRequest', priority: 'low', name: 'tamper' },
    )
    const put = tampering.send(new PutObjectCommand({ Bucket, Key: 'tampered', Body: 'original' }))
    expect(await refusal(put)).toEqual({ name: 'XAmzContentSHA256Mismatch', status: 400 })
  })

  it('of a checksum binds the body of a presigned PUT', async () => {
    const ChecksumSHA256 = createHash('sha256').update('expected').digest('base64')
    const url = await getSignedUrl(s3.client, new PutObjectCommand({ Bucket, Key: 'bound', ChecksumSHA256 }))
    const answer = await fetch(url, { method: 'PUT', body: 'another!' })
    expect(answer.status).toBe(400)
    expect(await answer.text()).toContain('<Code>BadDigest</Code>')
    expect((await fetch(url, { method: 'PUT', body: 'expected' })).status).toBe(200)
  })
})

describe('a presigned URL', () => {
  it('gives the content disposition and type that it was signed with, brackets and quotes included', async () => {
    await s3.client.send(new PutObjectCommand({ Bucket, Key: 'archive', Body: 'bytes', ContentType: 'text/plain' }))
    const ResponseContentDisposition = `attachment; filename="it's (1)!*.acbak"; filename*=UTF-8''it%27s.acbak`
    const command = new GetObjectCommand({
      Bucket,
      Key: 'archive',
      ResponseContentDisposition,
      ResponseContentType: 'application/x-tar',
    })
    const answer = await fetch(await getSignedUrl(s3.client, command))
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-disposition')).toBe(ResponseContentDisposition)
    expect(answer.headers.get('content-type')).toBe('application/x-tar')
    expect(await answer.text()).toBe('bytes')
  })

  it('of a PUT with If-None-Match lets one object in, and nobody without the header', async () => {
    const command = new PutObjectCommand({ Bucket, Key: 'slot', IfNoneMatch: '*' })
    const presigner = s3.client
    presigner.config.requestChecksumCalculation = () => Promise.resolve('WHEN_REQUIRED')
    const url = await getSignedUrl(presigner, command, { unhoistableHeaders: new Set(['if-none-match']) })
    const put = (headers: Record<string, string>) => fetch(url, { method: 'PUT', body: 'archive', headers })
    expect((await put({})).status).toBe(403)
    expect((await put({ 'if-none-match': '*' })).status).toBe(200)
    expect((await put({ 'if-none-match': '*' })).status).toBe(412)
  })

  it('is not widened by headers that it did not sign', async () => {
    const url = await getSignedUrl(s3.client, new PutObjectCommand({ Bucket, Key: 'plain' }))
    const headers = { 'x-amz-copy-source': `/${Bucket}/signed` }
    expect((await fetch(url, { method: 'PUT', headers })).status).toBe(403)
  })
})

describe('a streamed body', () => {
  const signer = {
    signature: '0'.repeat(64),
    date: '20261101T000000Z',
    scope: '20261101/us-east-1/s3/aws4_request',
    key: Buffer.from('key'),
  }
  const hash = (text: string) => createHash('sha256').update(text).digest('hex')

  function signed(texts: readonly string[]): string {
    let previous = signer.signature
    return texts
      .map((text) => {
        previous = chunkSignature(signer, 'PAYLOAD', previous, hash(text))
        return `${text.length.toString(16)};chunk-signature=${previous}\r\n${text}${text === '' ? '' : '\r\n'}`
      })
      .join('')
  }

  async function decoded(body: string, withSigner: boolean, step = 7) {
    const pieces: Buffer[] = []
    for (let at = 0; at < body.length; at += step) pieces.push(Buffer.from(body.slice(at, at + step)))
    const trailers = new Map<string, string>()
    const out: Buffer[] = []
    const source = Readable.from(pieces) as AsyncIterable<Buffer>
    for await (const piece of decodeChunks(source, trailers, withSigner ? signer : undefined)) out.push(piece)
    return { text: Buffer.concat(out).toString(), trailers }
  }

  it('is put together from chunks however it was cut on the way', async () => {
    const body = '5\r\nhello\r\n6\r\n world\r\n0\r\nx-amz-checksum-crc32:abc=\r\n\r\n'
    for (let step = 1; step < 20; step++) {
      const { text, trailers } = await decoded(body, false, step)
      expect(text).toBe('hello world')
      expect([...trailers]).toEqual([['x-amz-checksum-crc32', 'abc=']])
    }
  })

  it('with signed chunks is verified chunk by chunk', async () => {
    const body = `${signed(['hello', ' world', ''])}\r\n`
    expect((await decoded(body, true)).text).toBe('hello world')
    await expect(decoded(body.replace('world', 'w0rld'), true)).rejects.toThrow('signature of a chunk')
  })

  it('that ends early is incomplete', async () => {
    const body = '5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n'
    for (let length = 0; length < body.length; length++) {
      await expect(decoded(body.slice(0, length), false)).rejects.toThrow('terminated unexpectedly')
    }
  })

  it('of unknown length comes from the SDK as chunks with a checksum behind them', async () => {
    const Body = Readable.from([Buffer.from('streamed '), Buffer.from('body')])
    await s3.client.send(
      new PutObjectCommand({ Bucket, Key: 'streamed', Body, ContentLength: 13, ChecksumAlgorithm: 'CRC32' }),
    )
    const { Body: read } = await s3.client.send(new GetObjectCommand({ Bucket, Key: 'streamed' }))
    expect(await read?.transformToString()).toBe('streamed body')
  })
})
