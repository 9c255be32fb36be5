import { createHash, createHmac } from 'node:crypto'
import {
  DeleteObjectsCommand,
  GetObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { describe, expect, it } from 'vitest'
import { createSigner } from '../../../../../infra/local/s3/signing/signer.ts'
import { clientFor, rejection, type S3Session } from './session.ts'

const hash = (text: string): string => createHash('sha256').update(text).digest('hex')

/** Signatures in headers, in presigned URLs and of the chunks of a body. */
export const signatureContract = (s3: S3Session): void => {
  describe('a signature', () => {
    it('is accepted for objects, lists, batch deletes and the service', async () => {
      const Bucket = s3.bucket
      const Key = "odd key (1) +'*!ü"
      await s3.put(Key, 'x')
      const list = await s3.client.send(new ListObjectsV2Command({ Bucket, Prefix: 'odd key (' }))
      expect(list.Contents?.map((object) => object.Key)).toEqual([Key])
      await s3.client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key }] } }))
      const { Buckets } = await s3.client.send(new ListBucketsCommand())
      expect(Buckets?.map(({ Name }) => Name)).toContain(Bucket)
    })

    it('of a wrong secret is rejected for objects and lists', async () => {
      const stranger = clientFor(s3.target, { secretAccessKey: 'WRONG-SECRET' })
      const denied = { name: 'SignatureDoesNotMatch', status: 403 }
      const put = new PutObjectCommand({ Bucket: s3.bucket, Key: 'a', Body: 'x' })
      expect(await rejection(stranger.send(put))).toEqual(denied)
      expect(await rejection(stranger.send(new ListObjectsV2Command({ Bucket: s3.bucket })))).toEqual(denied)
      stranger.destroy()
    })

    it('is required', async () => {
      const answer = await fetch(`${s3.target.endpoint}/${s3.bucket}?list-type=2`)
      expect(answer.status).toBe(403)
      expect(await answer.text()).toContain('<Code>AccessDenied</Code>')
    })
  })

  describe('a presigned URL', () => {
    it('is bound to its path and to every parameter', async () => {
      await s3.put('signed', 'hello')
      const url = await getSignedUrl(s3.client, new GetObjectCommand({ Bucket: s3.bucket, Key: 'signed' }))
      expect(await (await fetch(url)).text()).toBe('hello')
      expect((await fetch(url.replace('/signed', '/other'))).status).toBe(403)
      expect((await fetch(`${url}&response-content-type=text%2Fhtml`)).status).toBe(403)
    })

    it('expires', async () => {
      const signingDate = new Date(Date.now() - 120_000)
      const command = new GetObjectCommand({ Bucket: s3.bucket, Key: 'signed' })
      const answer = await fetch(await getSignedUrl(s3.client, command, { expiresIn: 60, signingDate }))
      expect(answer.status).toBe(403)
      expect(await answer.text()).toContain('Request has expired')
    })

    it('sets content disposition and type of the response, with brackets and quotes', async () => {
      await s3.put('archive', 'bytes', { ContentType: 'text/plain' })
      const ResponseContentDisposition = `attachment; filename="it's (1)!*.acbak"; filename*=UTF-8''it%27s.acbak`
      const command = new GetObjectCommand({
        Bucket: s3.bucket,
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

    it('with If-None-Match accepts one object, and only with that header', async () => {
      const command = new PutObjectCommand({ Bucket: s3.bucket, Key: 'slot', IfNoneMatch: '*' })
      const unhoistableHeaders = new Set(['if-none-match'])
      const url = await getSignedUrl(s3.plainClient, command, { unhoistableHeaders })
      const put = (headers: Record<string, string>) => fetch(url, { method: 'PUT', body: 'archive', headers })
      expect((await put({})).status).toBe(403)
      expect((await put({ 'if-none-match': '*' })).status).toBe(200)
      expect((await put({ 'if-none-match': '*' })).status).toBe(412)
    })

    it('rejects x-amz headers that it did not sign', async () => {
      const url = await getSignedUrl(s3.client, new PutObjectCommand({ Bucket: s3.bucket, Key: 'plain' }))
      const headers = { 'x-amz-copy-source': `/${s3.bucket}/signed` }
      expect((await fetch(url, { method: 'PUT', headers })).status).toBe(403)
    })
  })

  describe('a body with signed chunks', () => {
    const CHUNKS = ['a'.repeat(70_000), 'the last bytes', '']
    // CRC32C of both chunks is not needed: the trailer carries a SHA-256.
    const trailer = `x-amz-checksum-sha256:${createHash('sha256').update(CHUNKS.join('')).digest('base64')}`

    it('is accepted', async () => {
      expect((await sendSignedChunks(s3, 'chunked', CHUNKS)).status).toBe(200)
      expect(await s3.text('chunked')).toBe(CHUNKS.join(''))
    })

    it('is accepted with signed trailers, and its checksum is kept', async () => {
      expect((await sendSignedChunks(s3, 'chunked-trailer', CHUNKS, { trailer })).status).toBe(200)
      const { ChecksumSHA256 } = await s3.head('chunked-trailer', { ChecksumMode: 'ENABLED' })
      expect(`x-amz-checksum-sha256:${ChecksumSHA256 ?? ''}`).toBe(trailer)
    })

    it('is rejected if a chunk or a trailer was changed', async () => {
      const changed = (body: string): string => body.replace('last', 'lost')
      const answer = await sendSignedChunks(s3, 'chunked-changed', CHUNKS, { change: changed })
      expect(answer.status).toBe(403)
      expect(await answer.text()).toContain('<Code>SignatureDoesNotMatch</Code>')
      const resigned = (body: string): string => body.replace(/(x-amz-trailer-signature:).{4}/, '$10000')
      const other = await sendSignedChunks(s3, 'chunked-changed', CHUNKS, { trailer, change: resigned })
      expect(other.status).toBe(403)
      expect(await rejection(s3.get('chunked-changed'))).toMatchObject({ status: 404 })
    })
  })
}

interface ChunkedOptions {
  readonly trailer?: string
  /** changes the encoded body after it was signed */
  readonly change?: (body: string) => string
}

/** Signs and sends an aws-chunked body as S3's documentation describes it, independently of the service. */
async function sendSignedChunks(
  { bucket, target }: S3Session,
  key: string,
  chunks: readonly string[],
  { trailer, change = (body) => body }: ChunkedOptions = {},
): Promise<Response> {
  const { region, credentials, endpoint } = target
  const url = new URL(`/${bucket}/${key}`, endpoint)
  const signingDate = new Date()
  const signed = await createSigner(credentials).sign(
    {
      method: 'PUT',
      protocol: 'http:',
      hostname: url.hostname,
      path: url.pathname,
      query: {},
      headers: {
        host: url.host,
        'content-encoding': 'aws-chunked',
        'x-amz-content-sha256': `STREAMING-AWS4-HMAC-SHA256-PAYLOAD${trailer === undefined ? '' : '-TRAILER'}`,
        'x-amz-decoded-content-length': String(chunks.join('').length),
        ...(trailer === undefined ? {} : { 'x-amz-trailer': trailer.slice(0, trailer.indexOf(':')) }),
      },
    },
    { signingDate, signingRegion: region },
  )
  const date = signed.headers['x-amz-date'] ?? ''
  const scope = [date.slice(0, 8), region, 's3', 'aws4_request']
  const signingKey = scope.reduce<string | Buffer>(
    (secret, part) => createHmac('sha256', secret).update(part).digest(),
    `AWS4${credentials.secretAccessKey}`,
  )
  let previous = /Signature=(\w+)/.exec(signed.headers['authorization'] ?? '')?.[1] ?? ''
  const sign = (kind: string, ...hashes: string[]): string => {
    const text = [`AWS4-HMAC-SHA256-${kind}`, date, scope.join('/'), previous, ...hashes].join('\n')
    previous = createHmac('sha256', signingKey).update(text).digest('hex')
    return previous
  }
  let body = ''
  for (const chunk of chunks) {
    const signature = sign('PAYLOAD', hash(''), hash(chunk))
    body += `${chunk.length.toString(16)};chunk-signature=${signature}\r\n${chunk}${chunk === '' ? '' : '\r\n'}`
  }
  if (trailer !== undefined) {
    body += `${trailer}\r\nx-amz-trailer-signature:${sign('TRAILER', hash(`${trailer}\n`))}\r\n`
  }
  return fetch(url, { method: 'PUT', headers: signed.headers, body: change(`${body}\r\n`) })
}
